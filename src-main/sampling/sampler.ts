/**
 * What a sampler is: a list of network evaluations, and a pure step from one to the next that the engine drives.
 *
 * Two scales occur. `x = sqrt(abar) x0 + sqrt(1 - abar) eps` (variance preserving) is what the network takes and what
 * DDIM, PNDM, DPM++ 2M, UniPC, LCM and TCD keep as their latent; `z = x sqrt(1 + sigma^2) = x0 + sigma eps` is what LMS, Euler,
 * Heun, DPM++ SDE, DPM++ 2S a and DEIS keep. `inputScale` leads from the latent to `x`.
 *
 * Every sampler steps in terms of epsilon: loss guidance is a term added to the noise prediction, and this way it
 * enters histories whatever the network predicts. Networks that predict v go through `toEpsilon` first. Classifier-free
 * guidance may be applied before or after that: the conversion is affine with the same x on both halves, so the two
 * commute.
 */
import type { Spacing } from "../scene/scene.ts";
import type { Prediction, SchedulerParameters } from "./schedule.ts";

/**
 * Numbers of a prediction. Where the network predicts v they keep float64: at a noise level of 4096 (zero terminal SNR) all of the
 * picture is in digits of epsilon that float32 does not have.
 */
export type Numbers = Float32Array | Float64Array;

/** One call of the network. */
export interface Evaluation {
  /** What the network is told; fractional on some grids. */
  readonly timestep: number;
  /** sqrt((1 - abar) / abar) here, whatever scale the sampler keeps; guidance strengths follow it. */
  readonly sigma: number;
  /** The network's input is the latent times this. */
  readonly inputScale: number;
  /**
   * The scheduler step this evaluation belongs to, 0 <= stepIndex < steps: what guidance ranges and progress count.
   * Heun and the first step of PNDM evaluate twice in one step.
   */
  readonly stepIndex: number;
}

/**
 * What a sampler carries from one evaluation to the next besides the latent: arrays of the latent's size by name, the newest first. All
 * else that it does follows from the evaluation's number.
 */
export type Memory = Record<string, readonly Numbers[]>;

/** Where a run of a sampler is: the evaluation that comes next, and what is carried there. */
export interface SamplerPosition {
  readonly next: number;
  readonly memory: Readonly<Memory>;
}

/**
 * One run of a sampler. It owns the history of that run: make a new one for every picture, call `step` for 0, 1, 2, ...
 * in order.
 */
export interface Sampler {
  readonly evaluations: readonly Evaluation[];
  /** The first latent is standard normal noise times this. */
  readonly initNoiseSigma: number;
  /**
   * Consumes the guided epsilon of evaluation i, with the latent that it was evaluated at, and returns the latent to
   * evaluate next (after the last evaluation: the finished one). `noise` gives fresh standard
   * normal noise of the latent's size; only ancestral steps call it.
   */
  step(i: number, latent: Float32Array, epsilon: Numbers, noise: () => Float32Array): Float32Array;
  /** The clean latent that the network foresees at evaluation i, for previews. Changes nothing. */
  predictOriginal(i: number, latent: Float32Array, epsilon: Numbers): Float32Array;
  /** Where the run is. Its arrays are never written to again: a sampler that is made with it goes on to the same bits. */
  position(): SamplerPosition;
}

export interface SamplerOptions {
  /** How noise levels are spaced. DDIM, PNDM, LCM and TCD are bound to training timesteps and ignore it. */
  readonly spacing: Spacing;
  /** Steps that are left out from the beginning, by a run that goes on from a picture; none where it is left out. */
  readonly skip?: number;
}

/** The part of a sampler that differs: its levels, and a step that is a function of what is handed to it. */
export interface Stepper extends Pick<Sampler, "evaluations" | "initNoiseSigma"> {
  /** As a sampler's, with what was carried here; puts what is to be carried on in its place. Names that are left alone stay. */
  readonly step: (
    i: number,
    latent: Float32Array,
    epsilon: Numbers,
    noise: () => Float32Array,
    memory: Memory,
  ) => Float32Array;
}

/** A sampler of this kind for one run; `steps` has been checked. */
export type StepperMaker = (parameters: SchedulerParameters, steps: number, options: SamplerOptions) => Stepper;

/**
 * The network's output at `latent` as epsilon.
 * v = sqrt(abar) eps - sqrt(1 - abar) x0 (Salimans & Ho 2022), hence
 * eps = sqrt(abar) v + sqrt(1 - abar) x = (v + sigma x) / sqrt(1 + sigma^2), with x = latent * inputScale.
 */
export function toEpsilon(
  output: Float32Array,
  latent: Float32Array,
  { sigma, inputScale }: Pick<Evaluation, "sigma" | "inputScale">,
  prediction: Prediction,
): Numbers {
  if (prediction === "epsilon") return output;
  const scale = 1 / Math.sqrt(1 + sigma * sigma);
  return exactSum([scale, output], [scale * sigma * inputScale, latent]);
}

/** x0 = z - sigma eps, with z = latent * inputScale * sqrt(1 + sigma^2). */
export function estimateOriginal(at: Evaluation, latent: Float32Array, epsilon: Numbers): Float32Array {
  return weightedSum([at.inputScale * Math.sqrt(1 + at.sigma * at.sigma), latent], [-at.sigma, epsilon]);
}

type Term = readonly [weight: number, values: Numbers];

/** Sum of weight * array, element by element in float64, rounded once. */
export function weightedSum(...terms: readonly Term[]): Float32Array<ArrayBuffer> {
  return new Float32Array(exactSum(...terms));
}

/** The same, not rounded. */
export function exactSum(...terms: readonly Term[]): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(terms[0]![1].length);
  for (const [weight, values] of terms) {
    for (let k = 0; k < sum.length; k++) sum[k]! += weight * values[k]!;
  }
  return sum;
}
