/** Which detection is which thing of a scene. */
import type { Detection } from "./judge.ts";
import { iou, type Thing } from "./scene.ts";

export interface Match {
  thing: Thing;
  /** The detection of the thing's colour and icon with the best box, if there is one. */
  detection?: Detection;
  /** Of the detection's box and the thing's; 0 without a detection. */
  iou: number;
}

/** Each thing with the detection of its phrase that lies best; a detection is given away once. */
export function matchThings(things: readonly Thing[], detections: readonly Detection[]): Match[] {
  const free = new Set(detections);
  return things.map((thing) => {
    let best: Match = { thing, iou: -1 };
    for (const detection of free) {
      if (detection.colour !== thing.colour || detection.icon !== thing.icon) continue;
      const overlap = iou(detection.box, thing.box);
      if (overlap > best.iou) best = { thing, detection, iou: overlap };
    }
    if (!best.detection) return { thing, iou: 0 };
    free.delete(best.detection);
    return best;
  });
}
