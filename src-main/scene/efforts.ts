/**
 * Draft, normal and best: one choice for how much work goes into a picture, made of the settings that decide it. Normal is what the
 * checkpoint is best drawn with. docs/performance.md has what each costs and what it does to obedience.
 */
import { flatSettings, type SettingChanges } from "./flatSettings.ts";
import { scaleStepRange } from "./inSteps.ts";
import { MOST_STEPS } from "./limits.ts";
import { type SceneSettings, spacingOf, takesSpacing } from "./scene.ts";
import type { SchedulerName } from "./schedulers.ts";
import { changeSettings } from "./settingChanges.ts";
import type { SettingName } from "./settings.ts";
import { workOf } from "./shortcuts.ts";

export const EFFORTS = ["draft", "normal", "best"] as const;
export type Effort = (typeof EFFORTS)[number];

/** Share of a checkpoint's own steps that a draft takes, and the fewest: below them shapes fall apart. */
const DRAFT_STEPS = 0.24;
const FEWEST = 8;
/**
 * A draft runs the whole network in every so many-th of the steps without boxes, and computes every so many-th of its later gradients. Its
 * loss reads attention as it is before injection, which acts beside it in all steps, and pushes less while there is much noise, where so few
 * steps go too far. It keeps the guidance scale, and in all steps: what is saved otherwise costs more obedience than time (docs/performance.md).
 */
const DRAFT_SHORTCUTS = { wholeEvery: 3, gradientEvery: 6, etaFall: 0.3, pastInjection: true } as const;
/** Samplers that need many steps, and what bears few instead. */
const DRAFT_SAMPLERS: { readonly [Name in SchedulerName]?: SettingChanges } = {
  lms: { scheduler: "dpmpp-2m", karras: true },
};

/** Evenly from the first time to what is left at the end; a checkpoint's own times often spend the last step on a picture that is done. */
const DRAFT_SPACING = "simple";

/** The settings that tell efforts apart; those after them and the steps with injection go with them. The others, sizes and strengths as a person set them, stay. */
const DECIDED: readonly SettingName[] = ["steps", "scaleUntil", "gradientEvery", "wholeEvery", "attentionTiles", "scheduler", "karras", "spacing"]; // prettier-ignore
const WITH_THEM: readonly SettingName[] = ["etaFall", "pastInjection"];

/** The settings of an effort, for a checkpoint that is best drawn with `own`. */
export function effortChanges(own: SceneSettings, effort: Effort): SettingChanges {
  const flat = flatSettings(own);
  const rangeIn = (name: "injectionSteps" | "lossSteps", steps: number) =>
    scaleStepRange(own.guidance[name], own.steps, steps);
  const normal: SettingChanges = {
    ...Object.fromEntries([...DECIDED, ...WITH_THEM].map((name) => [name, flat[name]])),
    injectionSteps: rangeIn("injectionSteps", own.steps),
  };
  if (effort === "normal") return normal;
  if (effort === "best") {
    const steps = Math.min(MOST_STEPS, 2 * own.steps);
    return { ...normal, steps, injectionSteps: rangeIn("injectionSteps", steps) };
  }
  const steps = Math.min(own.steps, Math.max(FEWEST, Math.round(DRAFT_STEPS * own.steps)));
  const sampler = DRAFT_SAMPLERS[own.scheduler] ?? {};
  // In few steps injection has little time, and costs nothing: it acts as long as the loss does.
  const { start, end } = rangeIn("injectionSteps", steps);
  const injectionSteps = { start, end: Math.max(end, rangeIn("lossSteps", steps).end) };
  const draft: SettingChanges = { ...normal, ...DRAFT_SHORTCUTS, ...sampler, steps, injectionSteps };
  const isFree = steps < own.steps && spacingOf(own) === "model" && takesSpacing(own.scheduler);
  if (sampler.karras) delete draft.spacing;
  else if (isFree) draft.spacing = DRAFT_SPACING;
  return draft;
}

/** What draws a scene with these settings in draft steps, for trying: the settings as they are where that is no less work. */
export function draftSettings(settings: SceneSettings, own: SceneSettings): SceneSettings {
  const draft = changeSettings(settings, effortChanges(own, "draft"), []);
  return workOf(draft) < workOf(settings) ? draft : settings;
}

/** The effort that settings are; undefined where a person chose otherwise. */
export function effortOf(settings: SceneSettings, own: SceneSettings): Effort | undefined {
  const flat = flatSettings(settings);
  return EFFORTS.find((effort) => {
    const changes = effortChanges(own, effort);
    return DECIDED.every((name) => flat[name] === changes[name]);
  });
}
