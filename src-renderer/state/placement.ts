/** Where a new box goes when nobody has said where. */
import type { UnitBox } from "@scene/scene.ts";
import { overlapOf } from "./geometry.ts";

/** A box of the usual size where it covers least of the others; the middle first, then from the top left. */
export function freePlace(boxes: readonly UnitBox[], side = 0.34): UnitBox {
  const middle = (1 - side) / 2;
  const places = [0.08, 1 - side - 0.08, middle];
  const candidates = [
    { x: middle, y: middle },
    ...[middle, places[0]!, places[1]!].flatMap((y) => places.slice(0, 2).map((x) => ({ x, y }))),
    ...places.slice(0, 2).map((y) => ({ x: middle, y })),
  ].map((place) => ({ ...place, width: side, height: side }));
  const covered = (one: UnitBox) => boxes.reduce((sum, other) => sum + overlapOf(one, other), 0);
  return candidates.reduce((best, one) => (covered(one) < covered(best) - 1e-9 ? one : best));
}
