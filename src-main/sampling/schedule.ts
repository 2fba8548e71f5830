/**
 * Noise schedules: which noise levels a sampler visits and which timestep the network is told at each.
 *
 * Notation (Ho et al. 2020; Karras et al. 2022): `abar_t = prod(1 - beta_j, j <= t)`,
 * `sigma = sqrt((1 - abar) / abar)`. Tables are rounded to float32 where diffusers 0.25.1 does it, because the same seed shall give the same
 * picture; arithmetic between the roundings is float64.
 */
import { AppError } from "../api/errors.ts";

/** The words of diffusers' `scheduler_config.json`, so that a reader of that file only renames keys. */
export type BetaSchedule = "linear" | "scaled_linear" | "squaredcos_cap_v2";
export type TimestepSpacing = "linspace" | "leading" | "trailing";
export type Prediction = "epsilon" | "v_prediction";

/** What a checkpoint says about the noise it was trained with. */
export interface SchedulerParameters {
  trainTimesteps: number;
  betaStart: number;
  betaEnd: number;
  betaSchedule: BetaSchedule;
  prediction: Prediction;
  /** Added to the timesteps of `leading` grids; 1 for Stable Diffusion. */
  stepsOffset: number;
  /** Whether DDIM ends at abar = 1 instead of abar_0; false for Stable Diffusion. */
  setAlphaToOne: boolean;
  /**
   * Set only where the checkpoint's file names it. Left out, every sampler uses its own default, as diffusers'
   * `from_config` does: it does not hand on values that the checkpoint's scheduler merely defaulted. So Stable
   * Diffusion 1.4 (a PNDM file without this key) is sampled on `linspace` by LMS, Euler, Heun, DPM++ and UniPC, and on
   * `leading` by DDIM and PNDM.
   */
  timestepSpacing?: TimestepSpacing;
}

/** Stable Diffusion 1.x. */
export const STABLE_DIFFUSION: SchedulerParameters = {
  trainTimesteps: 1000,
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: "scaled_linear",
  prediction: "epsilon",
  stepsOffset: 1,
  setAlphaToOne: false,
};

/** abar and sigma of every training timestep. */
export interface NoiseTable {
  readonly alphasCumprod: Float32Array;
  readonly sigmas: Float32Array;
}

/** The noise levels of a run: as many timesteps as steps, and one sigma more, where the run ends. */
export interface SigmaGrid {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
}

/** Rejects step counts that no sampler can make. */
export function checkSteps(steps: number, { trainTimesteps }: SchedulerParameters): void {
  const most = Math.min(1000, trainTimesteps);
  if (Number.isInteger(steps) && steps >= 1 && steps <= most) return;
  throw new AppError("scene-invalid", `settings.steps: expected a whole number from 1 to ${most}, got ${steps}`, {
    at: "settings.steps",
  });
}

/**
 * Training betas (Ho et al. 2020 linear; latent diffusion's "scaled" squares; Nichol & Dhariwal 2021 eq. 17 cosine).
 */
export function betas(parameters: SchedulerParameters): Float32Array {
  const { trainTimesteps: count, betaStart, betaEnd, betaSchedule } = parameters;
  switch (betaSchedule) {
    case "linear":
      return linspace32(betaStart, betaEnd, count);
    case "scaled_linear":
      return linspace32(Math.sqrt(betaStart), Math.sqrt(betaEnd), count).map((root) => root * root);
    case "squaredcos_cap_v2": {
      const abar = (t: number): number => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
      return Float32Array.from({ length: count }, (_, j) =>
        Math.min(1 - abar((j + 1) / count) / abar(j / count), 0.999),
      );
    }
  }
}

export function noiseTable(parameters: SchedulerParameters): NoiseTable {
  const f = Math.fround;
  let product = 1; // torch accumulates a float32 cumprod in float64
  const alphasCumprod = betas(parameters).map((beta) => (product *= f(1 - beta)));
  const sigmas = alphasCumprod.map((abar) => Math.sqrt(f(f(1 - abar) / abar)));
  return { alphasCumprod, sigmas };
}

/**
 * The grid of LMS, Euler and Heun: timesteps may be fractional (`linspace` is not rounded), sigma between two training
 * timesteps is interpolated linearly, and the run ends at sigma 0.
 */
export function continuousGrid(parameters: SchedulerParameters, steps: number, karras: boolean): SigmaGrid {
  const table = noiseTable(parameters).sigmas;
  const spacing = parameters.timestepSpacing ?? "linspace";
  let timesteps =
    spacing === "linspace"
      ? linspaceTimesteps(parameters, steps).map(Math.fround)
      : wholeTimesteps(parameters, steps, spacing);
  let sigmas = timesteps.map((t) => interpolate(table, t));
  if (karras) {
    sigmas = karrasSigmas(steps, { min: sigmas.at(-1)!, max: sigmas[0]! });
    timesteps = sigmas.map((sigma) => timestepOf(table, sigma));
  }
  return { timesteps, sigmas: [...sigmas, 0].map(Math.fround) };
}

/**
 * The grid of DPM-Solver++ and UniPC: whole timesteps, the last left out, and a run that ends at the smallest trained
 * noise level: diffusers 0.25.1 does not go on to sigma 0, which later versions made the default.
 */
export function solverGrid(parameters: SchedulerParameters, steps: number, karras: boolean): SigmaGrid {
  const table = noiseTable(parameters).sigmas;
  const last = parameters.trainTimesteps - 1;
  let timesteps: number[];
  let sigmas: number[];
  if (karras) {
    sigmas = karrasSigmas(steps, { min: table[0]!, max: table[last]! });
    // The sigmas stay where eq. 5 puts them; only what the network is told is rounded.
    timesteps = sigmas.map((sigma) => roundHalfEven(timestepOf(table, sigma)));
  } else {
    const spacing = parameters.timestepSpacing ?? "linspace";
    timesteps =
      spacing === "trailing"
        ? wholeTimesteps(parameters, steps, spacing)
        : wholeTimesteps(parameters, steps + 1, spacing).slice(0, -1);
    sigmas = timesteps.map((t) => table[t]!);
  }
  return { timesteps, sigmas: [...sigmas, table[0]!].map(Math.fround) };
}

/**
 * Whole timesteps, from noise to picture (Lin et al. 2024, table 2). The grid of DDIM and PNDM, which default to
 * `leading`.
 */
export function wholeTimesteps(parameters: SchedulerParameters, steps: number, spacing: TimestepSpacing): number[] {
  const { trainTimesteps: count, stepsOffset } = parameters;
  switch (spacing) {
    case "linspace":
      return linspaceTimesteps(parameters, steps).map(roundHalfEven);
    case "leading": {
      const ratio = Math.floor(count / steps);
      // With as many steps as training timesteps the offset would point behind the table, where diffusers fails.
      const offset = Math.min(stepsOffset, count - 1 - (steps - 1) * ratio);
      return Array.from({ length: steps }, (_, k) => (steps - 1 - k) * ratio + offset);
    }
    case "trailing":
      return Array.from({ length: steps }, (_, k) => Math.max(roundHalfEven(count - (k * count) / steps) - 1, 0));
  }
}

/** Spaces sigmas so that steps are finer near zero (Karras et al. 2022, eq. 5, without its final 0). */
export function karrasSigmas(steps: number, range: { min: number; max: number }, rho = 7): number[] {
  const from = range.max ** (1 / rho);
  const to = range.min ** (1 / rho);
  return Array.from({ length: steps }, (_, i) => (from + (steps > 1 ? i / (steps - 1) : 0) * (to - from)) ** rho);
}

/** The fractional timestep with this noise level: linear in log sigma, clamped to the table. */
export function timestepOf(table: Float32Array, sigma: number): number {
  let low = 0;
  while (low < table.length - 2 && table[low + 1]! <= sigma) low++;
  const [from, to] = [Math.log(table[low]!), Math.log(table[low + 1]!)];
  const weight = (Math.log(sigma) - from) / (to - from);
  return low + Math.min(Math.max(weight, 0), 1);
}

/** Linear between neighbours of a table, clamped to its ends. */
export function interpolate(table: Float32Array, position: number): number {
  const low = Math.min(Math.max(Math.floor(position), 0), table.length - 1);
  const high = Math.min(low + 1, table.length - 1);
  return table[low]! + (position - low) * (table[high]! - table[low]!);
}

/**
 * Evenly from the last training timestep to 0. A single step starts at the noisy end, where numpy's `linspace` would
 * give 0.
 */
function linspaceTimesteps(parameters: SchedulerParameters, steps: number): number[] {
  const last = parameters.trainTimesteps - 1;
  if (steps === 1) return [last];
  return Array.from({ length: steps }, (_, k) => (steps - 1 - k) * (last / (steps - 1)));
}

/** torch.linspace in float32, which counts up from the start in its first half and down from the end in its second. */
function linspace32(start: number, end: number, count: number): Float32Array {
  const f = Math.fround;
  const step = f(f(f(end) - f(start)) / (count - 1));
  return Float32Array.from({ length: count }, (_, j) =>
    j < count / 2 ? f(start) + step * j : f(end) - step * (count - 1 - j),
  );
}

/** numpy's rounding: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
