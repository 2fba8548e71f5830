/**
 * DPM-Solver++ 2M (Lu et al. 2022, algorithm 2): second-order multistep in lambda = ln(alpha / s) on the predicted
 * clean latent, where alpha = sqrt(abar), s = sqrt(1 - abar). Keeps x.
 */
import { solverGrid, type SigmaGrid } from "./grids.ts";
import { weightedSum, type Evaluation, type Numbers, type StepperMaker } from "./sampler.ts";

/** A noise level as the exponential integrators see it. */
export interface Level {
  readonly alpha: number;
  readonly s: number;
  readonly lambda: number;
}

export function levelOf(sigma: number): Level {
  const alpha = 1 / Math.sqrt(sigma * sigma + 1);
  return { alpha, s: sigma * alpha, lambda: -Math.log(sigma) };
}

export function solverEvaluations(grid: SigmaGrid): Evaluation[] {
  return grid.timesteps.map((timestep, i) => ({ timestep, sigma: grid.sigmas[i]!, inputScale: 1, stepIndex: i }));
}

/** The predicted clean latent (x - s eps) / alpha. */
export function dataPrediction(level: Level, x: Float32Array, epsilon: Numbers): Float32Array {
  return weightedSum([1 / level.alpha, x], [-level.s / level.alpha, epsilon]);
}

/** Below this many steps the last one is of first order, which diffusers found to be more stable. */
const FEW_STEPS = 15;

// x' = (s'/s) x - alpha' (e^-h - 1) [D + (D - D_before) / (2r)], h = lambda' - lambda, r = h_before / h
export const dpmSolver: StepperMaker = (parameters, steps, { spacing }) => {
  const grid = solverGrid(parameters, steps, spacing);
  const levels = grid.sigmas.map(levelOf);
  return {
    evaluations: solverEvaluations(grid),
    initNoiseSigma: 1,
    step(i, latent, epsilon, _noise, memory) {
      const before = memory["before"]?.[0];
      const [here, next] = [levels[i]!, levels[i + 1]!];
      const data = dataPrediction(here, latent, epsilon);
      const h = next.lambda - here.lambda;
      const gain = -next.alpha * Math.expm1(-h);
      const reach = i === 0 ? 0 : here.lambda - levels[i - 1]!.lambda;
      // Rounded timesteps repeat when there are nearly as many steps as timesteps; no slope can be taken between equal levels.
      // Nor towards sigma 0, which lies infinitely far in lambda.
      const secondOrder = before && reach !== 0 && next.s > 0 && !(i === steps - 1 && steps < FEW_STEPS);
      const slope = secondOrder ? h / reach / 2 : 0; // 1 / (2r)
      const moved = weightedSum([next.s / here.s, latent], [gain * (1 + slope), data], [-gain * slope, before ?? data]);
      memory["before"] = [data];
      return moved;
    },
  };
};
