/**
 * Where in the picture a region is: its box, what of the box it is, and what lies in front of it; and such areas in the cells of a grid.
 *
 * A shape is drawn into the cells that its box has, however a method rounds boxes: u and v of a cell are its middle's place among those
 * cells. So a shape that is all of its box has the cells of the box, and every method takes shapes as it takes boxes.
 */
import type { Region, Scene, UnitBox } from "../scene/scene.ts";
import { cellsOf, isInside, isWhole, type Point, type RegionShape, shareOf } from "../scene/shapes.ts";

export interface Grid {
  height: number;
  width: number;
}

/** 0 or 1 per cell, row-major from the top left. */
export type Mask = Float32Array<ArrayBuffer>;

/** First and one past the last cell of a box on a grid, both from 0. */
export interface CellBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** A box alone is all of itself, and nothing lies in front of it. */
export interface Area extends UnitBox {
  shape?: RegionShape;
  /** Areas whose cells it loses. */
  under?: readonly Area[];
}

/** A region's area by itself. */
export function areaOfRegion({ box, shape }: Pick<Region, "box" | "shape">): Area {
  return shape === undefined || isWhole(shape) ? box : { ...box, shape };
}

/**
 * The areas of a scene's regions, by their ids. Where the one in front has what several regions share, those behind it lose that: later
 * regions lie in front of earlier ones, at whatever steps they act; what has no strength hides nothing.
 */
export function areasOf({ regions, settings }: Pick<Scene, "regions" | "settings">): Map<string, Area> {
  const own = regions.map((region) => ({ ...region, area: areaOfRegion(region) }));
  const areas = own.map(({ id, area }, i): [string, Area] => {
    if (settings.guidance.overlap !== "front") return [id, area];
    const under = own.slice(i + 1).filter((other) => other.strength > 0 && touch(area, other.area));
    return [id, under.length === 0 ? area : { ...area, under: under.map((other) => other.area) }];
  });
  return new Map(areas);
}

function touch(a: UnitBox, b: UnitBox): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Whether the area has a place of the picture. */
export function has(area: Area, { x, y }: Point): boolean {
  const isOwn = isInside(area.shape, (x - area.x) / area.width, (y - area.y) / area.height);
  return isOwn && !area.under?.some((other) => has(other, { x, y }));
}

/** Places of a box, a row and a column of them, that are tried. */
const SAMPLES = 64;

/** Places of the picture that the area has; none where all of it lies behind others. */
function placesOf(area: Area): Point[] {
  const { shape } = area;
  const [width, height] = shape?.kind === "painted" ? [shape.width, shape.height] : [SAMPLES, SAMPLES];
  const set = shape?.kind === "painted" ? cellsOf(shape).set : undefined;
  const places: Point[] = [];
  const tryPlace = (u: number, v: number) => {
    const place = { x: area.x + u * area.width, y: area.y + v * area.height };
    if (!area.under?.some((other) => has(other, place))) places.push(place);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [(x + 0.5) / width, (y + 0.5) / height];
      if (set ? set[y * width + x] === 1 : isInside(shape, u, v)) tryPlace(u, v);
    }
  }
  if (places.length === 0 && shape?.kind === "polygon") for (const { x, y } of middlesOf(shape.points)) tryPlace(x, y);
  return places;
}

/** Places of a polygon too thin for the samples: the middles of its triangles' sides that lie inside. */
function middlesOf(points: readonly Point[]): Point[] {
  const middles = points.flatMap((a, i) => {
    const [b, c] = [points[(i + 1) % points.length]!, points[(i + 2) % points.length]!];
    return [{ x: (a.x + b.x + c.x) / 3, y: (a.y + b.y + c.y) / 3 }];
  });
  const inside = middles.filter(({ x, y }) => isInside({ kind: "polygon", points: [...points] }, x, y));
  return inside.length > 0 ? inside : middles;
}

/** Whether all of the area lies behind others. */
export function isHidden(area: Area): boolean {
  return area.under !== undefined && placesOf(area).length === 0;
}

/** The place of the area that is nearest to its centre of mass; the middle of the box of one that is hidden. */
function anchorOf(area: Area): Point {
  const middle = { x: area.x + area.width / 2, y: area.y + area.height / 2 };
  if (area.shape === undefined && area.under === undefined) return middle;
  const places = placesOf(area);
  if (places.length === 0) return middle;
  const mean = (axis: "x" | "y") => places.reduce((sum, place) => sum + place[axis], 0) / places.length;
  const [x, y] = [mean("x"), mean("y")];
  const far = (place: Point) => (place.x - x) ** 2 + (place.y - y) ** 2;
  return places.reduce((best, place) => (far(place) < far(best) ? place : best));
}

/** The cell that holds the area's place nearest to its centre of mass: what is kept of one that no cell's middle falls into. */
export function cellKept(area: Area, { height, width }: Grid): number {
  const { x, y } = anchorOf(area);
  return Math.min(height - 1, Math.floor(y * height)) * width + Math.min(width - 1, Math.floor(x * width));
}

/** The cells of an area on a grid where boxes have the cells that `cellsIn` says; at least one. */
export function drawnIn(area: Area, grid: Grid, cellsIn: (box: UnitBox) => CellBox): Mask {
  const mask = new Float32Array(grid.height * grid.width);
  const { x0, x1, y0, y1 } = cellsIn(area);
  for (let y = y0; y < y1; y++) {
    if (area.shape === undefined) mask.fill(1, y * grid.width + x0, y * grid.width + Math.max(x0, x1));
    else {
      for (let x = x0; x < x1; x++) {
        const isOwn = isInside(area.shape, (x + 0.5 - x0) / (x1 - x0), (y + 0.5 - y0) / (y1 - y0));
        if (isOwn) mask[y * grid.width + x] = 1;
      }
    }
  }
  for (const other of area.under ?? []) {
    drawnIn(other, grid, cellsIn).forEach((on, p) => {
      if (on === 1) mask[p] = 0;
    });
  }
  if (!mask.includes(1)) mask[cellKept(area, grid)] = 1;
  return mask;
}

/** What two areas share, as a part of the smaller one; exact for boxes. What can be no more than `least` is not looked at closer. */
export function overlapOfSmaller(a: Area, b: Area, least = 0): number {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.max(0, Math.min(a.x + a.width, b.x + b.width) - x);
  const height = Math.max(0, Math.min(a.y + a.height, b.y + b.height) - y);
  const smaller = Math.min(...[a, b].map((area) => area.width * area.height * shareOf(area.shape)));
  const most = (width * height) / smaller;
  if (most <= least || (a.shape === undefined && b.shape === undefined)) return most;
  let hits = 0;
  for (let k = 0; k < SAMPLES ** 2; k++) {
    const [u, v] = [((k % SAMPLES) + 0.5) / SAMPLES, (Math.floor(k / SAMPLES) + 0.5) / SAMPLES];
    const place = { x: x + u * width, y: y + v * height };
    if (has(a, place) && has(b, place)) hits++;
  }
  return (most * hits) / SAMPLES ** 2;
}

/** Places in a cell, a row and a column of them, that are tried for how much of it an area has. */
const PER_CELL = 8;

/** Coverage of areas that are no boxes, by grid: it is asked for at every step. */
const covered = new WeakMap<Area, Map<string, Mask>>();

/** Share of each cell that the area has, 0 to 1: exact for a box, to a few hundredths else. Not to be written to. */
export function coverage(area: Area, grid: Grid): Mask {
  if (area.shape === undefined && area.under === undefined) return sharesOf(area, grid);
  const key = `${grid.height}x${grid.width}`;
  const known = covered.get(area) ?? new Map<string, Mask>();
  covered.set(area, known);
  const shares = known.get(key) ?? sharesOf(area, grid);
  known.set(key, shares);
  return shares;
}

function sharesOf(area: Area, grid: Grid): Mask {
  const along = (start: number, length: number, count: number) =>
    Array.from({ length: count }, (_, i) => {
      const [from, to] = [Math.max(i, start * count), Math.min(i + 1, (start + length) * count)];
      return { share: Math.max(0, to - from), from: from / count, to: to / count };
    });
  const columns = along(area.x, area.width, grid.width);
  const rows = along(area.y, area.height, grid.height);
  const isBox = area.shape === undefined && area.under === undefined;
  return Float32Array.from(
    rows.flatMap((row) =>
      columns.map((column) => {
        const share = row.share * column.share;
        if (isBox || share === 0) return share;
        let hits = 0;
        for (let k = 0; k < PER_CELL ** 2; k++) {
          const x = column.from + (((k % PER_CELL) + 0.5) / PER_CELL) * (column.to - column.from);
          const y = row.from + ((Math.floor(k / PER_CELL) + 0.5) / PER_CELL) * (row.to - row.from);
          if (has(area, { x, y })) hits++;
        }
        return (share * hits) / PER_CELL ** 2;
      }),
    ),
  );
}
