/** Where a new box goes when nobody has said where. */
import type { UnitBox } from "@scene/scene.ts";
import { overlapOf } from "./geometry.ts";

/** Sides that are tried one after another, as parts of the picture's, where a larger box would lie over another. */
const SIDES = [0.34, 0.3, 0.26, 0.22, 0.18, 0.14, 0.1] as const;
/** Left free between boxes, and at the picture's edge. */
const GAP = 0.02;
/** A box of this part of the picture or more is its background: others are meant to lie on it. */
const BACKGROUND = 0.6;

/**
 * A square of the usual side in free room, or else a smaller one: in the middle, or as near to it as it can be, to the right and downwards
 * first. Where there is no room at all, it covers as little as it can of the others.
 */
export function freePlace(boxes: readonly UnitBox[]): UnitBox {
  const others = boxes.filter(({ width, height }) => width * height < BACKGROUND);
  const around = others.map(wider);
  for (const side of SIDES) {
    const free = placesFor(side, others).find((place) => around.every((other) => overlapOf(place, other) === 0));
    if (free) return free;
  }
  const covered = (place: UnitBox) => others.reduce((sum, other) => sum + overlapOf(place, other), 0);
  const places = placesFor(SIDES[0], others).map((place) => ({ place, covered: covered(place) }));
  return places.reduce((best, one) => (one.covered < best.covered - 1e-9 ? one : best)).place;
}

/** By the gap, less what rounding takes. */
function wider({ x, y, width, height }: UnitBox): UnitBox {
  const by = GAP - 1e-9;
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by };
}

/**
 * Places for a square of this side, the nearest to the middle first: in the middle, at the edges, and in line with or beside each of the
 * others. Where there is room at all, one of these has it.
 */
function placesFor(side: number, others: readonly UnitBox[]): UnitBox[] {
  const middle = (1 - side) / 2;
  const starts = (at: "x" | "y", size: "width" | "height") => {
    const beside = others.flatMap((other) => [
      other[at] - GAP - side,
      other[at] + other[size] + GAP,
      other[at] + (other[size] - side) / 2,
    ]);
    const all = [middle, GAP, 1 - GAP - side, ...beside].map((start) => Number(start.toFixed(6)));
    return [...new Set(all)].filter((start) => start >= GAP - 1e-6 && start + side <= 1 - GAP + 1e-6);
  };
  const [xs, ys] = [starts("x", "width"), starts("y", "height")];
  const far = ({ x, y }: UnitBox) => Math.round(1e6 * ((x - middle) ** 2 + (y - middle) ** 2));
  return ys
    .flatMap((y) => xs.map((x) => ({ x, y, width: side, height: side })))
    .sort((a, b) => far(a) - far(b) || b.x - a.x || b.y - a.y);
}
