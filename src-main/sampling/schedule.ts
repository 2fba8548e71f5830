/**
 * Noise schedules: which noise levels a sampler visits and which timestep the network is told at each.
 *
 * Notation (Ho et al. 2020; Karras et al. 2022): `abar_t = prod(1 - beta_j, j <= t)`,
 * `sigma = sqrt((1 - abar) / abar)`. Tables are rounded to float32 where diffusers 0.25.1 does it, because the same seed shall give the same
 * picture; arithmetic between the roundings is float64.
 */
import { AppError } from "../wire/errors.ts";

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
  /** Whether the betas were rescaled so that the last timestep is pure noise (Lin et al. 2024, algorithm 1). */
  zeroSnr?: boolean;
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

/**
 * `lastAbar` stands in for the last timestep's abar where that is 0: an exact 0 would leave the picture out of epsilon altogether.
 * Samplers that count in sigma have diffusers' 2^-24 (sigma 4096); what is next to 0 does for those that keep the 0 there (DDIM).
 */
export function noiseTable(parameters: SchedulerParameters, lastAbar = 2 ** -24): NoiseTable {
  const f = Math.fround;
  const alphasCumprod = cumulated(parameters.zeroSnr ? rescaledToZeroSnr(betas(parameters)) : betas(parameters));
  if (parameters.zeroSnr) alphasCumprod[alphasCumprod.length - 1] = lastAbar;
  const sigmas = alphasCumprod.map((abar) => Math.sqrt(f(f(1 - abar) / abar)));
  return { alphasCumprod, sigmas };
}

/** abar of betas. */
function cumulated(table: Float32Array): Float32Array {
  let product = 1; // torch accumulates a float32 cumprod in float64
  return table.map((beta) => (product *= Math.fround(1 - beta)));
}

/** Betas whose last abar is 0 and whose first is as it was: sqrt(abar) shifted and stretched (Lin et al. 2024, algorithm 1). */
export function rescaledToZeroSnr(table: Float32Array): Float32Array {
  const f = Math.fround;
  const roots = cumulated(table).map(Math.sqrt);
  const [first, last] = [roots[0]!, roots.at(-1)!];
  const stretch = f(first / f(first - last));
  const abar = roots.map((root) => f(f(root - last) * stretch) ** 2);
  return abar.map((each, j) => 1 - (j === 0 ? each : f(each / abar[j - 1]!)));
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

/** The fractional timestep with this noise level: linear in log sigma, clamped to the table. */
export function timestepOf(table: Float32Array, sigma: number, log: (x: number) => number = Math.log): number {
  let low = 0;
  while (low < table.length - 2 && table[low + 1]! <= sigma) low++;
  const [from, to] = [log(table[low]!), log(table[low + 1]!)];
  const weight = (Math.log(sigma) - from) / (to - from);
  return low + Math.min(Math.max(weight, 0), 1);
}

/** Between neighbours of a table of noise levels by their logarithm, as k-diffusion does it; clamped to its ends. */
export function interpolateLog(table: Float32Array, position: number): number {
  const low = Math.min(Math.max(Math.floor(position), 0), table.length - 1);
  const high = Math.min(low + 1, table.length - 1);
  const weight = position - low;
  return Math.exp((1 - weight) * Math.log(table[low]!) + weight * Math.log(table[high]!));
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
export function linspaceTimesteps(parameters: SchedulerParameters, steps: number): number[] {
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
