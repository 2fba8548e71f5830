/** Snapping: which lines a moving or growing box falls on, and the guides to draw there. */
import type { UnitBox } from "@scene/scene.ts";

/** A line across the picture at a fraction of it. */
export interface Guide {
  axis: "x" | "y";
  at: number;
}

export interface SnapOptions {
  /** Fractions within which a line attracts, for each axis: the same pixels on the screen. */
  reach: { x: number; y: number };
  /** Fractions between grid lines for each axis; undefined for no grid. */
  grid?: { x: number; y: number };
  /** Lines that a person has put there. */
  guides?: readonly Guide[];
}

/** Sides of a box that may move; all of them when it is dragged as a whole. */
export interface Edges {
  left: boolean;
  right: boolean;
  top: boolean;
  bottom: boolean;
}

interface Fall {
  delta: number;
  guide?: Guide;
}

/** `box` moved onto the nearest lines: the picture's edges, thirds and middle, guides, the other boxes' edges and middles, the grid. */
export function snapMove(box: UnitBox, others: readonly UnitBox[], options: SnapOptions) {
  const x = fall([box.x, box.x + box.width / 2, box.x + box.width], "x", others, options);
  const y = fall([box.y, box.y + box.height / 2, box.y + box.height], "y", others, options);
  const moved = { ...box, x: box.x + x.delta, y: box.y + y.delta };
  return { box: moved, guides: guidesOf(x, y) };
}

/** `box` with the sides that are being dragged moved onto the nearest lines. */
export function snapResize(box: UnitBox, edges: Edges, others: readonly UnitBox[], options: SnapOptions) {
  const result = { ...box };
  const guides: Guide[] = [];
  const pull = (axis: "x" | "y", start: boolean, end: boolean) => {
    const side = axis === "x" ? "width" : "height";
    if (start) {
      const { delta, guide } = fall([box[axis]], axis, others, options);
      result[axis] += delta;
      result[side] -= delta;
      if (guide) guides.push(guide);
    }
    if (end) {
      const { delta, guide } = fall([box[axis] + box[side]], axis, others, options);
      result[side] += delta;
      if (guide) guides.push(guide);
    }
  };
  pull("x", edges.left, edges.right);
  pull("y", edges.top, edges.bottom);
  return { box: result, guides };
}

function guidesOf(...falls: Fall[]): Guide[] {
  return falls.flatMap(({ guide }) => (guide ? [guide] : []));
}

/** The shortest way from one of `points` to a line. Lines of the picture and of other boxes win over the grid. */
function fall(points: readonly number[], axis: "x" | "y", others: readonly UnitBox[], options: SnapOptions): Fall {
  const side = axis === "x" ? "width" : "height";
  const lines = [0, 1 / 3, 0.5, 2 / 3, 1];
  for (const guide of options.guides ?? []) if (guide.axis === axis) lines.push(guide.at);
  for (const box of others) lines.push(box[axis], box[axis] + box[side] / 2, box[axis] + box[side]);
  let best: Fall = { delta: 0 };
  let least = options.reach[axis];
  for (const line of lines) {
    for (const point of points) {
      if (Math.abs(line - point) > least) continue;
      least = Math.abs(line - point);
      best = { delta: line - point, guide: { axis, at: line } };
    }
  }
  const grid = options.grid?.[axis];
  if (best.guide || grid === undefined) return best;
  for (const point of points.length > 1 ? [points[0]!] : points) {
    const delta = Math.round(point / grid) * grid - point;
    if (Math.abs(delta) <= grid / 2) best = { delta };
  }
  return best;
}
