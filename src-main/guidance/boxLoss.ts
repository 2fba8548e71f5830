/**
 * BoxDiff's loss of a word (Xie et al. 2023, arXiv 2307.10816; showlab/BoxDiff b0d5d3b) and what it changes with, over the mean attention
 * of the layers of 16 x 16: words are told apart by a softmax, maps are smoothed, and each is compared with its box inside, outside and
 * along the sides.
 *
 * As the code has it: the smoothing kernel is that of a deviation of 0.707, though 0.5 is written there; a fifth of the cells counts where
 * the paper says four fifths; sides are divided by the whole grid. Unlike it, boxes under five cells keep their inner term (there the mean of
 * no cells is silently taken for 0).
 */
import type { Grid, Mask } from "./masks.ts";
import type { CellBox } from "./rasters.ts";

const CONTRAST = 100;
const KERNEL = [0.2119416, 0.5761169, 0.2119416] as const;
/** Of the cells inside and of those outside, the share that counts: the largest. */
const SHARE = 0.2;

export interface BoxTarget {
  column: number;
  mask: Mask;
  boxes: readonly CellBox[];
  weight: number;
}

export interface BoxLoss {
  loss: number;
  /** Of each target: 1 for a word with no attention in its box, 0 for one with all. */
  inner: number[];
  /** How much the loss changes with each number of the mean attention, [cells, columns]. */
  pull: Float32Array;
}

/** Which terms count: all, or those of the inside alone, or the one of a single target. */
export type Terms = "all" | "inner" | { only: number };

/** `maps` [cells, columns] are the mean attention; the words from `first` to `last` are told apart. */
export function boxLoss(
  maps: Float32Array,
  grid: Grid,
  columns: number,
  targets: readonly BoxTarget[],
  terms: Terms,
): BoxLoss {
  const cells = grid.height * grid.width;
  // The first column begins the text and the last ends it; what fills the rest up stays.
  const [first, last] = [1, columns - 2];
  const probabilities = sharpened(maps, cells, columns, first, last);
  const back = new Float64Array(cells * columns);
  const inner: number[] = [];
  let loss = 0;
  targets.forEach((target, index) => {
    if (target.column < first || target.column > last) {
      inner.push(0);
      return;
    }
    const image = Float64Array.from({ length: cells }, (_, p) => probabilities[p * columns + target.column]!);
    const smooth = smoothed(image, grid);
    const slope = new Float64Array(cells);
    const counts = (name: "inner" | "outer") =>
      terms === "all" || (terms === "inner" ? name === "inner" : name === "inner" && terms.only === index);
    const inside = largest(smooth, target.mask, 1);
    inner.push(Math.max(0, 1 - inside.mean));
    if (counts("inner") && inside.mean < 1) {
      loss += target.weight * (1 - inside.mean);
      for (const p of inside.cells) slope[p]! -= target.weight / inside.cells.length;
    }
    if (counts("outer")) {
      const outside = largest(smooth, target.mask, 0);
      if (outside.mean > 0) {
        loss += target.weight * outside.mean;
        for (const p of outside.cells) slope[p]! += target.weight / outside.cells.length;
      }
      loss += target.weight * sides(smooth, target, grid, target.weight, slope);
    }
    smoothedAdjoint(slope, grid).forEach((value, p) => {
      back[p * columns + target.column]! += value;
    });
  });
  return { loss, inner, pull: sharpenedAdjoint(probabilities, back, cells, columns, first, last) };
}

/** Softmax over the words, cell by cell. */
function sharpened(maps: Float32Array, cells: number, columns: number, first: number, last: number): Float64Array {
  const out = new Float64Array(cells * columns);
  for (let p = 0; p < cells; p++) {
    let most = -Infinity;
    for (let t = first; t <= last; t++) most = Math.max(most, maps[p * columns + t]!);
    let sum = 0;
    for (let t = first; t <= last; t++) {
      const value = Math.exp(CONTRAST * (maps[p * columns + t]! - most));
      out[p * columns + t] = value;
      sum += value;
    }
    for (let t = first; t <= last; t++) out[p * columns + t]! /= sum;
  }
  return out;
}

function sharpenedAdjoint(
  probabilities: Float64Array,
  back: Float64Array,
  cells: number,
  columns: number,
  first: number,
  last: number,
): Float32Array {
  const pull = new Float32Array(cells * columns);
  for (let p = 0; p < cells; p++) {
    let mean = 0;
    for (let t = first; t <= last; t++) mean += probabilities[p * columns + t]! * back[p * columns + t]!;
    for (let t = first; t <= last; t++) {
      const at = p * columns + t;
      pull[at] = CONTRAST * probabilities[at]! * (back[at]! - mean);
    }
  }
  return pull;
}

/** Cell i - 1 of a row of n, or the second, mirrored at the edges; so for i + 1. */
const mirrored = (i: number, n: number) => (n === 1 ? 0 : i < 0 ? -i : i >= n ? 2 * n - 2 - i : i);

function eachNeighbour(grid: Grid, visit: (from: number, to: number, weight: number) => void): void {
  for (let y = 0; y < grid.height; y++) {
    for (let x = 0; x < grid.width; x++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const from = mirrored(y + dy, grid.height) * grid.width + mirrored(x + dx, grid.width);
          visit(from, y * grid.width + x, KERNEL[dy + 1]! * KERNEL[dx + 1]!);
        }
      }
    }
  }
}

function smoothed(image: Float64Array, grid: Grid): Float64Array {
  const out = new Float64Array(image.length);
  eachNeighbour(grid, (from, to, weight) => {
    out[to]! += weight * image[from]!;
  });
  return out;
}

function smoothedAdjoint(slope: Float64Array, grid: Grid): Float64Array {
  const out = new Float64Array(slope.length);
  eachNeighbour(grid, (from, to, weight) => {
    out[from]! += weight * slope[to]!;
  });
  return out;
}

/** The largest of the cells in which the mask is `on`, as many as count, and their mean; none where there are no such cells. */
function largest(image: Float64Array, mask: Mask, on: 0 | 1): { cells: number[]; mean: number } {
  const all = [...image.keys()].filter((p) => mask[p] === on);
  const count = all.length === 0 ? 0 : Math.max(1, Math.floor(SHARE * all.length));
  const cells = all.sort((a, b) => image[b]! - image[a]!).slice(0, count);
  return { cells, mean: count === 0 ? 0 : cells.reduce((sum, p) => sum + image[p]!, 0) / count };
}

/** How far the outline of the map along either axis is from the box's near its sides; adds what it changes with to `slope`. */
function sides(image: Float64Array, { mask, boxes }: BoxTarget, grid: Grid, weight: number, slope: Float64Array) {
  let loss = 0;
  for (const axis of ["x", "y"] as const) {
    const [count, across] = axis === "x" ? [grid.width, grid.height] : [grid.height, grid.width];
    const cellAt = (along: number, other: number) => (axis === "x" ? other * grid.width + along : along * grid.width + other); // prettier-ignore
    const edges = boxes.flatMap((box) => (axis === "x" ? [box.x0, box.x1] : [box.y0, box.y1]));
    for (let along = 0; along < count; along++) {
      if (!edges.some((edge) => Math.abs(along - edge) <= 1)) continue;
      let [at, wanted] = [cellAt(along, 0), 0];
      for (let other = 0; other < across; other++) {
        const p = cellAt(along, other);
        if (image[p]! > image[at]!) at = p;
        wanted = Math.max(wanted, mask[p]!);
      }
      const off = image[at]! - wanted;
      loss += Math.abs(off) / count;
      slope[at]! += (weight * Math.sign(off)) / count;
    }
  }
  return loss;
}
