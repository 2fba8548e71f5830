/**
 * DPM-Solver++ as a stochastic equation (Lu et al. 2022, section 6; k-diffusion's sampling.py by Katherine Crowson): noise is added on the
 * way, as much as the step takes away. k-diffusion draws it from a Brownian tree, so that the two noises of one step of DPM++ SDE belong
 * together; here, as in diffusers' tests of it, every noise is drawn by itself.
 */
import { invariant } from "../wire/errors.ts";
import { dataPrediction, levelOf, solverEvaluations } from "./dpmSolver.ts";
import { initialScale } from "./euler.ts";
import { continuousGrid, type SigmaGrid, solverGrid } from "./grids.ts";
import { weightedSum, type Evaluation, type Numbers, type Stepper, type StepperMaker } from "./sampler.ts";
import { noiseTable, type SchedulerParameters, timestepOf } from "./schedule.ts";

/** DPM++ 2M SDE, the second order by the midpoint rule. Keeps x. */
export const dpm2mSde: StepperMaker = (parameters, steps, { spacing }) =>
  dpm2mSdeOn(solverGrid(parameters, steps, spacing, "zero"));

// x' = (s'/s) e^-h x + alpha' (1 - e^-2h) [D + (D - D_before) / (2r)] + s' sqrt(1 - e^-2h) noise
export function dpm2mSdeOn(grid: SigmaGrid): Stepper {
  const levels = grid.sigmas.map(levelOf);
  return {
    evaluations: solverEvaluations(grid),
    initNoiseSigma: 1,
    step(i, latent, epsilon, noise, memory) {
      const before = memory["before"]?.[0];
      const [here, next] = [levels[i]!, levels[i + 1]!];
      const data = dataPrediction(here, latent, epsilon);
      const h = next.lambda - here.lambda;
      const gain = -next.alpha * Math.expm1(-2 * h);
      const reach = i === 0 ? 0 : here.lambda - levels[i - 1]!.lambda;
      const slope = before && reach !== 0 && next.s > 0 ? h / reach / 2 : 0;
      const up = next.s * Math.sqrt(-Math.expm1(-2 * h));
      const moved = weightedSum(
        [(next.s / here.s) * Math.exp(-h), latent],
        [gain * (1 + slope), data],
        [-gain * slope, before ?? data],
        ...(up > 0 ? [[up, noise()] as const] : []),
      );
      memory["before"] = [data];
      return moved;
    },
  };
}

/** Down to below `to` and, with noise, back up to it, as Euler's ancestral steps (euler.ts). */
function ancestral(from: number, to: number): { down: number; up: number } {
  const up = Math.min(to, to * Math.sqrt(Math.max(1 - (to / from) ** 2, 0)));
  return { down: Math.sqrt(to * to - up * up), up };
}

/** z from noise level `from` to `to`, towards the clean latent that `epsilon` foresees at z + (`at` - `from`) of noise. */
function towards(z: Numbers, from: number, to: number, data: Numbers, noise?: readonly [number, Float32Array]) {
  const keep = to / from;
  return weightedSum([keep, z], [1 - keep, data], ...(noise ? [noise] : []));
}

/** z0 = z - sigma eps. */
const clean = (z: Float32Array, sigma: number, epsilon: Numbers) => weightedSum([1, z], [-sigma, epsilon]);

/** Two evaluations for each step but the last: at its level, and at `middle` of it and the next. */
function twice(parameters: SchedulerParameters, grid: SigmaGrid, middle: (from: number, to: number) => number) {
  const table = noiseTable(parameters).sigmas;
  const at = (sigma: number, timestep: number, stepIndex: number): Evaluation => ({
    timestep,
    sigma,
    inputScale: 1 / Math.sqrt(sigma * sigma + 1),
    stepIndex,
  });
  return grid.timesteps.flatMap((timestep, k) => {
    const [from, to] = [grid.sigmas[k]!, grid.sigmas[k + 1]!];
    const sigma = middle(from, to);
    return to === 0 ? [at(from, timestep, k)] : [at(from, timestep, k), at(sigma, timestepOf(table, sigma), k)];
  });
}

/** Where a half of a step from level `from` to `to` ends, and how much noise is added there; without `up` none is drawn. */
type Half = (from: number, to: number, isFirst: boolean) => { down: number; up?: number };

/** Both halves of a step begin at its latent, which is kept between them. */
function inHalves(
  parameters: SchedulerParameters,
  grid: SigmaGrid,
  middle: (from: number, to: number) => number,
  half: Half,
): Stepper {
  const evaluations = twice(parameters, grid, middle);
  return {
    evaluations,
    initNoiseSigma: initialScale(parameters, grid),
    step(i, latent, epsilon, noise, memory) {
      const { sigma, stepIndex } = evaluations[i]!;
      const [from, to] = [grid.sigmas[stepIndex]!, grid.sigmas[stepIndex + 1]!];
      const data = clean(latent, sigma, epsilon);
      if (to === 0) return data;
      const isFirst = i % 2 === 0;
      const { down, up } = half(from, to, isFirst);
      const start = isFirst ? latent.slice() : memory["start"]?.[0];
      invariant(start, "the second half of a step comes after its first");
      memory["start"] = isFirst ? [start] : [];
      return towards(start, from, down, data, up === undefined ? undefined : [up, noise()]);
    },
  };
}

/** DPM++ SDE: half a step in log sigma with noise, then the whole step by what is foreseen there. Keeps z. */
export const dpmSde: StepperMaker = (parameters, steps, { spacing }) =>
  dpmSdeOn(parameters, continuousGrid(parameters, steps, spacing));

export function dpmSdeOn(parameters: SchedulerParameters, grid: SigmaGrid): Stepper {
  const middle = (from: number, to: number) => Math.sqrt(from * to);
  return inHalves(parameters, grid, middle, (from, to, isFirst) => ancestral(from, isFirst ? middle(from, to) : to));
}

/** DPM++ 2S a: the single-step method of second order down to below the next level, then noise up to it. Keeps z. */
export const dpm2sAncestral: StepperMaker = (parameters, steps, { spacing }) =>
  dpm2sAncestralOn(parameters, continuousGrid(parameters, steps, spacing));

export function dpm2sAncestralOn(parameters: SchedulerParameters, grid: SigmaGrid): Stepper {
  const middle = (from: number, to: number) => Math.sqrt(from * ancestral(from, to).down);
  return inHalves(parameters, grid, middle, (from, to, isFirst) =>
    isFirst ? { down: middle(from, to) } : ancestral(from, to),
  );
}
