/** Random scenes of icons within given bounds. */
import type { UnitBox } from "../../src-main/scene/scene.ts";
import { ICONS } from "./icons.ts";
import { BACKGROUND_NAMES, COLOUR_NAMES } from "./palette.ts";
import type { Random } from "./random.ts";
import { iou, type IconScene } from "./scene.ts";

export interface LayoutBounds {
  count: number;
  /** Square root of a box's share of the picture. */
  sizes: readonly [smallest: number, largest: number];
  /** Largest width to height of a box, and the inverse of the smallest; in between all are as likely by logarithm. */
  aspect: number;
  /** Intersection over union that no two boxes exceed. */
  overlap: number;
  /** At least one pair of boxes meets. */
  mustMeet?: boolean;
}

/** Boxes within the bounds, 2% from the picture's edge, in steps of a thousandth. */
export function randomBoxes(random: Random, bounds: LayoutBounds): UnitBox[] {
  for (;;) {
    const boxes: UnitBox[] = [];
    for (let tries = 0; tries < 60 && boxes.length < bounds.count; tries++) {
      const size = random.uniform(...bounds.sizes);
      const stretch = Math.exp(random.uniform(-0.5, 0.5) * Math.log(bounds.aspect));
      const [width, height] = [round(size * stretch), round(size / stretch)];
      if (Math.max(width, height) > 0.96) continue;
      const box = { x: round(random.uniform(0.02, 0.98 - width)), y: round(random.uniform(0.02, 0.98 - height)), width, height }; // prettier-ignore
      if (boxes.every((other) => iou(box, other) <= bounds.overlap)) boxes.push(box);
    }
    if (boxes.length < bounds.count) continue;
    const meets = boxes.some((a, i) => boxes.slice(i + 1).some((b) => iou(a, b) > 0));
    if (meets || !bounds.mustMeet) return boxes;
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** A scene with different colours, as the demo model's captions have them. */
export function randomScene(random: Random, id: string, bounds: LayoutBounds): IconScene {
  const colours = random.shuffled(COLOUR_NAMES);
  const things = randomBoxes(random, bounds).map((box, i) => ({ colour: colours[i]!, icon: random.pick(ICONS), box }));
  return { id, background: random.pick(BACKGROUND_NAMES), things };
}
