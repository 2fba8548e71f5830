/**
 * R&B's loss of an object and what it changes with (Xiao et al. 2023, arXiv 2310.08872; StevenShaw1999/RnB 251d9f8): a box is drawn around
 * what the object's map has above a threshold, and compared with the box asked for; a second term does so softly, and a third by the edges
 * of the map. Unlike the code, a map that is flat or whose estimate has no cell does not stop the run, and a root of 0 has a slope.
 */
import type { Grid, Mask } from "./areas.ts";
import { boundsOf } from "./rasters.ts";

/** Objects that overlap their boxes as well as this are left alone. */
const GOOD = 0.85;
const STEEPNESS = 20;
const BLUR = [0.3302328, 0.3395345, 0.3302328] as const;
const SOBEL = [-1, 0, 1, -2, 0, 2, -1, 0, 1] as const;
/** Under the root, as ToLo has it: without it the slope is no number where a map is flat. */
const ROOT = 1e-8;

export interface RegionTerm {
  loss: number;
  /** How it changes with the object's map, and with the map that edges are taken of. */
  slope: Float64Array;
  edgeSlope: Float64Array;
  threshold: number;
  /** The box drawn around the map: left, top, right, bottom, in cells; right and bottom are the last that belong to it, and are left out. */
  estimate: readonly [number, number, number, number];
  overlap: number;
  usesEdges: boolean;
}

/**
 * `map` and `edges` are an object's on `grid`; edges count where it is one of several objects. Where the mask `isShaped`, the box around the
 * map is not compared with it as a whole, which an ellipse could never come near, but with the mask's own shape drawn into it.
 */
export function regionTerm(
  map: Float64Array,
  edges: Float64Array,
  mask: Mask,
  grid: Grid,
  { isOneOfMany, isShaped }: { isOneOfMany: boolean; isShaped: boolean },
): RegionTerm {
  const cells = map.length;
  const [slope, edgeSlope] = [new Float64Array(cells), new Float64Array(cells)];
  let [low, high] = [0, 0];
  for (let p = 1; p < cells; p++) {
    if (map[p]! < map[low]!) low = p;
    if (map[p]! > map[high]!) high = p;
  }
  const range = map[high]! - map[low]! || 1;
  const n = map.map((value) => (value - map[low]!) / range);
  const inside = mask.reduce((sum, on) => sum + on, 0);
  const outside = cells - inside;
  const meanOf = (wanted: number, count: number) =>
    n.reduce((sum, v, p) => sum + (mask[p] === wanted ? v : 0), 0) / count;
  const threshold = outside === 0 ? 0 : 0.4 * meanOf(1, inside) + 0.6 * meanOf(0, outside);
  const estimate = boxAround(n, threshold, grid);
  const [x1, y1, x2, y2] = estimate;
  const guessed = new Float64Array(cells);
  if (isShaped) drawShape(mask, grid, estimate, guessed);
  else for (let y = y1; y < y2; y++) guessed.fill(1, y * grid.width + x1, y * grid.width + x2);
  let [common, either] = [0, 0];
  const area = isShaped ? guessed.reduce((sum, on) => sum + on, 0) : (x2 - x1) * (y2 - y1);
  const size = Math.max(1, area);
  for (let p = 0; p < cells; p++) {
    common += guessed[p]! * mask[p]!;
    either += Math.max(guessed[p]!, mask[p]!);
  }
  const overlap = common / either;
  const term = { loss: 0, slope, edgeSlope, threshold, estimate, overlap, usesEdges: false };
  if (overlap >= GOOD) return term;
  const rest = 1 - overlap;

  // The estimate is straight through: its value, and the slope of the map.
  term.loss += 2 - (2 * rest * common) / size;
  const back = new Float64Array(cells); // with respect to n
  for (let p = 0; p < cells; p++) back[p]! += rest * (common / (size * size) - mask[p]! / size);

  const soft = n.map((v) => 1 / (1 + Math.exp(-STEEPNESS * (v - threshold))));
  let [all, hit] = [0, 0];
  for (let p = 0; p < cells; p++) {
    all += soft[p]!;
    hit += soft[p]! * mask[p]!;
  }
  term.loss += 2 - (rest * hit) / all;
  let towardsThreshold = 0;
  for (let p = 0; p < cells; p++) {
    const bySoft = 0.5 * rest * (hit / (all * all) - mask[p]! / all);
    const byMap = bySoft * STEEPNESS * soft[p]! * (1 - soft[p]!);
    back[p]! += byMap;
    towardsThreshold -= byMap;
  }
  if (outside > 0) {
    for (let p = 0; p < cells; p++) back[p]! += towardsThreshold * (mask[p] === 1 ? 0.4 / inside : 0.6 / outside);
  }
  // n = (a - min) / (max - min), both ends moving too.
  let [sum, weighted] = [0, 0];
  for (let p = 0; p < cells; p++) {
    slope[p]! += back[p]! / range;
    sum += back[p]!;
    weighted += back[p]! * n[p]!;
  }
  slope[low]! += (weighted - sum) / range;
  slope[high]! -= weighted / range;

  const most = (wanted: number) => map.reduce((max, v, p) => (mask[p] === wanted ? Math.max(max, v) : max), -Infinity);
  term.usesEdges = isOneOfMany && most(1) < most(0);
  if (term.usesEdges) term.loss += edgeTerm(edges, mask, grid, rest, edgeSlope);
  return term;
}

/** Around the cells above the threshold; the whole grid where there are none. */
function boxAround(n: Float64Array, threshold: number, grid: Grid): [number, number, number, number] {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -1, -1];
  n.forEach((value, p) => {
    if (!(value > threshold)) return;
    const [x, y] = [p % grid.width, Math.floor(p / grid.width)];
    [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
  });
  return x2 < 0 ? [0, 0, grid.width, grid.height] : [x1, y1, x2, y2];
}

/** Draws what the mask has of its own box into another. */
function drawShape(mask: Mask, grid: Grid, [x1, y1, x2, y2]: RegionTerm["estimate"], into: Float64Array): void {
  const own = boundsOf(mask, grid);
  for (let y = y1; y < y2; y++) {
    const row = own.y0 + Math.floor(((y + 0.5 - y1) / (y2 - y1)) * (own.y1 - own.y0));
    for (let x = x1; x < x2; x++) {
      const column = own.x0 + Math.floor(((x + 0.5 - x1) / (x2 - x1)) * (own.x1 - own.x0));
      into[y * grid.width + x] = mask[row * grid.width + column]!;
    }
  }
}

/** 1 - rest times the share of the edges' strength that lies in the box. */
function edgeTerm(edges: Float64Array, mask: Mask, grid: Grid, rest: number, slope: Float64Array): number {
  const { height, width } = grid;
  const peak = edges.reduce((max, v) => Math.max(max, v), -Infinity);
  const mirror = (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * n - 2 - i : i);
  const around = (y: number, x: number, visit: (p: number, tap: number) => void) => {
    for (let k = 0; k < 9; k++) {
      visit(mirror(y + Math.floor(k / 3) - 1, height) * width + mirror(x + (k % 3) - 1, width), k);
    }
  };
  const blurWeight = (k: number) => BLUR[Math.floor(k / 3)]! * BLUR[k % 3]!;
  const blurred = new Float64Array(edges.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      around(y, x, (p, k) => {
        blurred[y * width + x]! += (blurWeight(k) * edges[p]!) / peak;
      });
    }
  }
  const [gx, gy, strength] = [
    new Float64Array(edges.length),
    new Float64Array(edges.length),
    new Float64Array(edges.length),
  ];
  let [all, hit] = [0, 0];
  const eachInner = (visit: (y: number, x: number, at: number) => void) => {
    for (let y = 1; y < height - 1; y++) for (let x = 1; x < width - 1; x++) visit(y, x, y * width + x);
  };
  const across = (k: number) => SOBEL[(k % 3) * 3 + Math.floor(k / 3)]!;
  eachInner((y, x, at) => {
    around(y, x, (p, k) => {
      gx[at]! += SOBEL[k]! * blurred[p]!;
      gy[at]! += across(k) * blurred[p]!;
    });
    strength[at] = Math.sqrt(gx[at]! ** 2 + gy[at]! ** 2 + ROOT);
    all += strength[at];
    hit += strength[at] * mask[at]!;
  });
  const byBlurred = new Float64Array(edges.length);
  eachInner((y, x, at) => {
    const byStrength = rest * (hit / (all * all) - mask[at]! / all);
    around(y, x, (p, k) => {
      byBlurred[p]! += (byStrength * (SOBEL[k]! * gx[at]! + across(k) * gy[at]!)) / strength[at]!;
    });
  });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      around(y, x, (p, k) => {
        slope[p]! += (blurWeight(k) * byBlurred[y * width + x]!) / peak;
      });
    }
  }
  return 1 - (rest * hit) / all;
}
