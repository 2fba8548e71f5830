/** Latent consistency models read the guidance scale: against diffusers, tiny-sd with `time_cond_proj_dim` 16 (test/goldens/lcm-guidance). */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readFields } from "../../src-main/checkpoint/fields.ts";
import { readPart } from "../../src-main/checkpoint/parts.ts";
import { readSafetensors } from "../../src-main/checkpoint/safetensors.ts";
import { parseUnetConfig } from "../../src-main/checkpoint/unetConfig.ts";
import { Weights } from "../../src-main/checkpoint/weights.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { type Denoiser, denoise } from "../../src-main/engine/denoise.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import type { BothInputs, UnetInputs } from "../../src-main/engine/sessions/openUnet.ts";
import { methodOf } from "../../src-main/guidance/methodOf.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { Module } from "../../src-main/model/layers.ts";
import { guidanceFeatures, timestepFeatures } from "../../src-main/model/features.ts";
import { unet } from "../../src-main/model/unet.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";

const golden = fileURLToPath(new URL("../goldens/lcm-guidance.safetensors", import.meta.url));
const folder = fileURLToPath(new URL("../goldens/tiny-sd/unet", import.meta.url));
const { tensors } = readTensors(golden);
const at = (name: string) => tensors.get(name)!.data;

describe.each([1, 8])("a guidance scale of %i", (scale) => {
  test("has diffusers' features", () => {
    expect(relativeError(guidanceFeatures(scale, 16), at(`features.${scale}.0`))).toBeLessThan(1e-5);
  });

  test("changes the prediction as it does there", async () => {
    const part = await readPart(folder, "diffusion_pytorch_model");
    const projection = (await readSafetensors(golden)).tensors.get("cond_proj")!;
    const weights = new Weights(new Map([...part.tensors, ["time_embedding.cond_proj.weight", projection]]), part.path);
    const config = parseUnetConfig(await readFields(`${folder}/config.json`));
    const g = new GraphBuilder();
    const input = (name: string, ...shape: number[]) => g.input(name, "float32", shape);
    const { prediction } = unet(new Module(g, weights, "float32"), config, {
      latent: input("latent", 1, 4, 16, 16),
      time: input("time", 1, config.blockOutChannels[0]!),
      context: input("context", 77, config.contextWidth),
      guidance: input("guidance", 1, 16),
    });
    const session = await OrtSession.open(g.finish({ prediction }), { provider: "cpu", memory: "fast", threads: 1 });
    const found = await session.run({
      latent: at("x"),
      time: timestepFeatures(759, config.blockOutChannels[0]!, config),
      context: at("context"),
      guidance: guidanceFeatures(scale, 16),
    });
    await session.close();
    expect(relativeError(found["prediction"]!, at(`eps.${scale}.0`))).toBeLessThan(1e-4);
  });
});

test("a network that reads the scale is asked once a step, and told it; another twice", async () => {
  const runs: UnetInputs[] = [];
  const run = (inputs: UnetInputs) => {
    runs.push(inputs);
    return Promise.resolve({ prediction: new Float32Array(4), maps: new Float32Array(0), loss: 0, told: {} });
  };
  const both = async ({ prompt, negative }: BothInputs) => {
    const [first, second] = [await run(prompt), await run(negative)];
    return { prompt: first, negative: second, rows: 1 };
  };
  const config = { blockOutChannels: [8], flipSinToCos: true, freqShift: 0 };
  const layout = { tokenWeights: new Float32Array(2), contrast: new Map(), injection: new Map() };
  const method = await methodOf("ilgd");
  const evaluations = [{ timestep: 7, sigma: 2, inputScale: 1, stepIndex: 0 }];
  const half = { context: new Float32Array(2) };
  const denoiser = (guidanceWidth?: number) =>
    ({
      ...{ unet: { run, both }, config: { ...config, guidanceWidth }, prediction: "epsilon", layoutAt: () => layout },
      ...{ evaluations, method, state: {} },
      ...{ guidance: DEFAULT_SETTINGS.guidance, guidanceScale: 8, prompt: half, negative: half },
    }) as unknown as Denoiser;
  await denoise(denoiser(4), 0, new Float32Array(4));
  expect(runs.map(({ guidance }) => guidance)).toEqual([guidanceFeatures(8, 4)]);
  await denoise(denoiser(), 0, new Float32Array(4));
  expect(runs).toHaveLength(3);
});
