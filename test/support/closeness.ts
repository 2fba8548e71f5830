/** Comparison of whole tensors. */
import { expect } from "vitest";
import type { Numbers } from "./interpreter.ts";

/**
 * ||found - expected|| / ||expected||, or ||found|| where all that is expected is zero. Infinite where a value is no number; other lengths
 * fail the test.
 */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  let [error, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error += (found[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  const relative = Math.sqrt(error) / (size === 0 ? 1 : Math.sqrt(size));
  return Number.isNaN(relative) ? Infinity : relative;
}

export function expectClose(got: Numbers, expected: Numbers, tolerance: number): void {
  expect(got.shape).toEqual(expected.shape);
  expect(relativeError(got.data, expected.data)).toBeLessThan(tolerance);
}
