/** Settings by their rows' flat names, as scene files and the command line have them, and as a scene keeps them. */
import type { FieldRule, FieldValue } from "./fields.ts";
import type { Region, SceneSettings } from "./scene.ts";
import { REGION_SETTINGS } from "./regionSettings.ts";
import type { Held } from "./rows.ts";
import { type GuidanceName, isGuidance, rowOf, SETTING_NAMES, type SettingName, type SETTINGS } from "./settings.ts";

/** Some settings, by the flat names of the file. */
export type SettingChanges = { [Name in SettingName]?: FieldValue<(typeof SETTINGS)[Name]> };

/** All settings by their flat names, in the order of the table; those that are left out as what they mean then, if that has a value. */
export function flatSettings(settings: Omit<SceneSettings, "loras" | "embeddings">): SettingChanges {
  const { guidance, ...rest } = settings;
  const all: Record<string, unknown> = { ...rest, ...guidance };
  const named = SETTING_NAMES.map((name) => [name, all[name] ?? rowOf(name).nothing]);
  return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as SettingChanges;
}

/** As a scene keeps them, without what asks for nothing: the same settings are written in one way. `flat` has all that are required. */
export function nestedSettings(flat: { readonly [Name in SettingName]?: unknown }): SceneSettings {
  const rest: Record<string, unknown> = {};
  const guidance: Partial<Record<GuidanceName, unknown>> = {};
  for (const name of SETTING_NAMES) {
    if (isNothing(rowOf(name), flat[name])) continue;
    if (isGuidance(name)) guidance[name] = flat[name];
    else rest[name] = flat[name];
  }
  return { ...rest, guidance } as SceneSettings;
}

/** Whether a value asks for nothing, so that a scene leaves it out. */
export function isNothing(row: FieldRule & { nothing?: unknown }, value: unknown): boolean {
  if (value === undefined) return true;
  if (!("nothing" in row)) return false;
  if (row.kind === "text") return row.nothing !== undefined && (value as string).trim() === "";
  if (row.kind !== "share") return value === row.nothing;
  const { start, end } = value as FieldValue<typeof row>;
  return start <= 0 && end >= 1;
}

/** Whether a scene may leave the setting to the method or the checkpoint, by naming no value at all. */
export const mayBeOpen = (row: FieldRule & { nothing?: unknown }): boolean =>
  "nothing" in row && row.nothing === undefined;

/** What a region has besides its required fields, where that asks for anything. */
export function extrasOf(region: Region): Partial<Omit<Held<typeof REGION_SETTINGS>, "strength">> {
  const extras = Object.entries(REGION_SETTINGS).flatMap(([name, row]) => {
    const value = region[name as keyof typeof REGION_SETTINGS];
    return "nothing" in row && !isNothing(row, value) ? [[name, value]] : [];
  });
  return Object.fromEntries(extras) as Partial<Held<typeof REGION_SETTINGS>>;
}
