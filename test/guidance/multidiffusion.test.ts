/** MultiDiffusion against the authors' code (test/goldens/methods/multidiffusion): two windows, two regions, recorded draws. */
import { afterAll, expect, test, vi } from "vitest";
import type { Scene } from "../../src-main/scene/scene.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { denoise, type Denoiser } from "../../src-main/engine/denoise.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import type { OpenUnet } from "../../src-main/engine/sessions/openUnet.ts";
import type { BoundRegion } from "../../src-main/guidance/layout.ts";
import { method, partsOf, viewsOf } from "../../src-main/guidance/methods/multidiffusion.ts";
import { TorchGenerator } from "../../src-main/sampling/random.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { actingGuidance } from "../../src-main/scene/methodSettings.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";

vi.setConfig({ testTimeout: 300_000 });

const { tensors, metadata } = readTensors("test/goldens/methods/multidiffusion.safetensors");
const at = (name: string) => tensors.get(name)!.data;
const spec = JSON.parse(metadata["spec"]!) as Record<"H" | "W" | "seed" | "steps" | "bootstrapping", number> & {
  boxes: [number, number, number, number][];
};
const picture = { height: spec.H / 8, width: spec.W / 8 };
const window = method.window!(picture, 64);
const cells = picture.height * picture.width;

const regions: BoundRegion[] = spec.boxes.map(([left, top, right, bottom], k) => {
  const [x, y] = [left / spec.W, top / spec.H];
  const box = { x, y, width: right / spec.W - x, height: bottom / spec.H - y };
  return { region: { id: String(k), box, spans: [{ start: 0, end: 1 }], strength: 1 }, tokens: [k + 1] };
});
const guidance = { ...DEFAULT_SETTINGS.guidance, bootstrapSteps: { start: 0, end: spec.bootstrapping } };

const checkpoint = await openCheckpoint("test/goldens/tiny-sd");
const networks = new Networks(checkpoint, { provider: "cpu", memory: "fast", threads: 2 }, "float32", 77);
afterAll(() => networks.close());
const begin = () =>
  method.begin!({
    seed: String(spec.seed),
    settings: actingGuidance(guidance, spec.steps),
    noise: at("noise"),
    encodeColours: (colours) => networks.encodeColours(colours, window),
  });

test("windows and masks are the authors'", () => {
  expect(viewsOf(picture, window).flatMap(({ y, x }) => [y, y + 64, x, x + 64])).toEqual([...at("views")].map(Number));
  partsOf(regions, picture).forEach(({ weight }, k) =>
    expect([...weight]).toEqual([...at("masks").subarray(k * cells, (k + 1) * cells)]),
  );
});

test("any size is covered to its edges, and a part that pulls half lets half of the background through", () => {
  expect(viewsOf({ height: 20, width: 13 }, { height: 16, width: 13 })).toEqual([{ y: 0, x: 0 }, { y: 4, x: 0 }]); // prettier-ignore
  const half = partsOf([{ ...regions[0]!, region: { ...regions[0]!.region, strength: 0.5 } }], picture);
  half[1]!.weight.forEach((w, p) => expect(w + half[0]!.weight[p]!).toBe(1));
  expect(Math.max(...half[1]!.weight)).toBe(0.5);
  expect(partsOf([{ ...regions[0]!, region: { ...regions[0]!.region, strength: 0 } }], picture)).toHaveLength(1);
});

test("random draws are in the authors' order: colours, their latents, the noise, which colour goes where", async () => {
  const state = await begin();
  // In a plain picture there is next to nothing to normalise by: the last digits of the autoencoder count more than elsewhere.
  expect(relativeError([...state.backgrounds.flatMap((b) => [...b])], at("background.latent"))).toBeLessThan(1e-3);
  const generator = new TorchGenerator(String(spec.seed));
  expect(generator.uniform(3 * spec.bootstrapping)).toEqual(at("background.color"));
  for (const background of state.backgrounds) generator.normal(background.length);
  expect(relativeError(generator.normal(cells * 4), at("noise"))).toBeLessThan(1e-6);
  expect(generator.below(spec.bootstrapping, 8)).toEqual([...at("background.draws")].map(Number));
});

test("every latent is the authors'", async () => {
  const unet = await networks.unet(window, 77, method.program, () => undefined);
  const seen: Float32Array[] = [];
  const watched = {
    both: (...of: Parameters<OpenUnet["both"]>) => {
      seen.push(of[0].prompt.latent, of[0].negative.latent);
      return unet.both(...of);
    },
  } as unknown as OpenUnet;
  const layout = method.layout({
    ...{
      regions,
      columns: 77,
      picture,
      latent: window,
      target: unet.target,
      layers: unet.layers,
      attention: unet.attention,
    },
  });
  const size = at("cond").length / 3;
  const text = (name: string, k: number) => {
    const of = (half: string) => ({ context: at(half).slice(k * size, (k + 1) * size) });
    return [name, { prompt: of("cond"), negative: of("uncond"), words: [] }] as const;
  };
  const sampler = createSampler("ddim", checkpoint.scheduler, spec.steps, { spacing: "model" });
  const denoiser: Denoiser = {
    ...{ unet: watched, config: checkpoint.unet.config, prediction: "epsilon", evaluations: sampler.evaluations },
    ...{ method, layoutAt: () => layout, state: await begin(), guidance, guidanceScale: 7.5 },
    prompt: { context: at("cond") },
    negative: { context: at("uncond") },
    texts: new Map([text("background", 0), text("region 0", 1), text("region 1", 2)]),
  };
  expect(sampler.evaluations.map(({ timestep }) => timestep)).toEqual([...at("timesteps")]);
  let latent: Float32Array = at("noise");
  for (let i = 0; i < spec.steps; i++) {
    const { latent: from, epsilon, maps } = await denoise(denoiser, i, latent);
    if (i === 0) {
      const copies = [0, 2, 4].flatMap((n) => [...seen[n]!]);
      expect(relativeError(copies, at("input.0.0"))).toBeLessThan(1e-4);
      // Attention of the whole picture is still attention.
      for (let p = 0; p < maps.length / 77; p++)
        expect(maps.subarray(p * 77, (p + 1) * 77).reduce((sum, v) => sum + v)).toBeCloseTo(1, 3);
    }
    latent = sampler.step(i, from, epsilon, () => new Float32Array());
    expect(relativeError(latent, at(`latent.${i}`)), `step ${i}`).toBeLessThan(1e-3);
  }
});

test("a region's prompt is its phrases and its further words, and what to avoid there comes after the scene's", () => {
  const prompt = "a red circle, shiny, on white";
  const region = {
    ...{ id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, strength: 1, words: "made of glass", avoid: "cracks" },
    spans: [
      { start: 0, end: 12 },
      { start: 14, end: 19 },
    ],
  };
  const scene: Scene = { prompt, negativePrompt: "blurry", regions: [region], settings: DEFAULT_SETTINGS };
  expect(method.texts!(scene)).toEqual([
    { name: "background", prompt, negativePrompt: "blurry" },
    { name: "region a", prompt: "a red circle, shiny, made of glass", negativePrompt: "blurry, cracks" },
  ]);
});
