/** How far a thing keeps to the shape of its region, pixel by pixel: its colour is what tells it. */
import { holds } from "../../src-main/scene/shapes.ts";
import type { Pixels } from "../../src-main/api/engine.ts";
import { COLOUR_NAMES } from "./palette.ts";
import { readPicture } from "./picture.ts";
import type { IconScene } from "./scene.ts";

export interface MaskScore {
  /** Share of the pixels of the thing's colour that lie in the shape; 0 where there are none. */
  inside: number;
  /** Share of the shape that has the colour. */
  filled: number;
  /** Intersection over union of both. */
  iou: number;
}

/** Of each thing, in the scene's order. */
export function maskScores({ things }: Pick<IconScene, "things">, pixels: Pixels): MaskScore[] {
  const { width, height, labels } = readPicture(pixels);
  return things.map((thing) => {
    const label = COLOUR_NAMES.indexOf(thing.colour);
    let [shape, colour, both] = [0, 0, 0];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const isIn = holds(thing, { x: (x + 0.5) / width, y: (y + 0.5) / height });
        const isOwn = labels[y * width + x] === label;
        if (isIn) shape++;
        if (isOwn) colour++;
        if (isIn && isOwn) both++;
      }
    }
    return { inside: both / Math.max(1, colour), filled: both / Math.max(1, shape), iou: both / Math.max(1, shape + colour - both) }; // prettier-ignore
  });
}
