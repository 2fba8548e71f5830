/**
 * Samplers against diffusers 0.25.1 (test/goldens/schedulers.json): initial latent, timesteps, sigmas and every latent on the way, with a noise
 * prediction in closed form.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Spacing } from "../../src-main/scene/scene.ts";
import { SCHEDULERS, type SchedulerName } from "../../src-main/scene/schedulers.ts";
import { toEpsilon } from "../../src-main/sampling/sampler.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { STABLE_DIFFUSION, type SchedulerParameters } from "../../src-main/sampling/schedule.ts";
import { relativeError } from "../support/closeness.ts";

interface Run {
  init: number[];
  timesteps: number[];
  sigmas: number[];
  latents: number[][];
}

const goldens = JSON.parse(readFileSync(new URL("../goldens/schedulers.json", import.meta.url), "utf8")) as {
  runs: Record<string, Run>;
};

/** "lms-karras/25" is LMS on Karras' levels in 25 steps, "euler-v/10" Euler on a network that predicts v. */
function parse(key: string): { name: SchedulerName; steps: number; spacing: Spacing; parameters: SchedulerParameters } {
  const [variant, steps] = key.split("/") as [string, string];
  const name = SCHEDULERS.find((each) => each === variant.replace(/-(karras|v)$/, ""));
  if (!name) throw new Error(`no sampler for golden ${key}`);
  const prediction = variant.endsWith("-v") ? "v_prediction" : "epsilon";
  const parameters = { ...STABLE_DIFFUSION, prediction } as const;
  return { name, steps: Number(steps), spacing: variant.endsWith("-karras") ? "karras" : "model", parameters };
}

function noNoise(): never {
  throw new Error("this sampler draws no noise");
}

describe.each(Object.entries(goldens.runs))("%s agrees with diffusers", (key, run) => {
  const { name, steps, spacing, parameters } = parse(key);

  test("in its timesteps and sigmas", () => {
    const { evaluations } = createSampler(name, parameters, steps, { spacing });
    expect(
      relativeError(
        evaluations.map((each) => each.timestep),
        run.timesteps,
      ),
    ).toBeLessThan(1e-6);
    if (run.sigmas.length === 0) return; // DDIM and PNDM of diffusers have none
    const sigmas = evaluations.map((each) => each.sigma);
    expect(relativeError(sigmas, run.sigmas.slice(0, -1))).toBeLessThan(1e-6);
  });

  test("in every latent", () => {
    const sampler = createSampler(name, parameters, steps, { spacing });
    let latent = Float32Array.from(run.init);
    for (const [i, at] of sampler.evaluations.entries()) {
      const { timestep, inputScale } = at;
      const input = latent.map((value) => value * inputScale);
      const output = input.map((x, k) => 0.6 * Math.sin(x) + 0.3 * Math.cos(k + timestep / 400)); // the file's note
      const epsilon = toEpsilon(output, latent, at, parameters.prediction);
      latent = Float32Array.from(sampler.step(i, latent, epsilon, noNoise));
      expect(relativeError(latent, run.latents[i]!), `after evaluation ${i}`).toBeLessThan(2e-6);
    }
    expect(sampler.evaluations).toHaveLength(run.latents.length);
  });

  test("in the scale of the initial noise", () => {
    const base = goldens.runs["ddim/10"]!.init; // DDIM starts from the noise itself
    const { initNoiseSigma } = createSampler(name, parameters, steps, { spacing });
    const init = base.map((value) => value * initNoiseSigma);
    expect(relativeError(init, run.init)).toBeLessThan(1e-6);
  });
});
