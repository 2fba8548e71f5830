/**
 * One-step methods on the probability flow ODE dz/dsigma = eps (Karras et al. 2022, eq. 4 with
 * their s(t) = 1, sigma(t) = t): Euler, its ancestral variant, and Heun's second-order correction (their algorithm 1 without churn).
 */
import { invariant } from "../wire/errors.ts";
import { continuousGrid, type SigmaGrid } from "./grids.ts";
import type { SchedulerParameters } from "./schedule.ts";
import { weightedSum, type Evaluation, type Numbers, type StepperMaker } from "./sampler.ts";

/** One evaluation per noise level, for samplers that keep z. */
export function scaledEvaluations(grid: SigmaGrid): Evaluation[] {
  return grid.timesteps.map((timestep, stepIndex) => {
    const sigma = grid.sigmas[stepIndex]!;
    return { timestep, sigma, inputScale: 1 / Math.sqrt(sigma * sigma + 1), stepIndex };
  });
}

/** `leading` grids do not start at pure noise, so diffusers counts the picture's own unit variance in. */
export function initialScale(parameters: SchedulerParameters, grid: SigmaGrid): number {
  const max = grid.sigmas[0]!;
  return parameters.timestepSpacing === "leading" ? Math.sqrt(max * max + 1) : max;
}

/** z' = z + (sigma' - sigma) eps. */
export const euler: StepperMaker = (parameters, steps, { spacing }) => {
  const grid = continuousGrid(parameters, steps, spacing);
  return {
    evaluations: scaledEvaluations(grid),
    initNoiseSigma: initialScale(parameters, grid),
    step: (i, latent, epsilon) => weightedSum([1, latent], [grid.sigmas[i + 1]! - grid.sigmas[i]!, epsilon]),
  };
};

/**
 * Euler down to below the next level, then noise back up to it: sigma_up^2 = sigma'^2 (sigma^2 - sigma'^2) / sigma^2,
 * the variance of the DDPM posterior; sigma_down^2 = sigma'^2 - sigma_up^2.
 */
export const eulerAncestral: StepperMaker = (parameters, steps, { spacing }) => {
  const grid = continuousGrid(parameters, steps, spacing);
  return {
    evaluations: scaledEvaluations(grid),
    initNoiseSigma: initialScale(parameters, grid),
    step(i, latent, epsilon, noise) {
      const [from, to] = [grid.sigmas[i]!, grid.sigmas[i + 1]!];
      const down = (to * to) / from; // sqrt(to^2 - up^2)
      const up = to * Math.sqrt(Math.max(1 - (to / from) ** 2, 0));
      const moved: [number, Numbers][] = [
        [1, latent],
        [down - from, epsilon],
      ];
      return up === 0 ? weightedSum(...moved) : weightedSum(...moved, [up, noise()]);
    },
  };
};

/**
 * Euler to the next level, evaluate there, then step again from the start with the mean of both slopes; the last step,
 * to 0, is Euler's.
 */
export const heun: StepperMaker = (parameters, steps, { spacing }) => {
  const grid = continuousGrid(parameters, steps, spacing);
  const levels = scaledEvaluations(grid);
  return {
    // Levels 0, 1, 1, 2, 2, ...: the second visit of a level opens its own step, the first closes the step before.
    evaluations: levels.flatMap((level, k) => (k === 0 ? [level] : [{ ...level, stepIndex: k - 1 }, level])),
    initNoiseSigma: initialScale(parameters, grid),
    step(i, latent, epsilon, _noise, memory) {
      const k = i >> 1;
      const length = grid.sigmas[k + 1]! - grid.sigmas[k]!;
      if (i % 2 === 0) {
        memory["start"] = [latent.slice(), epsilon.slice()]; // where it is, and the slope there
        return weightedSum([1, latent], [length, epsilon]);
      }
      const [start, slope] = memory["start"] ?? [];
      invariant(start && slope, "Heun's correction comes after its first half");
      memory["start"] = [];
      return weightedSum([1, start], [length / 2, slope], [length / 2, epsilon]);
    },
  };
};
