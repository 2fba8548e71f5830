/**
 * diorama.json, an optional file of a checkpoint folder: `{ "defaults": { "width": 512, "steps": 30, ... } }`, the scene
 * settings that this checkpoint is best used with. All fields may be absent; unknown ones are left aside.
 */
import { isRecord, type Problem, readFields, show } from "../scene/fields.ts";
import type { SettingChanges } from "../scene/flatSettings.ts";
import { isGuidance, rowOf, SETTING_NAMES } from "../scene/settings.ts";
import type { Fields } from "./fields.ts";
import { refuse } from "./header.ts";

/** Those of layout control stand in "guidance", as a scene keeps them. */
export function parseRecommended(file: Fields): SettingChanges | undefined {
  const defaults = file.get("defaults");
  if (defaults === undefined) return undefined;
  const problems: Problem[] = [];
  const { guidance, ...rest } = recordAt("defaults", defaults, problems);
  const settings = {
    ...read(rest, false, "defaults", problems),
    ...read(recordAt("defaults.guidance", guidance, problems), true, "defaults.guidance", problems),
  };
  const [problem] = problems;
  if (problem) refuse(file.path, undefined, `${problem.at}: ${problem.message}`);
  return settings;
}

function recordAt(at: string, value: unknown = {}, problems: Problem[]): Record<string, unknown> {
  if (isRecord(value)) return value;
  problems.push({ at, message: `expected an object of settings, got ${show(value)}` });
  return {};
}

function read(record: Record<string, unknown>, guidance: boolean, at: string, problems: Problem[]): SettingChanges {
  const names = SETTING_NAMES.filter((name) => isGuidance(name) === guidance);
  return readFields(Object.fromEntries(names.map((name) => [name, rowOf(name)])), record, at, problems);
}
