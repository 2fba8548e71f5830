/**
 * Samplers and spacings against later diffusers and k-diffusion (test/goldens/samplers.json): what they draw with the same noise, where
 * the network is a closed formula. Latents of diffusers are x or z as the sampler keeps them, those of k-diffusion z.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Spacing } from "../../src-main/scene/scene.ts";
import type { SchedulerName } from "../../src-main/scene/schedulers.ts";
import { dpm2mSdeOn, dpm2sAncestralOn, dpmSdeOn } from "../../src-main/sampling/dpmSde.ts";
import { continuousGrid, solverGrid } from "../../src-main/sampling/grids.ts";
import { rescaleGuided } from "../../src-main/sampling/guidanceRescale.ts";
import { toEpsilon, type Stepper } from "../../src-main/sampling/sampler.ts";
import { createSampler, samplerOf } from "../../src-main/sampling/samplers.ts";
import {
  betas,
  noiseTable,
  rescaledToZeroSnr,
  STABLE_DIFFUSION,
  type SchedulerParameters,
} from "../../src-main/sampling/schedule.ts";
import { relativeError } from "../support/closeness.ts";

interface Run {
  init: number[];
  sigmas: number[];
  latents: number[][];
  noise?: number[][];
  config: Record<string, unknown>;
}
interface DiffusersRun extends Run {
  timesteps: number[];
  init_noise_sigma: number;
}
interface KDiffusionRun extends Run {
  evaluations: [sigma: number, timestep: number][];
}

const goldens = JSON.parse(readFileSync(new URL("../goldens/samplers.json", import.meta.url), "utf8")) as {
  runs: Record<string, DiffusersRun>;
  kdiffusion: Record<string, KDiffusionRun>;
  extra: {
    rescale_cfg: { eps_u: number[]; eps_c: number[]; runs: Record<string, number[]> };
    zero_snr: { betas: Record<string, number>; abar: Record<string, number>; euler_sigmas: number[] };
    grids: Record<string, Record<string, number[]>>;
  };
};

/** Runs of diffusers by what they are here; the others are of samplers or ways to end that are not. */
const RUNS: Record<string, [SchedulerName, Spacing?]> = {
  "dpmpp-2m-exponential": ["dpmpp-2m", "exponential"],
  "dpmpp-2m-sde": ["dpmpp-2m-sde"],
  "dpmpp-2m-sde-karras": ["dpmpp-2m-sde", "karras"],
  "dpmpp-2m-sde-exponential": ["dpmpp-2m-sde", "exponential"],
  "dpmpp-2m-zsnr-v": ["dpmpp-2m"],
  "dpmpp-sde": ["dpmpp-sde"],
  "dpmpp-sde-karras": ["dpmpp-sde", "karras"],
  deis: ["deis"],
  "deis-karras": ["deis", "karras"],
  "euler-a": ["euler-a"],
  "euler-a-trailing": ["euler-a"],
  "euler-a-leading": ["euler-a"],
  "euler-exponential": ["euler", "exponential"],
  "euler-trailing": ["euler"],
  "euler-leading": ["euler"],
  "euler-zsnr-v": ["euler"],
  "heun-karras": ["heun", "karras"],
  "ddim-trailing": ["ddim"],
  "ddim-zsnr-v": ["ddim"],
  lcm: ["lcm"],
  tcd: ["tcd"],
};

function parametersOf(config: Record<string, unknown>): SchedulerParameters {
  return {
    ...STABLE_DIFFUSION,
    ...(config["prediction_type"] === "v_prediction" ? { prediction: "v_prediction" } : {}),
    ...(config["timestep_spacing"] ? { timestepSpacing: config["timestep_spacing"] as "leading" | "trailing" } : {}),
    ...(config["rescale_betas_zero_snr"] ? { zeroSnr: true } : {}),
    setAlphaToOne: config["set_alpha_to_one"] === true,
  };
}

/** The formula that stands for the network in the goldens. */
function output(latent: Float32Array, inputScale: number, timestep: number): Float32Array {
  return latent.map((value, k) => 0.6 * Math.sin(value * inputScale) + 0.3 * Math.cos(k + timestep / 400));
}

/** The recorded noises one after the other. */
function replay(noises: readonly number[][] = []) {
  let asked = 0;
  const next = () => {
    const noise = noises[asked++];
    if (!noise) throw new Error("more noise was asked for than recorded");
    return Float32Array.from(noise);
  };
  return { next, asked: () => asked };
}

const named = Object.entries(goldens.runs).filter(([key]) => RUNS[key.split("/")[0]!]);

test("every golden that is meant is there", () => {
  expect(named).toHaveLength(2 * Object.keys(RUNS).length);
});

describe.each(named)("%s of diffusers", (key, run) => {
  const [variant, steps] = key.split("/") as [string, string];
  const [name, spacing = "model"] = RUNS[variant]!;
  const parameters = parametersOf(run.config);
  const make = () => createSampler(name, parameters, Number(steps), { spacing });

  test("has the same timesteps and sigmas", () => {
    const { evaluations, initNoiseSigma } = make();
    const timesteps = evaluations.map(({ timestep }) => timestep);
    expect(relativeError(timesteps, run.timesteps)).toBeLessThan(1e-6);
    expect(initNoiseSigma / run.init_noise_sigma).toBeCloseTo(1, 5);
    // Samplers of two evaluations a step list only the levels of steps.
    if (run.sigmas.length !== run.latents.length + 1 || name === "dpmpp-sde") return;
    const sigmas = evaluations.map(({ sigma }) => sigma);
    expect(relativeError(sigmas, run.sigmas.slice(0, -1))).toBeLessThan(1e-6);
  });

  test("draws the same latents", () => {
    const sampler = make();
    const noise = replay(run.noise);
    let latent = Float32Array.from(run.init);
    for (const [i, at] of sampler.evaluations.entries()) {
      const epsilon = toEpsilon(output(latent, at.inputScale, at.timestep), latent, at, parameters.prediction);
      latent = Float32Array.from(sampler.step(i, latent, epsilon, noise.next));
      expect(relativeError(latent, run.latents[i]!), `after evaluation ${i}`).toBeLessThan(1e-5);
    }
    expect(sampler.evaluations).toHaveLength(run.latents.length);
    // diffusers also draws for a last step that adds none.
    expect((run.noise?.length ?? 0) - noise.asked()).toBeLessThanOrEqual(1);
  });
});

describe("k-diffusion", () => {
  /** Samplers on the recorded levels, and whether they keep x instead of z. */
  const makers: Record<string, { make: (run: KDiffusionRun) => Stepper; keepsX: boolean }> = {
    "dpmpp-2s-a": { make: (run) => dpm2sAncestralOn(STABLE_DIFFUSION, gridOf(run)), keepsX: false },
    "dpmpp-sde": { make: (run) => dpmSdeOn(STABLE_DIFFUSION, gridOf(run)), keepsX: false },
    "dpmpp-2m-sde": { make: (run) => dpm2mSdeOn(gridOf(run)), keepsX: true },
  };
  const gridOf = ({ sigmas, evaluations }: KDiffusionRun) => ({
    sigmas,
    timesteps: sigmas.slice(0, -1).map((sigma) => evaluations.find(([at]) => at === sigma)![1]),
  });
  const runs = Object.entries(goldens.kdiffusion).filter(([key]) => makers[key.split("/")[0]!]);

  test.each(runs)("%s: the same levels, timesteps and latents", (key, run) => {
    const name = key.split("/")[0]!;
    const { make, keepsX } = makers[name]!;
    const sampler = samplerOf(name, make(run));
    const noise = replay(run.noise);
    const scale = (sigma: number) => (keepsX ? 1 / Math.sqrt(sigma * sigma + 1) : 1);
    let latent = Float32Array.from(run.init, (z) => z * scale(run.sigmas[0]!));
    for (const [i, at] of sampler.evaluations.entries()) {
      const [sigma, timestep] = run.evaluations[i]!;
      expect(at.sigma / sigma).toBeCloseTo(1, 5);
      expect(Math.abs(at.timestep - timestep)).toBeLessThan(2e-2);
      latent = Float32Array.from(sampler.step(i, latent, output(latent, at.inputScale, timestep), noise.next));
      if (sampler.evaluations[i + 1]?.stepIndex === at.stepIndex) continue;
      const z = latent.map((value) => value / scale(run.sigmas[at.stepIndex + 1]!));
      expect(relativeError(z, run.latents[at.stepIndex]!), `after step ${at.stepIndex}`).toBeLessThan(1e-5);
    }
    expect(noise.asked()).toBe(run.noise!.length);
  });

  test.each(["euler/sgm_uniform/8", "euler/sgm_uniform/20"])("%s: the same latents on levels of our own", (key) => {
    const run = goldens.kdiffusion[key]!;
    const sampler = createSampler("euler", STABLE_DIFFUSION, run.latents.length, { spacing: "sgm-uniform" });
    let latent = Float32Array.from(run.init);
    for (const [i, at] of sampler.evaluations.entries()) {
      latent = Float32Array.from(sampler.step(i, latent, output(latent, at.inputScale, at.timestep), () => latent));
      expect(relativeError(latent, run.latents[i]!), `after step ${i}`).toBeLessThan(1e-5);
    }
  });

  const spacings = {
    karras: "karras",
    exponential: "exponential",
    sgm_uniform: "sgm-uniform",
    simple: "simple",
  } as const;
  const grids = Object.entries(spacings).flatMap(([name, spacing]) =>
    Object.entries(goldens.extra.grids[name]!).map(([steps, sigmas]) => [spacing, Number(steps), sigmas] as const),
  );
  test.each(grids)("the spacing %s in %i steps has the same levels", (spacing, steps, sigmas) => {
    expect(relativeError(continuousGrid(STABLE_DIFFUSION, steps, spacing).sigmas, sigmas)).toBeLessThan(1e-5);
    expect(relativeError(solverGrid(STABLE_DIFFUSION, steps, spacing, "zero").sigmas, sigmas)).toBeLessThan(1e-5);
  });
});

describe("zero terminal SNR", () => {
  const { zero_snr: golden } = goldens.extra;
  const rescaled = rescaledToZeroSnr(betas(STABLE_DIFFUSION));
  const { alphasCumprod, sigmas } = noiseTable({ ...STABLE_DIFFUSION, zeroSnr: true });

  test("rescales betas as diffusers does", () => {
    // Differences of float32 numbers near 1.
    for (const [t, beta] of Object.entries(golden.betas))
      expect(Math.abs(rescaled[Number(t)]! - beta), t).toBeLessThan(5e-6);
    for (const [t, abar] of Object.entries(golden.abar)) {
      if (t !== "999") expect(alphasCumprod[Number(t)]! / abar, t).toBeCloseTo(1, 4);
    }
    expect(rescaled[999]).toBe(1);
  });

  test("counts pure noise as 4096", () => {
    expect(sigmas[999]).toBeCloseTo(4096, 3);
  });
});

test.each(Object.entries(goldens.extra.rescale_cfg.runs))(
  "guidance rescale of %s agrees with diffusers",
  (phi, expected) => {
    const { eps_u, eps_c } = goldens.extra.rescale_cfg;
    // Two pictures of 4 x 3 x 3, each by itself, at guidance scale 7.5.
    const half = eps_c.length / 2;
    const found = [0, 1].flatMap((picture) => {
      const part = (values: readonly number[]) => Float32Array.from(values.slice(picture * half, (picture + 1) * half));
      const [plain, prompt] = [part(eps_u), part(eps_c)];
      const guided = prompt.map((value, k) => plain[k]! + 7.5 * (value - plain[k]!));
      return [...rescaleGuided(guided, prompt, Number(phi))];
    });
    expect(relativeError(found, expected)).toBeLessThan(1e-5);
  },
);
