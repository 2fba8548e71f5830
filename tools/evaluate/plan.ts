/** Which pictures a run of the evaluation has: the methods on all scenes, and what is swept on the first of them. */
import { inOtherSteps } from "../../src-main/scene/defaults.ts";
import type { GuidanceSettings, SceneSettings } from "../../src-main/scene/scene.ts";
import type { SettingName } from "../../src-main/scene/settings.ts";
import { planJobs, type Job } from "./jobs.ts";
import type { EvaluateOptions } from "./options.ts";
import type { IconScene } from "./scene.ts";
import type { Best } from "./sweep.ts";
import { changedVariant, methodVariant, sweepVariant, type Variant } from "./variants.ts";

export interface Plan {
  methods: Variant[];
  sweeps: Variant[];
  jobs: Job[];
}

export interface PlanOf {
  scenes: readonly IconScene[];
  /** What the sweep takes its scenes from. */
  allScenes: readonly IconScene[];
  settings: SceneSettings;
  modelHash: string;
  /** What the methods are best drawn with; the checkpoint's and the authors' settings where left out. */
  best?: Best;
}

export function planRun(options: EvaluateOptions, { scenes, allScenes, settings, modelHash, best }: PlanOf): Plan {
  const methods = options.methods.map((name) => {
    const variant = methodVariant(name, settings, options.strongEta);
    const found = best?.variants[name]?.best;
    return found ? changedVariant(variant, inSteps(found, best.steps, settings.steps), name) : variant;
  });
  const { nu, eta, isGrid } = options.sweep;
  const changes = isGrid
    ? nu.flatMap((nu) => eta.map((eta) => ({ nu, eta })))
    : [...nu.map((nu) => ({ nu })), ...eta.map((eta) => ({ eta }))];
  const sweeps = changes.map((change) => sweepVariant(change, settings));
  const few = allScenes.slice(0, options.sweep.scenes);
  const jobs = [
    ...planJobs(scenes, methods, options.seeds, modelHash),
    ...planJobs(few, sweeps, options.seeds, modelHash),
  ];
  return { methods, sweeps, jobs };
}

/** What was found in `from` steps, in `to`. */
function inSteps(changes: Partial<GuidanceSettings>, from: number, to: number): Partial<GuidanceSettings> {
  const scaled = Object.entries(changes).map(([name, value]) => [name, inOtherSteps(name as SettingName, value, from, to)]); // prettier-ignore
  return Object.fromEntries(scaled) as Partial<GuidanceSettings>;
}
