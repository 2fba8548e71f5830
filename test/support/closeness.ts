/** Comparison of whole tensors. */
import { expect } from "vitest";
import type { Numbers } from "./interpreter.ts";

/** ||a - b|| / ||b||, or ||a|| where b is zero. NaN where either has a NaN. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  const norm = (f: (i: number) => number) => Math.hypot(...Array.from({ length: b.length }, (_, i) => f(i)));
  const size = norm((i) => b[i]!);
  return norm((i) => a[i]! - b[i]!) / (size === 0 ? 1 : size);
}

export function expectClose(got: Numbers, expected: Numbers, tolerance: number): void {
  expect(got.shape).toEqual(expected.shape);
  expect(distance(got.data, expected.data)).toBeLessThan(tolerance);
}
