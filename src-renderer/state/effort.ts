/** What an effort costs, in words. */
import { effortChanges } from "@scene/efforts.ts";
import type { SceneSettings } from "@scene/scene.ts";
import { changeSettings } from "@scene/settingChanges.ts";
import { workOf } from "@scene/shortcuts.ts";

/** A picture's time against that of the normal effort: "20 %", "2.0 times". Method, sizes and strengths are those of `settings` in both. */
export function shareOfTime(settings: SceneSettings, own: SceneSettings): string {
  const normal = changeSettings(settings, effortChanges(own, "normal"), []);
  const share = workOf(settings) / workOf(normal);
  return share < 1.5 ? `${Math.round(100 * share)} %` : `${share.toFixed(1)} times`;
}
