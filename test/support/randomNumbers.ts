/** Reproducible numbers for tests. */
import type { Shape } from "../../src-main/graph/graph.ts";
import { sizeOf } from "../../src-main/graph/graph.ts";

/** Uniform in [0, 1): Tommy Ettinger's mulberry32. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers that are exact in float32. */
export function normals(shape: Shape, seed: number): number[] {
  const next = uniform(seed);
  return Array.from({ length: sizeOf(shape) }, () =>
    Math.fround(Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
  );
}

/** Between 0.5 and 2, for divisors and roots. */
export function positives(shape: Shape, seed: number): number[] {
  const next = uniform(seed);
  return Array.from({ length: sizeOf(shape) }, () => Math.fround(0.5 + 1.5 * next()));
}

/** A shuffle of multiples of a quarter: no two are close, so a small change does not change which is largest. */
export function spaced(shape: Shape, seed: number): number[] {
  const next = uniform(seed);
  const order = Array.from({ length: sizeOf(shape) }, (_, i) => ({ i, key: next() })).sort((a, b) => a.key - b.key);
  return order.map(({ i }) => (i - order.length / 2) / 4);
}
