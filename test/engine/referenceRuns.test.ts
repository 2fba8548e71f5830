/**
 * The four runs recorded with the authors' code (test/goldens/{plain,injection-only,loss-only,ilgd}.safetensors: tiny-sd
 * at 512 x 512, LMS, guidance 7.5), reproduced from the seed to the picture, every step compared.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { GuidanceSettings, Method } from "../../src-main/scene/scene.ts";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
import { denoise } from "../../src-main/engine/denoise.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import { methodOf } from "../../src-main/guidance/methodOf.ts";
import { chunksOf } from "../../src-main/model/tokenizer/encoding.ts";
import { createTokenizers } from "../../src-main/model/tokenizer/tokenizer.ts";
import { TorchGenerator } from "../../src-main/sampling/random.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";

interface Spec {
  prompt: string;
  phrases: [token: number, box: [number, number, number, number]][];
  seed: number;
  steps: number;
  injection_steps: number;
  lg_steps: number;
  nu: number;
  eta: number;
}

const TOKENS = 77;
const CELLS = 64;
let checkpoint: Checkpoint;
let networks: Networks;

vi.setConfig({ testTimeout: 300_000 });

beforeAll(async () => {
  checkpoint = await openCheckpoint("test/goldens/tiny-sd");
  networks = new Networks(checkpoint, { provider: "cpu", memory: "fast" }, "float32", TOKENS);
});
afterAll(() => networks.close());

/** The method that a spec's step counts amount to; the authors' counts of 1 mean none. */
function guidanceOf(spec: Spec): GuidanceSettings {
  const injects = spec.injection_steps > 1;
  const guides = spec.lg_steps > 1;
  const method: Method = injects ? (guides ? "ilgd" : "injection") : guides ? "loss" : "none";
  const [injectionSteps, lossSteps] = [spec.injection_steps, spec.lg_steps].map((end) => ({ start: 1, end }));
  return { method, nu: spec.nu, eta: spec.eta, injectionSteps: injectionSteps!, lossSteps: lossSteps! };
}

describe.each(["plain", "injection-only", "loss-only", "ilgd"])("%s", (name) => {
  const { tensors, metadata } = readTensors(`test/goldens/${name}.safetensors`);
  const spec = JSON.parse(metadata.spec!) as Spec;
  const golden = (key: string) => tensors.get(key)!.data;

  test("text, noise, gradients, latents and picture are the reference's", async () => {
    const tokenizers = await createTokenizers(checkpoint);
    expect(chunksOf(tokenizers, spec.prompt)[0]![0]!.ids).toEqual([...golden("ids")]);
    const prompt = await networks.encode(chunksOf(tokenizers, spec.prompt));
    const negative = await networks.encode(chunksOf(tokenizers, ""));
    expect(relativeError(prompt.context, golden("cond"))).toBeLessThan(1e-4);
    expect(relativeError(negative.context, golden("uncond"))).toBeLessThan(1e-4);

    const size = { height: CELLS, width: CELLS };
    const unet = await networks.unet(size, TOKENS, STEERING, () => undefined);
    const bound = spec.phrases.map(([token, [x, y, width, height]], i) => {
      const box = { x: x / CELLS, y: y / CELLS, width: width / CELLS, height: height / CELLS };
      return { region: { id: String(i), box, spans: [], strength: 1 }, tokens: [token] };
    });
    const sampler = createSampler("lms", checkpoint.scheduler, spec.steps, { spacing: "model" });
    expect(
      relativeError(
        sampler.evaluations.map((e) => e.sigma),
        golden("sigmas").slice(0, -1),
      ),
    ).toBeLessThan(1e-5);
    expect(
      relativeError(
        sampler.evaluations.map((e) => e.timestep),
        golden("timesteps"),
      ),
    ).toBeLessThan(1e-6);
    const guidance = guidanceOf(spec);
    const method = await methodOf(guidance.method);
    const { target, layers, attention } = unet;
    const layout = method.layout({
      regions: bound,
      columns: TOKENS,
      picture: size,
      latent: size,
      target,
      layers,
      attention,
    });
    const denoiser = {
      unet,
      config: checkpoint.unet.config,
      prediction: checkpoint.scheduler.prediction,
      evaluations: sampler.evaluations,
      method,
      layoutAt: () => layout,
      state: {},
      guidance,
      guidanceScale: 7.5,
      prompt,
      negative,
    };

    const noise = new TorchGenerator(String(spec.seed)).normal(4 * CELLS * CELLS);
    expect(noise).toEqual(golden("noise"));
    let latent: Float32Array = noise.map((v) => v * sampler.initNoiseSigma);
    let gradients = 0;
    for (let i = 0; i < spec.steps; i++) {
      const { epsilon, gradient } = await denoise(denoiser, i, latent);
      expect(gradient !== undefined, `gradient at step ${i}`).toBe(tensors.has(`grad.${i}`));
      if (gradient) {
        gradients++;
        expect(relativeError(gradient, golden(`grad.${i}`)), `gradient at step ${i}`).toBeLessThan(1e-3);
        // `eps.i` is the prediction before the gradient is added.
        const { sigma } = sampler.evaluations[i]!;
        const before = epsilon.map((v, p) => v - spec.eta * sigma * gradient[p]!);
        expect(relativeError(before, golden(`eps.${i}`)), `prediction at step ${i}`).toBeLessThan(1e-3);
      }
      latent = sampler.step(i, latent, epsilon, () => new Float32Array());
      expect(relativeError(latent, golden(`latent.${i}`)), `latent after step ${i}`).toBeLessThan(1e-3);
    }
    expect(gradients).toBe([...tensors.keys()].filter((key) => key.startsWith("grad.")).length);
    const planes = await networks.decode(latent, size);
    const picture = planes.map((v) => Math.min(1, Math.max(0, v / 2 + 0.5)));
    expect(relativeError(picture, golden("image"))).toBeLessThan(1e-3);
  });
});
