/**
 * Makes the 200 pairs of a prompt and a layout of COCO's things that methods are compared on with Stable Diffusion, always the same: 50 each
 * of one to four things, a quarter of those with several overlapping.
 *
 *     node tools/evaluate/photos/makeScenes.ts
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { UnitBox } from "../../../src-main/scene/scene.ts";
import { Random } from "../random.ts";
import { iou } from "../scene.ts";
import { SETTINGS, type ThingKind } from "./things.ts";

export interface PhotoThing {
  /** COCO's class, which is the phrase too. */
  label: string;
  box: UnitBox;
}

export interface PhotoScene {
  /** Unique within its file, a number. */
  id: string;
  /** `a photo of a dog and a bicycle on a city street` */
  prompt: string;
  things: readonly PhotoThing[];
}

const SCENES = 200;
const SEED = 20261129;
/** By number of things: square root of a box's share of the picture. */
const SIZES = [
  [0.4, 0.75],
  [0.3, 0.52],
  [0.26, 0.44],
  [0.24, 0.38],
] as const;
/** A box is this much wider or narrower than its kind usually is, at most. */
const STRETCH = 1.2;
const MARGIN = 0.02;

/** The scenes, the same at every call. */
export function makePhotoScenes(seed = SEED): PhotoScene[] {
  const random = new Random(seed);
  return Array.from({ length: SCENES }, (_, n) => {
    const count = 1 + (n % 4);
    const mustMeet = count > 1 && Math.floor(n / 4) % 4 === 0;
    const setting = SETTINGS[n % SETTINGS.length]!;
    const kinds = random.shuffled(setting.kinds).slice(0, count);
    const boxes = boxesFor(random, kinds, mustMeet);
    const things = kinds.map(({ label }, i) => ({ label, box: boxes[i]! }));
    return { id: String(n + 1).padStart(3, "0"), prompt: promptOf(kinds, random.pick(setting.places)), things };
  });
}

function promptOf(kinds: readonly ThingKind[], place: string): string {
  const names = kinds.map(({ label }) => `${/^[aeiou]/.test(label) ? "an" : "a"} ${label}`);
  const list = names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
  return `a photo of ${list} ${place}`;
}

function boxesFor(random: Random, kinds: readonly ThingKind[], mustMeet: boolean): UnitBox[] {
  const [smallest, largest] = SIZES[kinds.length - 1]!;
  for (;;) {
    const boxes: UnitBox[] = [];
    for (let tries = 0; tries < 80 && boxes.length < kinds.length; tries++) {
      const aspect = kinds[boxes.length]!.aspect * Math.exp(random.uniform(-1, 1) * Math.log(STRETCH));
      const size = random.uniform(smallest, largest);
      const [width, height] = [round(size * Math.sqrt(aspect)), round(size / Math.sqrt(aspect))];
      if (Math.max(width, height) > 1 - 2 * MARGIN) continue;
      const x = round(random.uniform(MARGIN, 1 - MARGIN - width));
      const box = { x, y: round(random.uniform(MARGIN, 1 - MARGIN - height)), width, height };
      if (boxes.every((other) => iou(box, other) <= (mustMeet ? 0.15 : 0))) boxes.push(box);
    }
    const meets = boxes.some((a, i) => boxes.slice(i + 1).some((b) => iou(a, b) > 0));
    if (boxes.length === kinds.length && (meets || !mustMeet)) return boxes;
  }
}

const round = (value: number) => Math.round(value * 1000) / 1000;

/** One scene a line, so that changes can be read. */
export const photoScenesText = (scenes: readonly PhotoScene[]) =>
  `[\n${scenes.map((scene) => `  ${JSON.stringify(scene)}`).join(",\n")}\n]\n`;

export const PHOTO_SCENES_FILE = path.join(import.meta.dirname, "scenes.json");

if (import.meta.main) await writeFile(PHOTO_SCENES_FILE, photoScenesText(makePhotoScenes()));
