import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS, inOtherSteps, withSteps } from "../../src-main/scene/defaults.ts";
import { scaleStepRange } from "../../src-main/scene/inSteps.ts";

describe("step ranges", () => {
  test.each([
    [50, { start: 1, end: 11 }, { start: 1, end: 25 }],
    [100, { start: 2, end: 22 }, { start: 2, end: 50 }],
    [20, { start: 1, end: 4 }, { start: 1, end: 10 }],
    [4, { start: 1, end: 2 }, { start: 1, end: 2 }],
    [1, { start: 0, end: 1 }, { start: 0, end: 1 }],
  ])("of the paper in %i steps", (steps, injectionSteps, lossSteps) => {
    const settings = withSteps(DEFAULT_SETTINGS, steps);
    expect(settings.guidance).toMatchObject({ injectionSteps, lossSteps });
    expect(settings.steps).toBe(steps);
  });

  test("that are empty stay empty, and that begin at 0 still do", () => {
    expect(scaleStepRange({ start: 5, end: 5 }, 50, 3)).toEqual({ start: 3, end: 3 });
    expect(scaleStepRange({ start: 0, end: 50 }, 50, 7)).toEqual({ start: 0, end: 7 });
  });
});

describe("eta", () => {
  test.each([
    [100, 4],
    [50, 4],
    [20, 2.31],
    [8, 1.33],
    [4, 0.879],
  ])("of 4 in 50 steps is in %i steps %d", (steps, eta) => {
    const settings = { ...DEFAULT_SETTINGS, guidance: { ...DEFAULT_SETTINGS.guidance, eta: 4 } };
    expect(withSteps(settings, steps).guidance.eta).toBe(eta);
    expect(withSteps(settings, steps).guidance.nu).toBe(settings.guidance.nu);
  });

  test("comes back within a hundredth when the steps do, and never leaves its range", () => {
    const steps = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 50, noNaN: true })),
        steps,
        steps,
        (eta, from, to) => {
          const scaled = (value: number, a: number, b: number) => inOtherSteps("eta", value, a, b) as number;
          const there = scaled(eta, from, to);
          expect(there).toBeGreaterThanOrEqual(0);
          expect(there).toBeLessThanOrEqual(50);
          if (there < 50) expect(Math.abs(scaled(there, to, from) - eta)).toBeLessThanOrEqual(0.011 * eta);
        },
      ),
    );
  });
});
