/**
 * What of its box a region is: all of it, the ellipse in it, a polygon, or painted cells. Coordinates are fractions of the box, 0 to 1 from
 * its top left, so that moving, resizing and turning the box round carries the shape. Pure geometry, for the engine and the window alike.
 */
import { invariant } from "../wire/errors.ts";
import {
  boundsOfCells,
  type Cells,
  croppedCells,
  decodeCells,
  encodeCells,
  type Point,
  ringsOfCells,
} from "./cells.ts";

export type { Point } from "./cells.ts";

/** 3 to `MOST_POINTS` points, not all on one line; inside is what an odd number of its sides encloses. */
export interface Polygon {
  kind: "polygon";
  points: Point[];
}

/** 1 to `MOST_CELLS_ACROSS` cells each way, as runs in a text (cells.ts); at least one is set. */
export interface Painted {
  kind: "painted";
  width: number;
  height: number;
  cells: string;
}

export type RegionShape = { kind: "ellipse" } | Polygon | Painted;

interface Rectangle extends Point {
  width: number;
  height: number;
}

/** A box, and what of it is meant. */
export interface Shaped {
  box: Rectangle;
  shape?: RegionShape | undefined;
}

/** The shape of cells; undefined where nothing is painted. */
export function paintedOf(cells: Cells): Painted | undefined {
  if (!cells.set.includes(1)) return undefined;
  return { kind: "painted", width: cells.width, height: cells.height, cells: encodeCells(cells) };
}

/** Shapes are never written to: what was read once is known. */
const decoded = new WeakMap<Painted, Cells>();

export function cellsOf(shape: Painted): Cells {
  const known = decoded.get(shape);
  if (known) return known;
  const cells = decodeCells(shape.cells, shape.width, shape.height);
  invariant(!("problem" in cells), "painted cells were checked when they were read");
  decoded.set(shape, cells);
  return cells;
}

/** Whether a place in the box, `u` across and `v` down, belongs to the shape. */
export function isInside(shape: RegionShape | undefined, u: number, v: number): boolean {
  if (!(u >= 0 && v >= 0 && u <= 1 && v <= 1)) return false;
  switch (shape?.kind) {
    case undefined:
      return true;
    case "ellipse":
      return (2 * u - 1) ** 2 + (2 * v - 1) ** 2 <= 1;
    case "polygon":
      return isInsidePolygon(shape, u, v);
    case "painted": {
      const { width, height, set } = cellsOf(shape);
      const [x, y] = [Math.min(width - 1, Math.floor(u * width)), Math.min(height - 1, Math.floor(v * height))];
      return set[y * width + x] === 1;
    }
  }
}

type Side = readonly [Point, Point];
const BANDS = 64;
const bandOf = (y: number) => Math.min(BANDS - 1, Math.floor(y * BANDS));
/** The sides of polygons that reach into each of the bands from top to bottom: a place is asked about those of its own alone. */
const banded = new WeakMap<Polygon, Side[][]>();

function sidesAt(polygon: Polygon, y: number): readonly Side[] {
  let bands = banded.get(polygon);
  if (!bands) {
    bands = Array.from({ length: BANDS }, () => []);
    for (const [a, b] of sidesOf(polygon.points)) {
      for (let n = bandOf(Math.min(a.y, b.y)); n <= bandOf(Math.max(a.y, b.y)); n++) bands[n]!.push([a, b]);
    }
    banded.set(polygon, bands);
  }
  return bands[bandOf(y)]!;
}

const sidesOf = (points: readonly Point[]): Side[] => points.map((a, i) => [a, points[(i + 1) % points.length]!]);

function isInsidePolygon(polygon: Polygon, u: number, v: number): boolean {
  let isOdd = false;
  for (const [a, b] of sidesAt(polygon, v)) {
    if (a.y > v !== b.y > v && u < crossingAt(a, b, v)) isOdd = !isOdd;
  }
  return isOdd;
}

/** Where a side is at height `y`. */
const crossingAt = (a: Point, b: Point, y: number) => a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x);

/** Whether a place of the picture belongs to a region. */
export function holds({ box, shape }: Shaped, { x, y }: Point): boolean {
  return isInside(shape, (x - box.x) / box.width, (y - box.y) / box.height);
}

/** Share of the box that the shape has, above 0 and at most 1. */
export function shareOf(shape: RegionShape | undefined): number {
  switch (shape?.kind) {
    case undefined:
      return 1;
    case "ellipse":
      return Math.PI / 4;
    case "polygon":
      return polygonArea(shape);
    case "painted": {
      const { set } = cellsOf(shape);
      return set.reduce((sum, on) => sum + on, 0) / set.length;
    }
  }
}

/** Whether a shape is all of its box. */
export const isWhole = (shape: RegionShape): boolean => shareOf(shape) > 1 - 1e-9;

const areas = new WeakMap<Polygon, number>();

function polygonArea(polygon: Polygon): number {
  const area = areas.get(polygon) ?? measured(polygon);
  areas.set(polygon, area);
  return area;
}

/** Exact, also where sides cross: between heights at which none begins, ends or crosses, widths change evenly. */
function measured(polygon: Polygon): number {
  const sides = sidesOf(polygon.points);
  const heights = polygon.points.map(({ y }) => y);
  sides.forEach(([a, b], i) => {
    for (const [c, d] of sides.slice(i + 1)) {
      const across = (b.x - a.x) * (d.y - c.y) - (b.y - a.y) * (d.x - c.x);
      if (across === 0) continue;
      const t = ((c.x - a.x) * (d.y - c.y) - (c.y - a.y) * (d.x - c.x)) / across;
      const y = a.y + t * (b.y - a.y);
      if (t > 0 && t < 1 && y > Math.min(c.y, d.y) && y < Math.max(c.y, d.y)) heights.push(y);
    }
  });
  const levels = [...new Set(heights)].sort((a, b) => a - b);
  let area = 0;
  levels.slice(1).forEach((level, i) => {
    const y = (levels[i]! + level) / 2;
    const crossings = sidesAt(polygon, y)
      .filter(([a, b]) => a.y > y !== b.y > y)
      .map(([a, b]) => crossingAt(a, b, y))
      .sort((a, b) => a - b);
    for (let k = 0; k + 1 < crossings.length; k += 2)
      area += (crossings[k + 1]! - crossings[k]!) * (level - levels[i]!);
  });
  return area;
}

/** Whether points lie on one line, and enclose nothing. */
export function areOnOneLine(points: readonly Point[]): boolean {
  const [first, ...rest] = points;
  const far = (p: Point) => Math.hypot(p.x - first!.x, p.y - first!.y);
  const farthest = rest.reduce((best, p) => (far(p) > far(best) ? p : best));
  const [dx, dy] = [farthest.x - first!.x, farthest.y - first!.y];
  return rest.every((p) => Math.abs(dx * (p.y - first!.y) - dy * (p.x - first!.x)) < 1e-9);
}

/** The same region with its box as small as what is drawn or painted in it; one that fills its box has no shape then. */
export function tightened<Region extends Shaped>(region: Region): Region {
  const { box, shape } = region;
  if (shape === undefined || shape.kind === "ellipse") return region;
  const within = (x0: number, x1: number, y0: number, y1: number): Rectangle => ({
    x: box.x + x0 * box.width,
    y: box.y + y0 * box.height,
    width: (x1 - x0) * box.width,
    height: (y1 - y0) * box.height,
  });
  if (shape.kind === "painted") {
    const cells = cellsOf(shape);
    const { width, height } = cells;
    const bounds = boundsOfCells(cells);
    const { x0, x1, y0, y1 } = bounds;
    const cropped = croppedCells(cells, bounds);
    const tight = within(x0 / width, x1 / width, y0 / height, y1 / height);
    const isWhole = !cropped.set.includes(0);
    const tightened: Region = { ...region, box: tight, shape: paintedOf(cropped)! };
    if (isWhole) delete tightened.shape;
    return tightened;
  }
  const [xs, ys] = [shape.points.map(({ x }) => x), shape.points.map(({ y }) => y)];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const stretched = (at: number, from: number, to: number) => Math.min(1, Math.max(0, (at - from) / (to - from)));
  const points = shape.points.map(({ x, y }) => ({ x: stretched(x, x0, x1), y: stretched(y, y0, y1) }));
  return { ...region, box: within(x0, x1, y0, y1), shape: { kind: "polygon", points } };
}

/** The shape turned round within its box: left for right, or upside down. */
export function flipped(shape: RegionShape, axis: "horizontal" | "vertical"): RegionShape {
  if (shape.kind === "ellipse") return shape;
  if (shape.kind === "polygon") {
    const points = shape.points.map(({ x, y }) => (axis === "horizontal" ? { x: 1 - x, y } : { x, y: 1 - y }));
    return { ...shape, points };
  }
  const { width, height, set } = cellsOf(shape);
  const turned = set.map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return axis === "horizontal" ? set[y * width + width - 1 - x]! : set[(height - 1 - y) * width + x]!;
  });
  return { ...shape, cells: encodeCells({ set: turned }) };
}

/** Corners from which an ellipse is a curve to the eye. */
const CORNERS = 64;

/** Closed rings around the shape, in fractions of the box, to be filled by the rule of odd and even. */
export function ringsOf(shape: RegionShape | undefined): Point[][] {
  switch (shape?.kind) {
    case undefined:
      return [[{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }]]; // prettier-ignore
    case "ellipse": {
      const angle = (i: number) => (2 * Math.PI * i) / CORNERS;
      return [Array.from({ length: CORNERS }, (_, i) => ({ x: (1 + Math.cos(angle(i))) / 2, y: (1 + Math.sin(angle(i))) / 2 }))]; // prettier-ignore
    }
    case "polygon":
      return [shape.points];
    case "painted": {
      const cells = cellsOf(shape);
      return ringsOfCells(cells).map((ring) => ring.map(({ x, y }) => ({ x: x / cells.width, y: y / cells.height })));
    }
  }
}

/** The outline as an SVG path (fill-rule evenodd), the box being at `box` in any unit. */
export function pathOf(shape: RegionShape | undefined, box: Rectangle): string {
  const tell = ({ x, y }: Point) => `${round(box.x + x * box.width)} ${round(box.y + y * box.height)}`;
  return ringsOf(shape)
    .map((ring) => `M${ring.map(tell).join("L")}Z`)
    .join("");
}

const round = (value: number) => Number(value.toFixed(4));
