/** Runs that begin with a picture or between two noises, against diffusers' timesteps and A1111's arithmetic (test/goldens/starts). */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TorchGenerator } from "../../src-main/sampling/random.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { STABLE_DIFFUSION } from "../../src-main/sampling/schedule.ts";
import { firstNoise, mixNoise, noisedTo } from "../../src-main/sampling/starts.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { SCHEDULERS, type SchedulerName } from "../../src-main/scene/schedulers.ts";
import { settingsDrawn, stepsSkipped } from "../../src-main/scene/start.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";

interface Goldens {
  timesteps: { scheduler: SchedulerName; steps: number; strength: number; timesteps: number[] }[];
  variations: { seed: string; variation: string; strength: number; shape: [number, number, number]; key: string }[];
}
const goldens = JSON.parse(readFileSync("test/goldens/starts/starts.json", "utf8")) as Goldens;
const { tensors } = readTensors("test/goldens/starts/starts.safetensors");

const skipping = (scheduler: SchedulerName, steps: number, strength: number) => {
  const skip = stepsSkipped(steps, { strength });
  return createSampler(scheduler, STABLE_DIFFUSION, steps, { spacing: "model", skip });
};

describe("timesteps of a run that begins with a picture", () => {
  // PNDM: diffusers counts the doubled second timestep as a step, and so begins a timestep early with a correction that it then gives to
  // the wrong step. Here it begins where the others do. TCD and LCM: diffusers hands them to its own pipelines, with other schedules.
  const alike = goldens.timesteps.filter(({ scheduler }) => scheduler !== "pndm");

  test.each(alike)("$scheduler, $steps steps, strength $strength: as diffusers", (golden) => {
    const { scheduler, steps, strength, timesteps } = golden;
    const own = skipping(scheduler, steps, strength).evaluations.map(({ timestep }) => timestep);
    expect(own).toHaveLength(timesteps.length);
    own.forEach((timestep, i) => expect(timestep).toBeCloseTo(timesteps[i]!, 2));
  });

  test("of PNDM are the last of its grid, at any strength below 1", () => {
    for (const { steps, strength } of goldens.timesteps.filter(({ scheduler }) => scheduler === "pndm")) {
      const whole = skipping("pndm", steps, 1).evaluations.map(({ timestep }) => timestep);
      const own = skipping("pndm", steps, strength).evaluations.map(({ timestep }) => timestep);
      expect(own).toEqual(whole.slice(whole.length - own.length));
      if (strength < 1) expect(own).toHaveLength(Math.trunc(steps * strength));
    }
  });

  test("are one at least, and all at strength 1", () => {
    expect([1, 0.99, 0.5, 0.1, 0.01].map((strength) => 8 - stepsSkipped(8, { strength }))).toEqual([8, 7, 4, 1, 1]);
  });
});

test.each(SCHEDULERS)(
  "%s counts its steps from the first that it draws, and takes a perfect network to the picture",
  (name) => {
    const clean = new TorchGenerator("5").normal(64);
    const noise = new TorchGenerator("6").normal(64);
    const sampler = skipping(name, 12, 0.5);
    expect(sampler.evaluations[0]!.stepIndex).toBe(0);
    expect(sampler.evaluations.at(-1)!.stepIndex).toBe(5);
    let latent = noisedTo(clean, noise, sampler.evaluations[0]!);
    for (const [i, at] of sampler.evaluations.entries()) {
      // What a network foresees that knows the picture.
      const z = latent.map((value) => value * at.inputScale * Math.sqrt(1 + at.sigma * at.sigma));
      const epsilon = z.map((value, k) => (value - clean[k]!) / at.sigma);
      latent = sampler.step(i, latent, epsilon, () => noise) as Float32Array<ArrayBuffer>;
    }
    // DDIM, PNDM and others end a little above no noise; TCD and LCM begin anew with noise at every step.
    expect(relativeError(latent, clean)).toBeLessThan(0.1);
  },
);

test("boxes pull in the same part of a run that begins later, as strongly", () => {
  const drawn = settingsDrawn(DEFAULT_SETTINGS, { strength: 0.6 });
  expect(drawn).toMatchObject({ steps: 30, guidance: { eta: DEFAULT_SETTINGS.guidance.eta } });
  expect(drawn.guidance.injectionSteps).toEqual({ start: 1, end: 7 });
  expect(drawn.guidance.lossSteps).toEqual({ start: 1, end: 15 });
  expect(settingsDrawn(DEFAULT_SETTINGS, undefined)).toBe(DEFAULT_SETTINGS);
});

describe("variations", () => {
  test.each(goldens.variations)("$strength of the way from seed $seed to $variation, as A1111 mixes them", (golden) => {
    const { seed, variation, strength, shape, key } = golden;
    const [channels, height, width] = shape;
    const count = channels * height * width;
    const [low, high] = [seed, variation].map((one) => new TorchGenerator(one).normal(count)) as [
      Float32Array,
      Float32Array,
    ];
    const mixed = mixNoise(strength, low, high, { channels, height, width });
    expect(relativeError(mixed, tensors.get(key)!.data)).toBeLessThan(2e-6);
  });

  const shape = { channels: 4, height: 8, width: 8 };
  test("go from a seed's noise to another's, and noise on the way is that of the first", () => {
    const at = (share: number) => firstNoise("9", shape, { of: "3", share });
    const [own, other] = [firstNoise("3", shape), firstNoise("9", shape)];
    expect(at(0).noise).toEqual(own.noise);
    expect(relativeError(at(1).noise, other.noise)).toBeLessThan(1e-6);
    const norm = (values: Float32Array) => Math.hypot(...values);
    expect(norm(at(0.5).noise) / norm(own.noise)).toBeCloseTo(1, 1);
    expect(at(0.5).generator.position()).toEqual(own.generator.position());
  });

  test("of noises that are the same are the same", () => {
    const { noise } = firstNoise("3", shape);
    expect(relativeError(mixNoise(0.3, noise, noise, shape), noise)).toBeLessThan(1e-6);
  });
});
