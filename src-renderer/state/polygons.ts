/** Polygons in fractions of the picture: their points one by one, outlines drawn by hand made simple, and their tight box. */
import { FEWEST_POINTS, MOST_POINTS } from "@scene/limits.ts";
import type { UnitBox } from "@scene/scene.ts";
import type { Point, Shaped } from "@scene/shapes.ts";
import { boundsOf, LEAST_SIDE } from "./geometry.ts";

/** Fractions of a box are kept to this: a hundredth of a pixel of the largest picture. */
const DIGITS = 1e6;

/** The polygon through these points of the picture, with its tight box. */
export function polygonOf(points: readonly Point[]): Shaped {
  const inside = points.map(({ x, y }) => ({ x: clamp(x), y: clamp(y) }));
  const box = roomy(boundsOf(inside.map((point) => ({ ...point, width: 0, height: 0 }))));
  const part = (value: number, start: number, side: number) =>
    clamp(Math.round(((value - start) / side) * DIGITS) / DIGITS);
  return {
    box,
    shape: {
      kind: "polygon",
      points: inside.map(({ x, y }) => ({ x: part(x, box.x, box.width), y: part(y, box.y, box.height) })),
    },
  };
}

/** Its points in fractions of the picture; of what is no polygon there are none. */
export function pointsOf({ box, shape }: Shaped): Point[] {
  if (shape?.kind !== "polygon") return [];
  return shape.points.map(({ x, y }) => ({ x: box.x + x * box.width, y: box.y + y * box.height }));
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));

/** No side is shorter than a box may be; the polygon in it is as thin as it was drawn. */
function roomy({ x, y, width, height }: UnitBox): UnitBox {
  const [wide, high] = [Math.max(width, LEAST_SIDE), Math.max(height, LEAST_SIDE)];
  const from = (start: number, side: number, room: number) =>
    Math.min(Math.max(0, start - (room - side) / 2), 1 - room);
  return { x: from(x, width, wide), y: from(y, height, high), width: wide, height: high };
}

/** Twice the area that a polygon goes round, positive when clockwise on the screen. */
export function turnOf(points: readonly Point[]): number {
  return points.reduce((sum, { x, y }, i) => {
    const next = points[(i + 1) % points.length]!;
    return sum + x * next.y - next.x * y;
  }, 0);
}

/** With another point for the one at `index`. */
export function movePoint(points: readonly Point[], index: number, to: Point): Point[] {
  return points.map((point, i) => (i === index ? { x: clamp(to.x), y: clamp(to.y) } : point));
}

/** With one more point behind the one at `index`, in the middle of its edge where no place is said. */
export function insertPoint(points: readonly Point[], index: number, at?: Point): Point[] {
  const [from, to] = [points[index]!, points[(index + 1) % points.length]!];
  const place = at ?? { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  return [...points.slice(0, index + 1), place, ...points.slice(index + 1)];
}

export function removePoint(points: readonly Point[], index: number): Point[] {
  return points.filter((_, i) => i !== index);
}

/** The point within `reach` of a place, the nearest of them. */
export function pointAt(points: readonly Point[], place: Point, reach: Point): number | undefined {
  let least = Infinity;
  let found: number | undefined;
  for (const [i, point] of points.entries()) {
    const away = Math.hypot((point.x - place.x) / reach.x, (point.y - place.y) / reach.y);
    if (away > Math.SQRT2 || away >= least) continue;
    least = away;
    found = i;
  }
  return found;
}

/** The edge within `reach` of a place, by the point that it begins at. */
export function edgeAt(points: readonly Point[], place: Point, reach: Point): number | undefined {
  const scaled = ({ x, y }: Point) => ({ x: x / reach.x, y: y / reach.y });
  const away = points.map((point, i) =>
    distance(scaled(place), scaled(point), scaled(points[(i + 1) % points.length]!)),
  );
  const least = Math.min(...away);
  return least <= 1 ? away.indexOf(least) : undefined;
}

/** How far a place is from the line between two others. */
function distance(place: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : clamp(((place.x - from.x) * dx + (place.y - from.y) * dy) / length);
  return Math.hypot(place.x - from.x - along * dx, place.y - from.y - along * dy);
}

/**
 * A closed outline with only the points that it needs to stay within `reach` of what it was, and no more than `most` (Ramer, Douglas
 * and Peucker).
 */
export function simplify(points: readonly Point[], reach: Point, most = MOST_POINTS): Point[] {
  if (points.length <= FEWEST_POINTS) return [...points];
  const scaled = points.map(({ x, y }) => ({ x: x / reach.x, y: y / reach.y }));
  // A closed line has no ends: it is cut at its first point and at the one farthest from that.
  const first = scaled[0]!;
  const far = scaled.reduce((best, point, i) => (away(point, first) > away(scaled[best]!, first) ? i : best), 0);
  const closed = [...scaled, first];
  for (let within = 1; ; within *= 1.3) {
    const kept = [
      ...new Set([0, far, ...between(closed, 0, far, within), ...between(closed, far, points.length, within)]),
    ];
    if (kept.length <= most) return kept.sort((a, b) => a - b).map((i) => points[i]!);
  }
}

const away = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);

/** The places between two of a line that lie too far from what stays. */
function between(line: readonly Point[], first: number, last: number, within: number): number[] {
  const kept: number[] = [];
  const parts: [number, number][] = [[first, last]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    let farthest = within;
    let at: number | undefined;
    for (let i = from + 1; i < to; i++) {
      const off = distance(line[i]!, line[from]!, line[to]!);
      if (off <= farthest) continue;
      farthest = off;
      at = i;
    }
    if (at === undefined) continue;
    kept.push(at);
    parts.push([from, at], [at, to]);
  }
  return kept;
}
