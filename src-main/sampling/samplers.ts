/** The samplers by name. */
import { invariant } from "../wire/errors.ts";
import type { SchedulerName } from "../scene/schedulers.ts";
import { lcm, tcd } from "./consistency.ts";
import { ddim, pndm } from "./ddim.ts";
import { deis } from "./deis.ts";
import { dpm2mSde, dpm2sAncestral, dpmSde } from "./dpmSde.ts";
import { dpmSolver } from "./dpmSolver.ts";
import { euler, eulerAncestral, heun } from "./euler.ts";
import { lms } from "./lms.ts";
import {
  estimateOriginal,
  type Memory,
  type Sampler,
  type SamplerOptions,
  type SamplerPosition,
  type Stepper,
  type StepperMaker,
} from "./sampler.ts";
import { checkSteps, type SchedulerParameters } from "./schedule.ts";
import { unipc } from "./unipc.ts";

const makers = {
  lms,
  euler,
  "euler-a": eulerAncestral,
  heun,
  ddim,
  pndm,
  "dpmpp-2m": dpmSolver,
  "dpmpp-2m-sde": dpm2mSde,
  "dpmpp-sde": dpmSde,
  "dpmpp-2s-a": dpm2sAncestral,
  unipc,
  deis,
  lcm,
  tcd,
} satisfies Record<SchedulerName, StepperMaker>;

/**
 * A sampler for one picture, which goes on at `from` where one is given. Throws `scene-invalid` at `settings.steps` where `steps` is not
 * a whole number from 1 to 1000 (or to the training timesteps, if those are fewer).
 */
export function createSampler(
  name: SchedulerName,
  parameters: SchedulerParameters,
  steps: number,
  options: SamplerOptions,
  from?: SamplerPosition,
): Sampler {
  checkSteps(steps, parameters);
  return samplerOf(name, makers[name](parameters, steps, options), from, options.skip);
}

/** A sampler out of what sets it apart, without its first `skip` steps; `name` is for messages. */
export function samplerOf(name: string, stepper: Stepper, from?: SamplerPosition, skip = 0): Sampler {
  const { initNoiseSigma, step } = stepper;
  // A step that is corrected when the next has begun counts both evaluations: none of them is left over.
  const first = stepper.evaluations.findIndex(({ stepIndex }) => stepIndex >= skip);
  const evaluations = stepper.evaluations
    .slice(first)
    .map((evaluation) => (skip === 0 ? evaluation : { ...evaluation, stepIndex: evaluation.stepIndex - skip }));
  let next = from?.next ?? 0;
  const memory: Memory = { ...from?.memory };
  return {
    evaluations,
    initNoiseSigma,
    step(i, latent, epsilon, noise) {
      // Histories make the order matter, and a skipped step would only show as a worse picture.
      invariant(i === next, `${name}: expected step ${next} of ${evaluations.length}, got ${i}`);
      invariant(i < evaluations.length, `${name}: ${evaluations.length} evaluations, asked for number ${i}`);
      invariant(latent.length === epsilon.length, `${name}: latent of ${latent.length}, epsilon of ${epsilon.length}`);
      next++;
      return step(first + i, latent, epsilon, noise, memory);
    },
    position: () => ({ next, memory: { ...memory } }),
    predictOriginal: (i, latent, epsilon) => estimateOriginal(evaluations[i]!, latent, epsilon),
  };
}
