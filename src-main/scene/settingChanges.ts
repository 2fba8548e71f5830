/** Settings that are changed: by a person, a file, the command line or a checkpoint; and what in them excludes each other. */
import { inOtherSteps, withSteps } from "./defaults.ts";
import { type FieldValue, type Problem, readFields, type StepRangeRule } from "./fields.ts";
import { flatSettings, nestedSettings, type SettingChanges } from "./flatSettings.ts";
import type { SceneSettings } from "./scene.ts";
import { rowOf, SETTING_NAMES, type SettingName, SETTINGS } from "./settings.ts";

/** The settings that `record` names, each checked alone. */
export function readSettings(record: Record<string, unknown>, problems: Problem[]): SettingChanges {
  return readFields(SETTINGS, record, "", problems);
}

/**
 * The defaults changed by a file, and that by `overrides`. Ranges and eta that the file gives belong to its own number of
 * steps, the others to the defaults': each is scaled from there, once, when the number of steps is overridden.
 */
export function overrideSettings(
  defaults: SceneSettings,
  own: SettingChanges,
  overrides: SettingChanges,
  problems: Problem[],
): SceneSettings {
  const asWritten = changeSettings(defaults, own, problems);
  const steps = overrides.steps ?? asWritten.steps;
  const scaled = Object.entries(own).map(([name, value]) => [
    name,
    inOtherSteps(name as SettingName, value, asWritten.steps, steps),
  ]);
  const changes = { ...(Object.fromEntries(scaled) as SettingChanges), ...overrides };
  return problems.length > 0 ? asWritten : changeSettings(defaults, changes, problems);
}

/**
 * `settings` with some of them changed. A new number of steps takes the step ranges and eta along unless they are changed
 * too.
 */
export function changeSettings(settings: SceneSettings, changes: SettingChanges, problems: Problem[]): SceneSettings {
  const scaled = changes.steps === undefined ? settings : withSteps(settings, changes.steps);
  const { loras, embeddings } = settings;
  const changed: SceneSettings = {
    ...nestedSettings({ ...flatSettings(scaled), ...spacingChange(changes), ...changes }),
    ...(loras ? { loras } : {}),
    ...(embeddings ? { embeddings } : {}),
  };
  problems.push(...contradictions(changed));
  return changed;
}

/** One of Karras' spacing and the others takes the other's place: `karras: false` alone asks for the checkpoint's own. */
function spacingChange({ karras, spacing }: SettingChanges): { karras?: false; spacing?: undefined } {
  if (spacing !== undefined) return { karras: false };
  return karras === undefined ? {} : { spacing: undefined };
}

/** What is wrong with settings of which each alone is right; `at` is the name of one. */
export function contradictions(settings: SceneSettings): (Problem & { at: SettingName })[] {
  const { steps, karras, spacing } = settings;
  const flat = flatSettings(settings);
  const problems = SETTING_NAMES.flatMap((at) => {
    const range = flat[at];
    if (rowOf(at).kind !== "stepRange" || range === undefined) return [];
    const { start, end } = range as FieldValue<StepRangeRule>;
    return end <= steps ? [] : [{ at, message: `[${start}, ${end}] reaches beyond the last of ${steps} steps` }];
  });
  if (!karras || spacing === undefined) return problems;
  const message = `"${spacing}" and karras exclude each other; leave one of them out`;
  return [{ at: "spacing", message }, ...problems];
}
