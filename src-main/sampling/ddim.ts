/**
 * Samplers bound to the training timesteps: DDIM without noise (Song et al. 2021, eq. 12 with eta = 0) and PNDM without
 * its Runge-Kutta warm-up (Liu et al. 2022; `skip_prk_steps`, the default scheduler of Stable Diffusion 1.x). Both
 * keep x.
 */
import { invariant } from "../wire/errors.ts";
import { noiseTable, wholeTimesteps, type NoiseTable, type SchedulerParameters } from "./schedule.ts";
import { weightedSum, type Evaluation, type Numbers, type StepperMaker } from "./sampler.ts";

/** In place of an abar of 0: what it changes is below float32, and float64 still tells epsilon from the latent. */
const NEARLY_ZERO = 2 ** -50;

/** The evaluation at a training timestep, for samplers that keep x. */
function plainEvaluation(table: NoiseTable, timestep: number, stepIndex: number): Evaluation {
  return { timestep, sigma: table.sigmas[timestep]!, inputScale: 1, stepIndex };
}

/** abar at a timestep; before the first one a run ends at abar_0, or at 1 where the checkpoint says so. */
function abarAt(parameters: SchedulerParameters, table: NoiseTable, timestep: number): number {
  return timestep >= 0 ? table.alphasCumprod[timestep]! : parameters.setAlphaToOne ? 1 : table.alphasCumprod[0]!;
}

/**
 * x' = sqrt(abar') x0 + sqrt(1 - abar') eps, with x0 = (x - sqrt(1 - abar) eps) / sqrt(abar); x0 is not clipped, for
 * latents have no range.
 */
export const ddim: StepperMaker = (parameters, steps) => {
  const table = noiseTable(parameters, NEARLY_ZERO);
  const timesteps = wholeTimesteps(parameters, steps, parameters.timestepSpacing ?? "leading");
  const stride = Math.floor(parameters.trainTimesteps / steps);
  return {
    evaluations: timesteps.map((timestep, i) => plainEvaluation(table, timestep, i)),
    initNoiseSigma: 1,
    step(i, latent, epsilon) {
      const here = abarAt(parameters, table, timesteps[i]!);
      const next = abarAt(parameters, table, timesteps[i]! - stride);
      const keep = Math.sqrt(next / here);
      return weightedSum([keep, latent], [Math.sqrt(1 - next) - keep * Math.sqrt(1 - here), epsilon]);
    },
  };
};

/** Adams-Bashforth weights of the newest epsilons, by how many there are (Liu et al. 2022). */
const PLMS_WEIGHTS = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

/**
 * The second timestep is evaluated twice: the first time only to correct the first step, which is then made again from
 * its start with the mean of both epsilons, so a latent changed between evaluations 0 and 1 acts through its epsilon
 * alone.
 */
export const pndm: StepperMaker = (parameters, steps, options) => {
  // It mixes epsilons of several levels; that of pure noise is the latent itself and has no place among them.
  if (parameters.zeroSnr) return ddim(parameters, steps, options);
  const table = noiseTable(parameters);
  const grid = wholeTimesteps(parameters, steps, parameters.timestepSpacing ?? "leading");
  const stride = Math.floor(parameters.trainTimesteps / steps);
  const evaluations = grid.flatMap((timestep, k) => {
    const own = plainEvaluation(table, timestep, k);
    return k === 1 ? [{ ...own, stepIndex: 0 }, own] : [own];
  });

  // Liu et al. 2022:
  // x' = sqrt(abar'/abar) x - (abar' - abar) eps / (abar sqrt(1 - abar') + sqrt(abar (1 - abar) abar')).
  function transfer(from: number, to: number, x: Numbers, epsilons: readonly (readonly [number, Numbers])[]) {
    const [here, next] = [abarAt(parameters, table, from), abarAt(parameters, table, to)];
    const move = -(next - here) / (here * Math.sqrt(1 - next) + Math.sqrt(here * (1 - here) * next));
    return weightedSum([Math.sqrt(next / here), x], ...epsilons.map(([weight, e]) => [move * weight, e] as const));
  }

  return {
    evaluations,
    initNoiseSigma: 1,
    step(i, latent, epsilon, _noise, memory) {
      const timestep = evaluations[i]!.timestep;
      const before = memory["history"] ?? []; // newest first
      if (i === 1) {
        const [start] = memory["start"] ?? [];
        invariant(start && before[0], "the correction comes after the first evaluation");
        memory["start"] = [];
        return transfer(timestep + stride, timestep, start, [
          [0.5, epsilon],
          [0.5, before[0]],
        ]);
      }
      if (i === 0) memory["start"] = [latent.slice()];
      const history = [epsilon.slice(), ...before];
      memory["history"] = history.slice(0, PLMS_WEIGHTS.length - 1);
      const weights = PLMS_WEIGHTS[history.length - 1]!;
      return transfer(
        timestep,
        timestep - stride,
        latent,
        history.map((e, k) => [weights[k]!, e] as const),
      );
    },
  };
};
