import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS, scaleStepRange, withSteps } from "../../src-main/api/defaults.ts";

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
