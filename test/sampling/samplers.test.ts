/**
 * Samplers on denoisers solved by hand. Where the data are normal with mean m and deviation d, the best noise prediction at z is
 * sigma (z - m) / (d^2 + sigma^2), and the probability flow ODE takes z to m + (z_start - m) sqrt((d^2 + sigma^2) / (d^2 + sigma_start^2)).
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { takesSpacing, type Spacing } from "../../src-main/scene/scene.ts";
import { OTHER_SPACINGS, SCHEDULERS, type SchedulerName } from "../../src-main/scene/schedulers.ts";
import { TorchGenerator } from "../../src-main/sampling/random.ts";
import { toEpsilon, type Evaluation, type Numbers, type Sampler } from "../../src-main/sampling/sampler.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { noiseTable, STABLE_DIFFUSION, type SchedulerParameters } from "../../src-main/sampling/schedule.ts";
import { relativeError } from "../support/closeness.ts";

/** epsilon at sigma-space latent z. */
type Denoiser = (z: number, sigma: number, k: number) => number;

const normal =
  (mean: number, deviation: number): Denoiser =>
  (z, sigma) =>
    (sigma * (z - mean)) / (deviation ** 2 + sigma ** 2);

const SMALLEST_SIGMA = noiseTable(STABLE_DIFFUSION).sigmas[0]!;
/** LMS, Euler and Heun end at sigma 0; with Stable Diffusion's settings the others at the smallest trained level. */
const KEEP_Z = new Set<SchedulerName>(["lms", "euler", "euler-a", "heun", "dpmpp-sde", "dpmpp-2s-a"]);
/** Those that end at sigma 0 with Stable Diffusion's own timesteps. */
const END_AT_ZERO = new Set<SchedulerName>([...KEEP_Z, "dpmpp-2m-sde", "lcm"]);
const STOCHASTIC: readonly SchedulerName[] = ["euler-a", "dpmpp-2m-sde", "dpmpp-sde", "dpmpp-2s-a", "lcm", "tcd"];
const ODE_SAMPLERS = SCHEDULERS.filter((name) => !STOCHASTIC.includes(name));

const make = (name: SchedulerName, steps: number, spacing: Spacing = "model", parameters = STABLE_DIFFUSION): Sampler =>
  createSampler(name, parameters, steps, { spacing });
const toZ = ({ inputScale, sigma }: Evaluation): number => inputScale * Math.sqrt(1 + sigma ** 2);

function epsilonOf(denoiser: Denoiser, at: Evaluation, latent: Float32Array): Float32Array {
  return latent.map((value, k) => denoiser(value * toZ(at), at.sigma, k));
}

function run(sampler: Sampler, start: Float32Array, denoiser: Denoiser, generator = new TorchGenerator("1")) {
  const noise = (): Float32Array => generator.normal(start.length);
  return sampler.evaluations.reduce(
    (latent, at, i) => sampler.step(i, latent, epsilonOf(denoiser, at, latent), noise),
    start,
  );
}

const START = Float32Array.of(-1.5, 0.25, 2);

/** Relative distance between where the sampler ends and where the ODE does. */
function odeError(name: SchedulerName, steps: number, spacing: Spacing = "model"): number {
  const [mean, deviation] = [0.5, 0.8];
  const sampler = make(name, steps, spacing);
  const first = sampler.evaluations[0]!;
  const start = START.map((value) => value * sampler.initNoiseSigma);
  const end = KEEP_Z.has(name) ? 0 : SMALLEST_SIGMA;
  const shrink = Math.sqrt((deviation ** 2 + end ** 2) / (deviation ** 2 + first.sigma ** 2));
  const expected = start.map((value) => (mean + (value * toZ(first) - mean) * shrink) / Math.sqrt(1 + end ** 2));
  return relativeError(run(sampler, start, normal(mean, deviation)), expected);
}

describe("on normal data", () => {
  test.each(ODE_SAMPLERS)("%s follows the probability flow", (name) => {
    const firstOrder = name === "euler" || name === "ddim";
    expect(odeError(name, 200)).toBeLessThan(firstOrder ? 0.03 : 0.003);
  });

  test("an error of first order halves with twice the steps, one of second order falls to a quarter", () => {
    const gain = (name: SchedulerName): number => odeError(name, 40, "karras") / odeError(name, 80, "karras");
    expect(gain("euler")).toBeGreaterThan(1.8);
    expect(gain("heun")).toBeGreaterThan(3.5);
    expect(gain("lms")).toBeGreaterThan(4);
  });

  test.each(["euler-a", "dpmpp-2m-sde", "dpmpp-sde", "dpmpp-2s-a"] as const)(
    "%s gives the data's mean and deviation",
    (name) => {
      const sampler = make(name, 200);
      const generator = new TorchGenerator("3");
      const start = generator.normal(16_384).map((value) => value * sampler.initNoiseSigma);
      const end = run(sampler, start, normal(0.5, 0.8), generator);
      const mean = end.reduce((sum, value) => sum + value, 0) / end.length;
      const deviation = Math.sqrt(end.reduce((sum, value) => sum + (value - mean) ** 2, 0) / end.length);
      expect(mean).toBeCloseTo(0.5, 1);
      expect(deviation).toBeCloseTo(0.8, 1);
    },
  );
});

test("when every prediction points at one picture, every sampler ends there, in however many steps", () => {
  const picture = [0.3, -2, 5];
  const towards: Denoiser = (z, sigma, k) => (z - picture[k]!) / sigma;
  const property = fc.property(
    fc.constantFrom(...SCHEDULERS),
    fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1000 })),
    fc.constantFrom<Spacing>("model", "karras", ...OTHER_SPACINGS),
    (name, steps, spacing) => {
      // Among many such levels the last step, to 0, is long: LMS extrapolates so far that float32 latents are not enough.
      fc.pre(!(name === "lms" && spacing !== "model" && steps > 100));
      // TCD ends at the smallest level with other noise; LCM's network is not asked at timestep 0, where it would be its own input.
      fc.pre(name !== "tcd" && !(name === "lcm" && steps > 50));
      const sampler = make(name, steps, spacing);
      const start = START.map((value) => value * sampler.initNoiseSigma);
      const first = sampler.evaluations[0]!;
      const end = run(sampler, start, towards);
      const isToZero = END_AT_ZERO.has(name) || (takesSpacing(name) && spacing !== "model" && spacing !== "karras");
      const sigma = isToZero ? 0 : SMALLEST_SIGMA;
      // The ODE is a straight line in z: what is left of the noise is the same epsilon all along.
      const expected = picture.map(
        (x0, k) => (x0 + (sigma * (start[k]! * toZ(first) - x0)) / first.sigma) / Math.sqrt(1 + sigma ** 2),
      );
      expect(relativeError(end, expected)).toBeLessThan(1e-4);
      const last = sampler.evaluations.length - 1;
      expect(sampler.evaluations[last]!.stepIndex).toBe(steps - 1);
    },
  );
  fc.assert(property, { numRuns: 60, seed: 8 });
});

test.each(SCHEDULERS)("%s takes a single step and a thousand without a value that is no number", (name) => {
  for (const steps of [1, 2, 3, 4, 14, 15, 999, 1000]) {
    for (const spacing of ["model", "karras", ...OTHER_SPACINGS] as const) {
      const sampler = make(name, steps, spacing);
      const end = run(
        sampler,
        START.map((value) => value * sampler.initNoiseSigma),
        normal(0, 1),
      );
      expect([...end].every(Number.isFinite), `${steps} steps, ${spacing}`).toBe(true);
      expect(sampler.evaluations.every((each) => each.timestep >= 0 && each.timestep <= 999)).toBe(true);
    }
  }
});

test.each(["linspace", "leading", "trailing"] as const)("every sampler runs on a %s grid", (timestepSpacing) => {
  for (const name of SCHEDULERS) {
    for (const steps of [1, 2, 7, 50, 1000]) {
      const sampler = make(name, steps, "model", { ...STABLE_DIFFUSION, timestepSpacing });
      const end = run(
        sampler,
        START.map((value) => value * sampler.initNoiseSigma),
        normal(0, 1),
      );
      expect([...end].every(Number.isFinite), `${name}, ${steps} steps`).toBe(true);
    }
  }
});

test.each(SCHEDULERS)("%s runs where the last timestep is pure noise", (name) => {
  const parameters: SchedulerParameters = {
    ...STABLE_DIFFUSION,
    zeroSnr: true,
    timestepSpacing: "trailing",
    prediction: "v_prediction",
  };
  for (const steps of [1, 2, 7, 30]) {
    const sampler = make(name, steps, "model", parameters);
    expect(sampler.evaluations[0]!.timestep).toBe(999);
    const noise = new TorchGenerator("2");
    let latent = START.map((value) => value * sampler.initNoiseSigma);
    for (const [i, at] of sampler.evaluations.entries()) {
      // v of data that are always 0.5: all that the network can say at pure noise is minus the picture.
      const input = latent.map((value) => value * at.inputScale);
      const [alpha, s] = [1 / Math.hypot(1, at.sigma), at.sigma / Math.hypot(1, at.sigma)];
      const v = input.map((x) => (alpha * (x - alpha * 0.5)) / s - s * 0.5);
      const epsilon = toEpsilon(v, latent, at, "v_prediction");
      latent = Float32Array.from(sampler.step(i, latent, epsilon, () => noise.normal(latent.length)));
    }
    // What is left of the noise where a run ends at the smallest level.
    for (const value of latent) expect(Math.abs(value - 0.5), `${steps} steps`).toBeLessThan(0.12);
  }
});

test("evaluations belong to steps: one each, but two in each of Heun's and in PNDM's first", () => {
  expect(make("dpmpp-sde", 3).evaluations.map((each) => each.stepIndex)).toEqual([0, 0, 1, 1, 2]);
  const stepsOf = (name: SchedulerName): number[] => make(name, 4).evaluations.map((each) => each.stepIndex);
  expect(stepsOf("lms")).toEqual([0, 1, 2, 3]);
  expect(stepsOf("heun")).toEqual([0, 0, 1, 1, 2, 2, 3]);
  expect(stepsOf("pndm")).toEqual([0, 0, 1, 2, 3]);
  expect(make("pndm", 50).evaluations).toHaveLength(51);
  expect(make("heun", 50).evaluations).toHaveLength(99);
});

test("an ancestral step goes below the next level and comes back up with noise", () => {
  const sampler = make("euler-a", 10);
  const [from, to] = [sampler.evaluations[0]!.sigma, sampler.evaluations[1]!.sigma];
  const up = Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2);
  const down = Math.sqrt(to ** 2 - up ** 2);
  const moved = sampler.step(0, Float32Array.of(3, 4), Float32Array.of(0.5, -0.25), () => Float32Array.of(2, -1));
  expect(relativeError(moved, [3 + 0.5 * (down - from) + 2 * up, 4 - 0.25 * (down - from) - up])).toBeLessThan(1e-6);
});

test("the ancestral sampler draws once a step, but not for the last", () => {
  const sampler = make("euler-a", 6);
  let draws = 0;
  const noise = (): Float32Array => Float32Array.of(0, 0, 0, ++draws);
  sampler.evaluations.forEach((_, i) => sampler.step(i, new Float32Array(4), new Float32Array(4), noise));
  expect(draws).toBe(5);
});

test("what guidance adds to one epsilon acts in LMS for four steps, by its weights", () => {
  const sampler = make("lms", 50);
  const added = (i: number): Float32Array => Float32Array.of(i === 10 ? 1 : 0);
  let latent = new Float32Array(1);
  const path = sampler.evaluations.map((_, i) => (latent = Float32Array.from(sampler.step(i, latent, added(i), fail))));
  const moves = path.map((each, i) => each[0]! - (path[i - 1]?.[0] ?? 0));
  expect(moves.findIndex((move) => move !== 0)).toBe(10);
  expect(moves[10]).toBeCloseTo(-0.888505, 5); // methods.md section 9, lms50 step 10
  expect(moves.slice(11, 14).every((move) => move !== 0)).toBe(true);
  expect(moves.slice(14).every((move) => move === 0)).toBe(true);
});

test("in PNDM a latent moved between the first two evaluations is thrown away", () => {
  const end = (moved: number): Float32Array => {
    const sampler = make("pndm", 10);
    sampler.step(0, START, START, fail);
    return sampler.step(
      1,
      START.map((value) => value + moved),
      START,
      fail,
    );
  };
  expect(end(5)).toEqual(end(0));
});

test.each(SCHEDULERS)("%s neither changes its arguments nor keeps them", (name) => {
  const end = (reuse: boolean): Float32Array => {
    const sampler = make(name, 8);
    const buffer = new Float32Array(3);
    let latent = START.map((value) => value * sampler.initNoiseSigma);
    for (const [i, at] of sampler.evaluations.entries()) {
      const epsilon = epsilonOf(normal(0.5, 0.8), at, latent);
      if (reuse) buffer.set(epsilon);
      const before = latent.slice();
      const next = sampler.step(i, latent, reuse ? buffer : epsilon, () => new Float32Array(3));
      expect(latent).toEqual(before);
      if (reuse) [buffer, latent].forEach((each) => each.fill(99));
      latent = Float32Array.from(next);
    }
    return latent;
  };
  expect(end(true)).toEqual(end(false));
});

test.each(SCHEDULERS)("%s gives the same bits twice", (name) => {
  const end = (): Float32Array => run(make(name, 12), new TorchGenerator("7").normal(64), normal(0.5, 0.8));
  expect(end()).toEqual(end());
});

test.each(SCHEDULERS)("%s foresees the clean latent", (name) => {
  const sampler = make(name, 5);
  const at = sampler.evaluations[1]!;
  const [x0, noise] = [0.75, -1.25];
  const latent = Float32Array.of((x0 + at.sigma * noise) / toZ(at));
  expect(sampler.predictOriginal(1, latent, Float32Array.of(noise))[0]).toBeCloseTo(x0, 5);
});

test("v and epsilon say the same, and classifier-free guidance may come before or after the conversion", () => {
  const [sigma, x0, noise] = [1.75, 0.5, -0.8];
  const [alpha, s] = [1 / Math.hypot(1, sigma), sigma / Math.hypot(1, sigma)];
  const input = Float32Array.of(alpha * x0 + s * noise);
  const v = Float32Array.of(alpha * noise - s * x0);
  const at = { sigma, inputScale: 1 };
  expect(toEpsilon(v, input, at, "v_prediction")[0]).toBeCloseTo(noise, 6);
  expect(toEpsilon(v, input, at, "epsilon")).toBe(v);
  expect(toEpsilon(v, Float32Array.of(input[0]! * 2), { sigma, inputScale: 0.5 }, "v_prediction")[0]).toBeCloseTo(
    noise,
    6,
  );
  const other = Float32Array.of(0.3);
  const guided = (a: Numbers, b: Numbers): Float32Array =>
    Float32Array.from(a, (value, k) => value + 7.5 * (b[k]! - value));
  const convert = (each: Float32Array): Numbers => toEpsilon(each, input, at, "v_prediction");
  expect(relativeError(convert(guided(v, other)), guided(convert(v), convert(other)))).toBeLessThan(1e-6);
});

test.each([0, -1, 1001, 2.5, NaN, Infinity])("%f steps are refused as a wrong scene", (steps) => {
  expect(() => make("lms", steps)).toThrow(
    expect.objectContaining({ name: "AppError", code: "scene-invalid", details: { at: "settings.steps" } }),
  );
});

test("there can be no more steps than training timesteps", () => {
  const short: SchedulerParameters = { ...STABLE_DIFFUSION, trainTimesteps: 100 };
  expect(() => make("ddim", 101, "model", short)).toThrow("from 1 to 100, got 101");
});

test("steps out of order and latents of another size are bugs", () => {
  const sampler = make("lms", 3);
  expect(() => sampler.step(1, START, START, fail)).toThrow("internal: lms: expected step 0 of 3, got 1");
  expect(() => sampler.step(0, START, new Float32Array(2), fail)).toThrow("internal: lms: latent of 3, epsilon of 2");
});

function fail(): never {
  throw new Error("this sampler draws no noise");
}
