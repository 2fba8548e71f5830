/** Which settings make a difference to a picture: those of other methods, and spacings that the scheduler does not know, make none. */
import { flatSettings, type SettingChanges } from "./flatSettings.ts";
import { METHOD_ROWS } from "./methods.ts";
import { actingGuidance, followsLoss } from "./methodSettings.ts";
import { type SceneSettings, takesSpacing } from "./scene.ts";
import { isGuidance, SETTING_NAMES, type SettingName } from "./settings.ts";

/** Settings of layout control that no method can leave out. */
const OF_ALL: readonly SettingName[] = ["method", "overlap"];

/** Whether a setting changes what is drawn with these. */
export function acts(name: SettingName, { scheduler, guidance, variationOf }: SceneSettings): boolean {
  if (name === "variationStrength") return variationOf !== undefined;
  if (name === "karras" || name === "spacing") return takesSpacing(scheduler);
  if (name === "gradientEvery") return followsLoss(guidance);
  if (name === "wholeEvery") return !METHOD_ROWS[guidance.method].isAlwaysWhole;
  const uses: readonly SettingName[] = METHOD_ROWS[guidance.method].uses;
  return !isGuidance(name) || OF_ALL.includes(name) || uses.includes(name);
}

/** By their flat names, in the order of the table. */
export function actingSettings(settings: SceneSettings): SettingChanges {
  // What a method leaves out is its own: the same as when that is said.
  const flat = flatSettings({ ...settings, guidance: actingGuidance(settings.guidance, settings.steps) });
  const names = SETTING_NAMES.filter((name) => flat[name] !== undefined && acts(name, settings));
  return Object.fromEntries(names.map((name) => [name, flat[name]]));
}
