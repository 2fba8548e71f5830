/** Figures of a score, by hand. */
import { expect, test } from "vitest";
import { auc, spearman } from "../../tools/evaluate/scoring.ts";

test("ranks agree, disagree, share places", () => {
  expect(spearman([1, 2, 3], [10, 20, 1000])).toBeCloseTo(1, 12);
  expect(spearman([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  // Ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5).
  expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12);
  expect(spearman([1, 1], [1, 2])).toBeNaN();
});

test("failed things are found by low scores", () => {
  expect(auc([0.1, 0.9, 0.2, 0.8], [true, false, true, false])).toBe(1);
  expect(auc([0.9, 0.1], [true, false])).toBe(0);
  // Of 2 x 2 pairs one is right, one equal: (1 + 0.5) / 4.
  expect(auc([0.5, 0.9, 0.5, 0.6], [true, true, false, false])).toBe(1.5 / 4);
  expect(auc([1, 2], [false, false])).toBeNaN();
});
