import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { GuidanceSettings, Region } from "../../src-main/scene/scene.ts";
import { scoutSteps } from "../../src-main/scene/scouting.ts";

const box: Region = { id: "a", box: { x: 0, y: 0, width: 1, height: 1 }, spans: [{ start: 0, end: 1 }], strength: 1 };
const stepsOf = (guidance: Partial<GuidanceSettings>, { steps = 50, regions = [box] } = {}) =>
  scoutSteps({
    regions,
    settings: { ...DEFAULT_SETTINGS, steps, guidance: { ...DEFAULT_SETTINGS.guidance, ...guidance } },
  });
const ranges = { injectionSteps: { start: 1, end: 11 }, lossSteps: { start: 1, end: 25 } };

test("scouting goes as far as the method guides", () => {
  expect(stepsOf({ method: "ilgd", ...ranges })).toBe(25);
  expect(stepsOf({ method: "injection", ...ranges })).toBe(11);
  expect(stepsOf({ method: "loss", ...ranges, lossSteps: { start: 0, end: 0 } })).toBe(25);
});

test("where nothing guides it goes to the middle, and never to the end", () => {
  expect(stepsOf({ method: "none", ...ranges })).toBe(25);
  expect(stepsOf({ method: "ilgd", ...ranges }, { regions: [], steps: 9 })).toBe(5);
  expect(stepsOf({ method: "loss", lossSteps: { start: 0, end: 50 } })).toBe(49);
  expect(stepsOf({ method: "none" }, { steps: 2 })).toBe(1);
  expect(stepsOf({ method: "none" }, { steps: 1 })).toBeUndefined();
});
