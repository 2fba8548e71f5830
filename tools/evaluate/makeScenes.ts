/**
 * Makes the 200 scenes that methods are compared on, always the same: 50 each of one to four things, every icon and
 * colour about as often, sizes and proportions beyond what the demo model was trained on, a quarter of the scenes of
 * several things with boxes that overlap.
 *
 *     node tools/evaluate/makeScenes.ts
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { ICONS } from "./icons.ts";
import { randomBoxes } from "./layouts.ts";
import { BACKGROUND_NAMES, COLOUR_NAMES } from "./palette.ts";
import { Random } from "./random.ts";
import type { IconScene } from "./scene.ts";

const SCENES = 200;
const SEED = 20260101;
/** By number of things, a little beyond the training data's 0.36 to 0.76, 0.29 to 0.53, 0.26 to 0.44 and 0.24 to 0.38. */
const SIZES = [
  [0.32, 0.78],
  [0.26, 0.55],
  [0.23, 0.46],
  [0.21, 0.4],
] as const;
/** The training data reaches 1.42, and most of it stays below 1.2. */
const ASPECT = 1.5;

/** The scenes, the same at every call; of another seed other scenes of the same kind, for settings that are tuned on them. */
export function makeScenes(seed = SEED): IconScene[] {
  const random = new Random(seed);
  const icons = dealer(random, ICONS);
  const backgrounds = dealer(random, BACKGROUND_NAMES);
  return Array.from({ length: SCENES }, (_, n) => {
    const count = 1 + (n % 4);
    const mustMeet = count > 1 && Math.floor(n / 4) % 4 === 0;
    const bounds = { count, sizes: SIZES[count - 1]!, aspect: ASPECT, overlap: mustMeet ? 0.1 : 0, mustMeet };
    const colours = random.shuffled(COLOUR_NAMES);
    const things = randomBoxes(random, bounds).map((box, i) => ({ colour: colours[i]!, icon: icons(), box }));
    return { id: String(n + 1).padStart(3, "0"), background: backgrounds(), things };
  });
}

/** Gives out the items of a list in random order, each as often as any other. */
function dealer<T>(random: Random, list: readonly T[]): () => T {
  let hand: T[] = [];
  return () => {
    if (hand.length === 0) hand = random.shuffled(list);
    return hand.pop()!;
  };
}

/** One scene a line, so that changes can be read. */
export function scenesText(scenes: readonly IconScene[]): string {
  return `[\n${scenes.map((scene) => `  ${JSON.stringify(scene)}`).join(",\n")}\n]\n`;
}

export const SCENES_FILE = path.join(import.meta.dirname, "scenes.json");

if (import.meta.main) await writeFile(SCENES_FILE, scenesText(makeScenes()));
