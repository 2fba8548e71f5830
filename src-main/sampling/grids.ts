/**
 * The noise levels that a run visits, for samplers that are free in them: by the checkpoint's timesteps, by Karras et al. 2022, or in the
 * other ways that A1111's and ComfyUI's lists name ("exponential", "SGM uniform", "simple").
 */
import type { Spacing } from "../scene/scene.ts";
import {
  interpolate,
  interpolateLog,
  linspaceTimesteps,
  noiseTable,
  roundHalfEven,
  type SchedulerParameters,
  timestepOf,
  wholeTimesteps,
} from "./schedule.ts";

/** The noise levels of a run: as many timesteps as steps, and one sigma more, where the run ends. */
export interface SigmaGrid {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
}

/**
 * The grid of LMS, Euler, Heun, DPM++ SDE and DPM++ 2S a: timesteps may be fractional (`linspace` is not rounded), sigma between two
 * training timesteps is interpolated linearly, and the run ends at sigma 0.
 */
export function continuousGrid(parameters: SchedulerParameters, steps: number, spacing: Spacing): SigmaGrid {
  if (spacing === "sgm-uniform" || spacing === "simple") return tableGrid(parameters, steps, spacing);
  const table = noiseTable(parameters).sigmas;
  const own = parameters.timestepSpacing ?? "linspace";
  let timesteps =
    own === "linspace" ? linspaceTimesteps(parameters, steps).map(Math.fround) : wholeTimesteps(parameters, steps, own);
  let sigmas = timesteps.map((t) => interpolate(table, t));
  if (spacing !== "model") {
    sigmas = curves[spacing](steps, { min: sigmas.at(-1)!, max: sigmas[0]! });
    timesteps = sigmas.map((sigma) => timestepOf(table, sigma));
  }
  return { timesteps, sigmas: [...sigmas, 0].map(Math.fround) };
}

/**
 * The grid of the DPM-Solver++ family, UniPC and DEIS: whole timesteps, the last left out. Where the run ends is `end`'s to say: with
 * Stable Diffusion's settings diffusers 0.25.1 stops at the smallest trained noise level, later versions go on to sigma 0, and so does
 * every spacing that came with them.
 */
export function solverGrid(
  parameters: SchedulerParameters,
  steps: number,
  spacing: Spacing,
  end: "zero" | "smallest" = "smallest",
): SigmaGrid {
  if (spacing === "sgm-uniform" || spacing === "simple") return tableGrid(parameters, steps, spacing);
  const table = noiseTable(parameters).sigmas;
  const last = parameters.trainTimesteps - 1;
  const range = { min: table[0]!, max: table[last]! };
  let timesteps: number[];
  let sigmas: number[];
  if (spacing === "model") {
    const own = parameters.timestepSpacing ?? "linspace";
    timesteps =
      own === "trailing"
        ? wholeTimesteps(parameters, steps, own)
        : wholeTimesteps(parameters, steps + 1, own).slice(0, -1);
    sigmas = timesteps.map((t) => table[t]!);
  } else {
    sigmas = curves[spacing](steps, range);
    // The sigmas stay on their curve; only what the network is told is a whole number, which diffusers rounds for one and cuts for the
    // other, out of logarithms in float32.
    timesteps = sigmas.map((sigma) =>
      spacing === "karras"
        ? roundHalfEven(timestepOf(table, sigma))
        : Math.floor(timestepOf(table, sigma, (x) => Math.fround(Math.log(x)))),
    );
  }
  const stop = end === "zero" || spacing === "exponential" || parameters.zeroSnr ? 0 : range.min;
  return { timesteps, sigmas: [...sigmas, stop].map(Math.fround) };
}

/** `sgm-uniform`: evenly in time, the last time left out. `simple`: whole timesteps, each as far from the next. Both end at sigma 0. */
function tableGrid(parameters: SchedulerParameters, steps: number, spacing: "sgm-uniform" | "simple"): SigmaGrid {
  const table = noiseTable(parameters).sigmas;
  const count = table.length;
  const timesteps =
    spacing === "simple"
      ? Array.from({ length: steps }, (_, k) => count - 1 - Math.trunc((k * count) / steps))
      : linspaceTimesteps(parameters, steps + 1)
          .slice(0, -1)
          .map(Math.fround);
  return { timesteps, sigmas: [...timesteps.map((t) => interpolateLog(table, t)), 0].map(Math.fround) };
}

interface Range {
  min: number;
  max: number;
}

/** Spaces sigmas so that steps are finer near zero (Karras et al. 2022, eq. 5, without its final 0). */
export function karrasSigmas(steps: number, range: { min: number; max: number }, rho = 7): number[] {
  const from = range.max ** (1 / rho);
  const to = range.min ** (1 / rho);
  return Array.from({ length: steps }, (_, i) => (from + (steps > 1 ? i / (steps - 1) : 0) * (to - from)) ** rho);
}

/** Evenly in log sigma. */
export function exponentialSigmas(steps: number, range: Range): number[] {
  const [from, to] = [Math.log(range.max), Math.log(range.min)];
  return Array.from({ length: steps }, (_, i) => Math.exp(from + (steps > 1 ? i / (steps - 1) : 0) * (to - from)));
}

const curves = { karras: karrasSigmas, exponential: exponentialSigmas };
