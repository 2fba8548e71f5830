/**
 * CSG's loss and what it changes with (ECCV 2024; Papple-F/csg 1a5d721): of the cells in which a map is largest inside its box a random
 * half is chosen, and compared with as many outside; no other word may be as strong there; and pixels of the box attend to the box.
 */
import type { Mask } from "./masks.ts";

/** Share of the box's cells that are chosen from. */
const SHARE = 0.8;
const MARGIN = 0.1;
const WEIGHTS = { cross: 5, hinge: 250, self: 5 } as const;

export interface SelectiveTarget {
  column: number;
  mask: Mask;
  weight: number;
}

/** A random order of 0 to count - 1. */
export type Shuffle = (count: number) => readonly number[];

/** How many cells are chosen of a box of `size` cells, and of how many. */
export function sampleSizes(size: number): { from: number; chosen: number } {
  const from = Math.max(1, Math.floor(SHARE * size));
  const half = Math.floor(from / 2);
  // Python rounds halves to even numbers.
  const chosen = from % 2 === 0 ? half : half % 2 === 0 ? half : half + 1;
  return { from, chosen: Math.max(1, chosen) };
}

interface Sampled {
  term: number;
  inside: number[];
  slope: Float64Array;
}

/** 1 minus the chosen inside's share of it and the most outside, squared. */
function sampled(values: Float64Array, mask: Mask, shuffle: Shuffle): Sampled {
  const { from, chosen } = sampleSizes(mask.reduce((sum, on) => sum + on, 0));
  const order = (on: number) =>
    [...values.keys()].filter((p) => mask[p] === on).sort((a, b) => values[b]! - values[a]! || a - b);
  const best = order(1).slice(0, from);
  const inside = shuffle(best.length)
    .slice(0, chosen)
    .map((rank) => best[rank]!);
  const outside = order(0).slice(0, chosen);
  const sum = (cells: readonly number[]) => cells.reduce((total, p) => total + values[p]!, 0);
  const [within, beyond] = [sum(inside), sum(outside)];
  const all = within + beyond;
  const rest = 1 - within / all;
  const slope = new Float64Array(values.length);
  for (const p of inside) slope[p]! -= (2 * rest * beyond) / (all * all);
  for (const p of outside) slope[p]! += (2 * rest * within) / (all * all);
  return { term: rest * rest, inside, slope };
}

/** `cross` [cells, columns] and `self` [cells, cells] are mean attention. The shuffles are asked for all words, then for all boxes. */
export function selectiveLoss(
  cross: Float32Array,
  self: Float32Array,
  columns: number,
  targets: readonly SelectiveTarget[],
  shuffle: Shuffle,
): { loss: number; cross: Float32Array; self: Float32Array } {
  const cells = cross.length / columns;
  const [crossPull, selfPull] = [new Float32Array(cross.length), new Float32Array(self.length)];
  let loss = 0;
  for (const { column, mask, weight } of targets) {
    const values = Float64Array.from({ length: cells }, (_, p) => cross[p * columns + column]!);
    const { term, inside, slope } = sampled(values, mask, shuffle);
    loss += weight * WEIGHTS.cross * term;
    slope.forEach((value, p) => {
      crossPull[p * columns + column]! += weight * WEIGHTS.cross * value;
    });
    const meanOf = (other: number) => inside.reduce((sum, p) => sum + cross[p * columns + other]!, 0) / inside.length;
    const others = targets.map((target) => target.column).filter((other) => other !== column);
    if (others.length === 0) continue;
    const strongest = others.reduce((best, other) => (meanOf(other) > meanOf(best) ? other : best));
    const over = meanOf(strongest) - meanOf(column) + MARGIN;
    if (over <= 0) continue;
    loss += weight * WEIGHTS.hinge * over * over;
    for (const p of inside) {
      const pull = (weight * WEIGHTS.hinge * 2 * over) / inside.length;
      crossPull[p * columns + strongest]! += pull;
      crossPull[p * columns + column]! -= pull;
    }
  }
  for (const { mask, weight } of targets) {
    const values = Float64Array.from({ length: cells }, (_, p) => {
      let sum = 0;
      for (let q = 0; q < cells; q++) sum += mask[q]! * self[p * cells + q]!;
      return sum;
    });
    const { term, slope } = sampled(values, mask, shuffle);
    loss += weight * WEIGHTS.self * term;
    slope.forEach((value, p) => {
      if (value === 0) return;
      for (let q = 0; q < cells; q++) selfPull[p * cells + q]! += weight * WEIGHTS.self * value * mask[q]!;
    });
  }
  return { loss, cross: crossPull, self: selfPull };
}
