/** Which detection is which thing of a scene. */
import type { UnitBox } from "../../src-main/scene/scene.ts";
import { iou } from "./scene.ts";

interface Placed {
  box: UnitBox;
}

export interface Match<Thing, Detection> {
  thing: Thing;
  /** The detection of the thing's phrase with the best box, if there is one. */
  detection?: Detection;
  /** Of the detection's box and the thing's; 0 without a detection. */
  iou: number;
}

/** Each thing with the detection of its phrase (`isSame`) that lies best; a detection is given away once. */
export function matchThings<Thing extends Placed, Detection extends Placed>(
  things: readonly Thing[],
  detections: readonly Detection[],
  isSame: (thing: Thing, detection: Detection) => boolean,
): Match<Thing, Detection>[] {
  const free = new Set(detections);
  return things.map((thing) => {
    let best: Match<Thing, Detection> = { thing, iou: -1 };
    for (const detection of free) {
      if (!isSame(thing, detection)) continue;
      const overlap = iou(detection.box, thing.box);
      if (overlap > best.iou) best = { thing, detection, iou: overlap };
    }
    if (!best.detection) return { thing, iou: 0 };
    free.delete(best.detection);
    return best;
  });
}

/** A detection by confidence, and whether it is right. */
export interface Ranked {
  confidence: number;
  isRight: boolean;
}

/** From this overlap on a thing is where it belongs. */
export const IOU_NEEDED = 0.5;

/** The detections of a picture: right where a thing of that phrase overlaps enough; each thing is found once. */
export function rank<Thing extends Placed, Detection extends Placed & { confidence: number }>(
  things: readonly Thing[],
  detections: readonly Detection[],
  isSame: (thing: Thing, detection: Detection) => boolean,
): Ranked[] {
  const missing = new Set(things);
  return [...detections]
    .sort((a, b) => b.confidence - a.confidence)
    .map((detection) => {
      const fits = [...missing]
        .filter((thing) => isSame(thing, detection))
        .map((thing) => ({ thing, overlap: iou(thing.box, detection.box) }))
        .sort((a, b) => b.overlap - a.overlap)[0];
      const isRight = fits !== undefined && fits.overlap >= IOU_NEEDED;
      if (isRight) missing.delete(fits.thing);
      return { confidence: detection.confidence, isRight };
    });
}
