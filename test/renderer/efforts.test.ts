/** Draft, normal and best are settings like any others: known again, and taken back. */
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "@scene/defaults.ts";
import { effortChanges, effortOf, EFFORTS } from "@scene/efforts.ts";
import type { SceneSettings } from "@scene/scene.ts";
import { changeSettings } from "@scene/settingChanges.ts";
import type { Problem } from "@scene/fields.ts";
import { kindOf, workOf } from "@scene/shortcuts.ts";
import { shareOfTime } from "../../src-renderer/state/effort.ts";

const demo: SceneSettings = { ...DEFAULT_SETTINGS, scheduler: "euler-a", width: 256, height: 256 };
const distilled: SceneSettings = { ...DEFAULT_SETTINGS, scheduler: "lcm", steps: 4, guidanceScale: 1 };
const spaced: SceneSettings = { ...DEFAULT_SETTINGS, scheduler: "euler", spacing: "sgm-uniform" };

describe.each([DEFAULT_SETTINGS, demo, distilled, spaced])("with a checkpoint of its own ways %#", (own) => {
  test.each(EFFORTS)("%s is known again, contradicts nothing, and normal takes it back", (effort) => {
    const problems: Problem[] = [];
    const changed = changeSettings(own, effortChanges(own, effort), problems);
    expect(problems).toEqual([]);
    expect(effortOf(changed, own)).toBe(effort);
    expect(changeSettings(changed, effortChanges(own, "normal"), problems)).toMatchObject({ ...own, guidance: {} });
    expect(effortOf({ ...changed, steps: 33 }, own)).toBeUndefined();
  });
});

test("a draft takes fewer steps of a sampler that bears them, and best takes more", () => {
  expect(effortChanges(DEFAULT_SETTINGS, "draft")).toMatchObject({ steps: 12, scheduler: "dpmpp-2m", karras: true });
  expect(effortChanges(DEFAULT_SETTINGS, "draft").spacing).toBeUndefined();
  expect(effortChanges(spaced, "draft")).toMatchObject({ spacing: "sgm-uniform" });
  expect(effortChanges(demo, "draft")).toMatchObject({
    steps: 12,
    scheduler: "euler-a",
    spacing: "simple",
    wholeEvery: 3,
    injectionSteps: { start: 1, end: 6 },
    ...{ gradientEvery: 6, etaFall: 0.3, pastInjection: true },
  });
  expect(effortChanges(distilled, "draft")).toMatchObject({ steps: 4, scheduler: "lcm" });
  expect(effortChanges(distilled, "draft").spacing).toBeUndefined();
  expect(effortChanges(demo, "best")).toMatchObject({ steps: 100, injectionSteps: { start: 2, end: 22 } });
});

test("work is counted in plain steps", () => {
  expect(workOf({ ...demo, guidance: { ...demo.guidance, method: "none" } })).toBe(50);
  expect(workOf({ ...demo, scheduler: "heun", guidance: { ...demo.guidance, method: "none" } })).toBe(100);
  const guided = { ...demo, guidance: { ...demo.guidance, method: "ilgd" as const, lossSteps: { start: 1, end: 25 } } };
  expect(workOf(guided)).toBeCloseTo(24 * 1.75 + 26);
  expect(kindOf({ ...guided, scaleUntil: 0.2 }, 12)).toBe("guided half");
  const down = { ...guided, guidance: { ...guided.guidance, loss: "down" as const } };
  expect(workOf(down)).toBeCloseTo(24 * 1.35 + 26);
  expect(kindOf({ ...down, scaleUntil: 0.2 }, 12)).toBe("guided below half");
  expect(shareOfTime(changeSettings(guided, effortChanges(demo, "draft"), []), demo)).toMatch(/^1\d %$/);
  expect(shareOfTime(changeSettings(guided, effortChanges(demo, "best"), []), demo)).toBe("2.0 times");
});
