/**
 * Samplers of models that were distilled to a few steps: LCM (Luo et al. 2023, arXiv 2310.04378), which jumps to the clean latent and puts
 * fresh noise on it, and TCD (Zheng et al. 2024, arXiv 2402.19159), which goes there by the trajectory and adds less. Both visit the
 * timesteps of the 50-step schedule that the models were distilled with, and keep x.
 */
import { noiseTable, type SchedulerParameters } from "./schedule.ts";
import { weightedSum, type Evaluation, type StepperMaker } from "./sampler.ts";

/** Steps of the schedule of distillation, of which a run visits some. */
const ORIGINAL_STEPS = 50;
/** LCM's boundary condition: a clean latent is its own prediction at timestep 0. */
const TIMESTEP_SCALING = 10;
const DATA_DEVIATION = 0.5;
/** TCD's gamma: the share of a step that is made with fresh noise (its authors' 0.3; 0 is deterministic). */
const GAMMA = 0.3;

/** The first, then each as many further down the schedule of distillation; more steps than that has make it finer. */
export function distilledTimesteps({ trainTimesteps }: SchedulerParameters, steps: number): number[] {
  const original = Math.max(ORIGINAL_STEPS, steps);
  const stride = Math.floor(trainTimesteps / original);
  return Array.from({ length: steps }, (_, k) => (original - Math.floor((k * original) / steps)) * stride - 1);
}

function evaluationsOf(parameters: SchedulerParameters, steps: number) {
  const { alphasCumprod, sigmas } = noiseTable(parameters);
  const timesteps = distilledTimesteps(parameters, steps);
  const evaluations = timesteps.map((timestep, stepIndex): Evaluation => {
    return { timestep, sigma: sigmas[timestep]!, inputScale: 1, stepIndex };
  });
  return { evaluations, abar: (timestep: number) => alphasCumprod[timestep]! };
}

// D = c_out x0 + c_skip x, with t' = 10 t: c_skip = 1/4 / (t'^2 + 1/4), c_out = t' / sqrt(t'^2 + 1/4); x' = sqrt(abar') D + sqrt(1 - abar') noise
export const lcm: StepperMaker = (parameters, steps) => {
  const { evaluations, abar } = evaluationsOf(parameters, steps);
  return {
    evaluations,
    initNoiseSigma: 1,
    step(i, latent, epsilon, noise) {
      const { timestep } = evaluations[i]!;
      const here = abar(timestep);
      const scaled = (timestep * TIMESTEP_SCALING) ** 2;
      const skip = DATA_DEVIATION ** 2 / (scaled + DATA_DEVIATION ** 2);
      const out = Math.sqrt(scaled / (scaled + DATA_DEVIATION ** 2));
      const clean = [
        [skip + out / Math.sqrt(here), latent],
        [-out * Math.sqrt((1 - here) / here), epsilon],
      ] as const;
      if (i === steps - 1) return weightedSum(...clean);
      const next = abar(evaluations[i + 1]!.timestep);
      const kept = clean.map(([weight, values]) => [weight * Math.sqrt(next), values] as const);
      return weightedSum(...kept, [Math.sqrt(1 - next), noise()]);
    },
  };
};

// x_s = sqrt(abar_s) x0 + sqrt(1 - abar_s) eps at s = floor((1 - gamma) t'); x' = sqrt(abar'/abar_s) x_s + sqrt(1 - abar'/abar_s) noise
export const tcd: StepperMaker = (parameters, steps) => {
  const { evaluations, abar } = evaluationsOf(parameters, steps);
  return {
    evaluations,
    initNoiseSigma: 1,
    step(i, latent, epsilon, noise) {
      const here = abar(evaluations[i]!.timestep);
      const isLast = i === steps - 1;
      const following = isLast ? 0 : evaluations[i + 1]!.timestep;
      const there = abar(Math.floor((1 - GAMMA) * following));
      const keep = Math.sqrt(there / here);
      const moved = [
        [keep, latent],
        [Math.sqrt(1 - there) - keep * Math.sqrt(1 - here), epsilon],
      ] as const;
      if (isLast) return weightedSum(...moved);
      const share = abar(following) / there;
      const kept = moved.map(([weight, values]) => [weight * Math.sqrt(share), values] as const);
      return weightedSum(...kept, [Math.sqrt(1 - share), noise()]);
    },
  };
};
