/**
 * Settings of a run before anyone changed them: the paper's (Patel & Serkh 2024, arXiv:2405.14101, and the commands
 * in the authors' repository), and how they follow a changed number of steps.
 */
import { type FieldValue, nearestNumber, type StepRangeRule } from "./fields.ts";
import { flatSettings, nestedSettings, type SettingChanges } from "./flatSettings.ts";
import { scaleStepRange } from "./inSteps.ts";
import type { SceneSettings } from "./scene.ts";
import { rowOf, SETTING_NAMES, type SettingName } from "./settings.ts";

/**
 * Stable Diffusion 1.x as the paper runs it: 512 x 512, 50 LMS steps, guidance 7.5, injection at [1, 11), loss at [1,
 * 25). What each setting usually is stands in its row of the table.
 */
export const DEFAULT_SETTINGS: SceneSettings = nestedSettings(
  Object.fromEntries(SETTING_NAMES.map((name) => [name, rowOf(name).usual])),
);

/** What a setting is in `to` steps that was `value` in `from`: ranges and what acts in every step are scaled, all else stays. */
export function inOtherSteps(name: SettingName, value: unknown, from: number, to: number): unknown {
  const row = rowOf(name);
  if (row.kind === "stepRange") return scaleStepRange(value as FieldValue<StepRangeRule>, from, to);
  if (row.kind !== "number" || !row.inSteps) return value;
  return nearestNumber(row, row.inSteps(value as number, from, to));
}

/** `settings` with another number of steps, and the guidance's step ranges and eta scaled to it. */
export function withSteps(settings: SceneSettings, steps: number): SceneSettings {
  const flat = Object.entries(flatSettings(settings));
  const scaled = flat.map(([name, value]) => [name, inOtherSteps(name as SettingName, value, settings.steps, steps)]);
  return { ...settings, ...nestedSettings({ ...(Object.fromEntries(scaled) as SettingChanges), steps }) };
}
