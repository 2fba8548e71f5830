/** Work that a scene lets the network leave out: what remains is what it says, and bit for bit the same after a stop. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import type { Picture, PictureOptions } from "../../src-main/engine/queue.ts";
import type { Pipeline } from "../../src-main/engine/service.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { STEERING, steeringFeeds } from "../../src-main/guidance/steering.ts";
import { layoutOf } from "../../src-main/guidance/layout.ts";
import { selfAttention } from "../../src-main/model/unet.ts";
import { Module } from "../../src-main/model/layers.ts";
import { METHODS } from "../../src-main/scene/methods.ts";
import { quietFrom } from "../../src-main/scene/methodSettings.ts";
import type { Scene, SceneSettings } from "../../src-main/scene/scene.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { kindOf, workAt } from "../../src-main/scene/shortcuts.ts";
import { relativeError } from "../support/closeness.ts";
import { normals } from "../support/randomNumbers.ts";
import "../support/keptSessions.ts";

const load = { provider: "cpu", memory: "fast", threads: 1 } as const;
const STEPS = 7;
const guidance = { method: "ilgd", nu: 1, eta: 1, injectionSteps: { start: 0, end: 1 }, lossSteps: { start: 1, end: 2 } } as const; // prettier-ignore
describe("what is done at a step", () => {
  const plan = { guidance, scaleUntil: 0.5, wholeEvery: 3, steps: 8 };
  const at = (step: number) => workAt(plan, step);

  test("boxes act no more after the last of the method's ranges", () => {
    expect(quietFrom(guidance, 8)).toBe(2);
    expect(quietFrom({ ...guidance, method: "none" }, 8)).toBe(0);
    expect(quietFrom({ ...guidance, method: "densediffusion" }, 50)).toBe(15);
  });
  test("the scale acts in its share of the steps, and every third quiet step is whole", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((n) => at(n).isGuided)).toEqual([1, 1, 1, 1, 0, 0, 0, 0].map(Boolean));
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((n) => at(n).isWhole)).toEqual([1, 1, 1, 0, 0, 1, 0, 0].map(Boolean));
    expect([0, 1, 2, 3].map((n) => at(n).isKept)).toEqual([false, false, true, true]);
  });
  test("a method that reads texts of its own, and a scene that asks for nothing, run all of it", () => {
    const other = { ...plan, guidance: { ...guidance, method: "multidiffusion" as const } };
    expect(workAt(other, 4)).toEqual({ isGuided: false, isFresh: true, isWhole: true, isKept: false });
    expect(workAt({ guidance, steps: 8 }, 4)).toEqual({ isGuided: true, isFresh: true, isWhole: true, isKept: false });
  });
  test("a gradient is computed anew in the first half of its steps, and in every third later one", () => {
    const follows = { guidance: { ...guidance, lossSteps: { start: 1, end: 12 } }, gradientEvery: 3, steps: 12 };
    const fresh = (plan: typeof follows) => [...Array(12).keys()].filter((step) => workAt(plan, step).isFresh);
    expect(fresh(follows)).toEqual([0, 1, 2, 3, 4, 5, 6, 9]);
    expect(fresh({ ...follows, gradientEvery: 1 })).toHaveLength(12);
    // Those that move a latent by theirs compute each.
    expect(fresh({ ...follows, guidance: { ...follows.guidance, method: "boxdiff" as never } })).toHaveLength(12);
    expect(kindOf({ ...DEFAULT_SETTINGS, ...follows }, 6)).toBe("guided");
    expect(kindOf({ ...DEFAULT_SETTINGS, ...follows }, 7)).toBe("plain");
  });
});

describe.each(["test/goldens/tiny-sd", "test/goldens/single-file/tiny-sdxl"])("the outermost layers of %s", (path) => {
  test("give the prediction of the whole network around what it kept", async () => {
    const checkpoint = await openCheckpoint(path);
    const networks = new Networks(checkpoint, load, "float32", 77);
    const latent = { height: 16, width: 24 };
    const unet = await networks.unet(latent, 77, STEERING, () => undefined, { reusesDeep: true });
    const { config } = checkpoint.unet;
    const numbers = (n: number, scale = 1) => Float32Array.from(normals([n], n), (v) => v * scale);
    const layout = layoutOf([], 77, latent, unet.target, unet.layers);
    const inputs = {
      latent: numbers(config.inChannels * 16 * 24),
      time: numbers(config.blockOutChannels[0]!),
      context: numbers(77 * config.contextWidth, 0.1),
      ...(config.addition ? { addition: numbers(config.addition.width) } : {}),
      feeds: steeringFeeds(layout, 0),
    };
    const { prediction, deep } = await unet.run(inputs);
    const around = await unet.runOutermost({ ...inputs, deep: deep! });
    expect(relativeError(around, prediction)).toBeLessThan(1e-6);
    const other = await unet.runOutermost({ ...inputs, deep: deep!.map((v) => 2 * v) });
    expect(relativeError(other, prediction)).toBeGreaterThan(1e-2);
    await networks.close();
  });
});

test("self-attention in tiles is that of each tile by itself", async () => {
  const { unet } = await openCheckpoint("test/goldens/tiny-sd");
  const scope = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";
  const [heads, c] = [unet.config.heads[0]!, unet.config.blockOutChannels[0]!];
  const attended = async (x: Float32Array, height: number, width: number, tiles: number) => {
    const g = new GraphBuilder();
    const m = new Module(g, unet.weights, "float32").at(scope);
    const input = g.input("x", "float32", [height * width, c]);
    const y = selfAttention(m, input, { name: scope, heads, height, width }, "float32", tiles);
    const session = await OrtSession.open(g.finish({ y }), load);
    const out = await session.run({ x: Float32Array.from(x) });
    await session.close();
    return out["y"]!;
  };
  const [height, width] = [4, 6];
  const x = Float32Array.from(normals([height * width * c], 3));
  const whole = await attended(x, height, width, 2);
  for (const [top, left] of [
    [0, 0],
    [0, 3],
    [2, 0],
    [2, 3],
  ] as const) {
    const cells = [0, 1].flatMap((y) => [0, 1, 2].map((dx) => (top + y) * width + left + dx));
    const pick = (all: ArrayLike<number>) => Float32Array.from(cells.flatMap((cell) => Array.from({ length: c }, (_, k) => all[cell * c + k]!))); // prettier-ignore
    expect(relativeError(pick(whole), await attended(pick(x), 2, 3, 1))).toBeLessThan(1e-5);
  }
  // A grid that cannot be divided so is attended whole.
  expect(await attended(x.slice(0, 15 * c), 3, 5, 2)).toEqual(await attended(x.slice(0, 15 * c), 3, 5, 1));
});

describe("pictures", () => {
  let tiny: Pipeline;
  beforeAll(async () => (tiny = await openPipeline({ path: "test/goldens/tiny-sd", ...load }, () => undefined)));
  afterAll(() => tiny.close());

  const scene = (settings: Partial<SceneSettings>): Scene => ({
    prompt: "a red circle",
    negativePrompt: "a star",
    regions: [{ id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [{ start: 2, end: 12 }], strength: 1 }],
    settings: { ...tiny.summary.defaults, width: 64, height: 64, steps: STEPS, scheduler: "lms", guidanceScale: 5, guidance, ...settings }, // prettier-ignore
  });
  const draw = (of: Scene, options: Partial<PictureOptions> = {}): Promise<Picture> => {
    const { signal } = new AbortController();
    return tiny.generate(of, "7", { previewEvery: 0, attention: false, signal, onStep: () => undefined, ...options });
  };
  const outcome = ({ pixels, obedience, record }: Picture) => ({ pixels, obedience, record });

  test.each<[string, Partial<SceneSettings>]>([
    ["whole every third step", { wholeEvery: 3 }],
    ["and the guidance scale for a half", { wholeEvery: 2, scaleUntil: 0.6 }],
    ["with a sampler that evaluates twice", { wholeEvery: 3, scheduler: "heun" }],
    [
      "gradient every third later step",
      { gradientEvery: 3, guidance: { ...guidance, lossSteps: { start: 1, end: 7 } } },
    ],
    [
      "as a draft",
      { guidance: { ...guidance, pastInjection: true, etaFall: 0.3, injectionSteps: { start: 1, end: 7 }, lossSteps: { start: 1, end: 7 } }, gradientEvery: 2, spacing: "simple", scheduler: "euler-a" }, // prettier-ignore
    ],
    ["a loss on the way down, past injection", { guidance: { ...guidance, loss: "down", pastInjection: true, injectionSteps: { start: 0, end: 7 }, lossSteps: { start: 1, end: 7 } } }], // prettier-ignore
    ["with noise of its own", { wholeEvery: 4, scheduler: "dpmpp-sde", scaleUntil: 0.5 }],
  ])("go on from every step to the same bits: %s", async (_, settings) => {
    const of = scene(settings);
    const states: Uint8Array<ArrayBuffer>[] = [];
    const picture = await draw(of, { onStep: ({ state }) => void states.push(state()) });
    for (const from of states.slice(0, -1)) expect(outcome(await draw(of, { from }))).toEqual(outcome(picture));
  });

  test.each(METHODS)(
    "all but the outermost layers are left out of steps in which %s acts no more",
    { timeout: 120_000 },
    async (method) => {
      const quiet = { ...guidance, method };
      const [whole, short] = [
        scene({ guidance: quiet, steps: 5 }),
        scene({ guidance: quiet, steps: 5, wholeEvery: 3 }),
      ];
      const isLeftOut = [0, 1, 2, 3, 4].some((step) => !workAt(short.settings, step).isWhole);
      expect(isLeftOut).toBe(!["forward", "multidiffusion"].includes(method)); // which act to the end
      const [all, some] = [await draw(whole), await draw(short)];
      expect(Buffer.from(some.pixels.data).equals(all.pixels.data)).toBe(!isLeftOut);
    },
  );

  test("a shortcut changes the picture a little, and what is the same as none nothing", async () => {
    const plain = await draw(scene({}));
    expect((await draw(scene({ wholeEvery: 1, scaleUntil: 1, attentionTiles: 1 }))).pixels).toEqual(plain.pixels);
    const followed = { ...guidance, lossSteps: { start: 1, end: 6 } };
    const kept = await draw(scene({ guidance: followed, gradientEvery: 4 }));
    expect(kept.pixels.data).not.toEqual((await draw(scene({ guidance: followed }))).pixels.data);
    for (const settings of [{ wholeEvery: 3 }, { scaleUntil: 0.5 }, { attentionTiles: 2 }]) {
      const { pixels, record } = await draw(scene(settings));
      expect(pixels.data).not.toEqual(plain.pixels.data);
      expect(record.scene.settings).toMatchObject(settings);
    }
  });
});
