/** Noise levels: against test/goldens/methods.json (float64 derivations) and by hand. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lmsCoefficients } from "../../src-main/sampling/lms.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { continuousGrid, karrasSigmas, solverGrid } from "../../src-main/sampling/grids.ts";
import {
  betas,
  interpolate,
  noiseTable,
  roundHalfEven,
  STABLE_DIFFUSION,
  timestepOf,
  wholeTimesteps,
} from "../../src-main/sampling/schedule.ts";
import { relativeError } from "../support/closeness.ts";

interface Levels {
  timesteps: number[];
  sigmas: number[];
}
const goldens = JSON.parse(readFileSync(new URL("../goldens/methods.json", import.meta.url), "utf8")) as {
  alphas_cumprod_head: number[];
  alphas_cumprod_tail: number[];
  lms50: Levels & { lms: number[][] };
  lms51: Levels & { lms: number[][] };
  pndm50_timesteps: number[];
  ddim50_leading_offset1: number[];
  ddim50_leading_offset0: number[];
  dpmpp2m_20: Levels;
  dpmpp2m_50: Levels;
};
const SD = STABLE_DIFFUSION;
const timesteps = (name: "ddim" | "pndm", stepsOffset: number): number[] =>
  createSampler(name, { ...SD, stepsOffset }, 50, { spacing: "model" }).evaluations.map((each) => each.timestep);

describe("the noise table of Stable Diffusion", () => {
  const { alphasCumprod, sigmas } = noiseTable(SD);

  test("agrees with the derivation at both ends", () => {
    expect(relativeError(alphasCumprod.slice(0, 5), goldens.alphas_cumprod_head)).toBeLessThan(1e-6);
    expect(relativeError(alphasCumprod.slice(-5), goldens.alphas_cumprod_tail)).toBeLessThan(1e-6);
  });

  test("has torch's bits", () => {
    // torch 2.13: betas = linspace(.00085 ** .5, .012 ** .5, 1000) ** 2, cumprod(1 - betas), all float32
    expect(betas(SD)[500]).toBe(0.004814953543245792);
    expect(alphasCumprod[500]).toBe(0.27633246779441833);
    expect(sigmas[999]).toBe(14.614646911621094);
  });
});

describe.each([50, 51] as const)("LMS in %i steps", (steps) => {
  const golden = goldens[`lms${steps}`];
  const grid = continuousGrid(SD, steps, "model");

  test("visits the expected timesteps and sigmas", () => {
    expect(relativeError(grid.timesteps, golden.timesteps)).toBeLessThan(1e-7);
    expect(relativeError(grid.sigmas, golden.sigmas)).toBeLessThan(1e-6);
  });

  test("weighs past epsilons as the integrals say", () => {
    for (const [i, expected] of golden.lms.entries()) {
      // In float32, as diffusers has it, sigma_0 is off by 1.3e-5 (1 - abar loses digits there), and so are the last weights.
      expect(relativeError(lmsCoefficients(grid.sigmas, i), expected), `step ${i}`).toBeLessThan(3e-5);
      expect(relativeError(lmsCoefficients(golden.sigmas, i), expected), `step ${i}, float64`).toBeLessThan(1e-7);
    }
  });
});

test("DDIM and PNDM visit every twentieth timestep, PNDM the second one twice", () => {
  expect(timesteps("ddim", 1)).toEqual(goldens.ddim50_leading_offset1);
  expect(timesteps("ddim", 0)).toEqual(goldens.ddim50_leading_offset0);
  expect(timesteps("pndm", 1)).toEqual(goldens.pndm50_timesteps);
});

test.each([20, 50] as const)("DPM++ in %i steps visits the expected timesteps and sigmas", (steps) => {
  const golden = goldens[`dpmpp2m_${steps}`];
  const grid = solverGrid(SD, steps, "model");
  expect(grid.timesteps).toEqual(golden.timesteps);
  expect(relativeError(grid.sigmas.slice(0, -1), golden.sigmas.slice(0, -1))).toBeLessThan(1e-6);
  expect(grid.sigmas.at(-1)).toBe(noiseTable(SD).sigmas[0]); // the derivation ends at 0, diffusers 0.25.1 does not
});

test("Karras' levels are evenly spaced seventh roots", () => {
  // roots 3, 2.5, 2, 1.5, 1
  const expected = [2187, 610.3515625, 128, 17.0859375, 1];
  expect(relativeError(karrasSigmas(5, { min: 1, max: 2187 }), expected)).toBeLessThan(1e-12);
  expect(karrasSigmas(1, { min: 1, max: 128 })[0]).toBeCloseTo(128, 9);
});

test("a sigma between two timesteps lies in between by its logarithm", () => {
  const table = Float32Array.of(1, 2, 8, 16);
  expect([1, 2, 4, 8, 16].map((sigma) => timestepOf(table, sigma))).toEqual([0, 1, 1.5, 2, 3]);
  expect([0.1, 100].map((sigma) => timestepOf(table, sigma))).toEqual([0, 3]);
});

test("a table is read linearly between its entries", () => {
  const table = Float32Array.of(1, 3, 11);
  expect([0, 0.5, 1, 1.25, 2].map((position) => interpolate(table, position))).toEqual([1, 2, 3, 5, 11]);
});

test("each spacing counts down in its own way", () => {
  const tenth = { ...SD, trainTimesteps: 10, stepsOffset: 1 };
  expect(wholeTimesteps(tenth, 4, "linspace")).toEqual([9, 6, 3, 0]);
  expect(wholeTimesteps(tenth, 3, "linspace")).toEqual([9, 4, 0]); // 4.5 goes to the even side
  expect(wholeTimesteps(tenth, 4, "leading")).toEqual([7, 5, 3, 1]);
  expect(wholeTimesteps(tenth, 4, "trailing")).toEqual([9, 7, 4, 1]); // 10, 7.5, 5, 2.5 rounded half-even, less 1
  expect(wholeTimesteps(tenth, 10, "leading")).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
});

test("a spacing named by the checkpoint holds for every sampler, and leading grids start louder", () => {
  const leading = { ...SD, timestepSpacing: "leading" } as const;
  const lms = createSampler("lms", leading, 50, { spacing: "model" });
  expect(lms.evaluations[0]!.timestep).toBe(981);
  expect(lms.initNoiseSigma).toBeCloseTo(Math.hypot(lms.evaluations[0]!.sigma, 1), 6);
  expect(createSampler("dpmpp-2m", leading, 50, { spacing: "model" }).evaluations[0]!.timestep).toBe(951); // 50 * 19 + 1
  const trailing = { ...SD, timestepSpacing: "trailing" } as const;
  expect(createSampler("ddim", trailing, 50, { spacing: "model" }).evaluations[0]!.timestep).toBe(999);
  expect(createSampler("lms", trailing, 50, { spacing: "model" }).initNoiseSigma).toBe(14.614646911621094);
});

test("halves are rounded to even", () => {
  expect([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3]);
});

test("linear and cosine betas are where their formulas put them", () => {
  const linear = betas({ ...SD, betaSchedule: "linear", betaStart: 0.1, betaEnd: 0.5, trainTimesteps: 5 });
  expect(relativeError(linear, [0.1, 0.2, 0.3, 0.4, 0.5])).toBeLessThan(1e-7);
  const cosine = { ...SD, betaSchedule: "squaredcos_cap_v2" } as const;
  expect(betas(cosine)[999]).toBe(Math.fround(0.999)); // capped
  // abar_499 = f(1/2) / f(0), f(t) = cos^2((t + .008) / 1.008 * pi / 2)
  const f = (t: number): number => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  expect(noiseTable(cosine).alphasCumprod[499]).toBeCloseTo(f(0.5) / f(0), 5);
});
