/**
 * What a step leaves out, where a scene asks for it: the negative half of classifier-free guidance (guidance interval, Kynkaanniemi et al.
 * 2024, arXiv 2404.07724); the gradient of the loss in later steps, for which an earlier step's stands; and once boxes act no more all of
 * the network but its outermost layers in some steps (DeepCache, Ma et al. 2024, arXiv 2312.00858, the outermost branch and a uniform interval).
 */
import { followsLoss, hasGradientAt, isGradientFresh, quietFrom } from "./methodSettings.ts";
import { METHOD_ROWS } from "./methods.ts";
import type { SceneSettings } from "./scene.ts";
import type { SchedulerName } from "./schedulers.ts";

/** What is computed in a step. */
export interface Work {
  /** Whether the guidance scale acts. */
  isGuided: boolean;
  /** Whether the whole network is run, and not the outermost layers around what an earlier step kept. */
  isWhole: boolean;
  /** Whether what they need is kept. */
  isKept: boolean;
  /** Whether a gradient that is asked for is computed, and not an earlier step's taken. */
  isFresh: boolean;
}

type Plan = Pick<SceneSettings, "scaleUntil" | "gradientEvery" | "wholeEvery" | "guidance" | "steps">;

/** Whether some steps of a scene run the outermost layers by themselves. */
export function reusesDeep({ wholeEvery = 1, guidance }: Pick<Plan, "wholeEvery" | "guidance">): boolean {
  // A method that is no row, as a test adds one, is taken as any other.
  return wholeEvery > 1 && !(METHOD_ROWS as Partial<typeof METHOD_ROWS>)[guidance.method]?.isAlwaysWhole;
}

/** The work of a step, counted from 0. */
export function workAt(plan: Plan, step: number): Work {
  const { scaleUntil = 1, gradientEvery = 1, wholeEvery = 1, guidance, steps } = plan;
  const isGuided = step < Math.round(scaleUntil * steps);
  const isFresh = isGradientFresh(guidance, step, steps, gradientEvery);
  const quiet = step - quietFrom(guidance, steps);
  if (!reusesDeep(plan) || quiet < 0) return { isGuided, isFresh, isWhole: true, isKept: false };
  return { isGuided, isFresh, isWhole: quiet % wholeEvery === 0, isKept: true };
}

/** A step by what is computed in it: with the gradient or without, and what is left out. */
export type StepKind = "plain" | "half" | "outermost" | "outermost half" | GuidedKind;
/** With a gradient through all of the network, or (`down`, losses.ts) up to its middle. */
type GuidedKind = "guided" | "guided half" | "guided below" | "guided below half";

/**
 * Costs in plain steps, until a machine's own are known. A backward pass costs 0.5 to 1 times the two forward passes of a plain step, up to
 * the middle of the network less than half of that; the outermost layers are a tenth of Stable Diffusion 1.5's work.
 */
export const STEP_COSTS: Readonly<Record<StepKind, number>> = {
  plain: 1,
  guided: 1.75,
  half: 0.5,
  "guided half": 1.25,
  "guided below": 1.35,
  "guided below half": 0.85,
  outermost: 0.12,
  "outermost half": 0.06,
};

/** Of a step, counted from 0. */
export function kindOf(settings: SceneSettings, step: number): StepKind {
  const { guidance, guidanceScale, steps } = settings;
  const { isGuided, isWhole, isFresh } = workAt(settings, step);
  // What the scale leaves out anyway is not left out once more.
  const isHalf = !isGuided && guidanceScale !== 1;
  if (isFresh && hasGradientAt(guidance, step, steps)) {
    const kind = guidance.loss === "down" && followsLoss(guidance) ? "guided below" : "guided";
    return isHalf ? `${kind} half` : kind;
  }
  if (!isWhole) return isHalf ? "outermost half" : "outermost";
  return isHalf ? "half" : "plain";
}

/** Samplers that run the network twice in a step. */
const TWICE: readonly SchedulerName[] = ["heun", "dpmpp-sde", "dpmpp-2s-a"];

/** The work of a picture in plain steps. */
export function workOf(settings: SceneSettings): number {
  const steps = Array.from({ length: settings.steps }, (_, step) => STEP_COSTS[kindOf(settings, step)]);
  return steps.reduce((sum, cost) => sum + cost, 0) * (TWICE.includes(settings.scheduler) ? 2 : 1);
}
