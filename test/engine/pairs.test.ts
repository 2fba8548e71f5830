/** Both halves of classifier-free guidance in one run give what they give one after the other. */
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { LoraShelf } from "../../src-main/engine/loraShelf.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import { withPairs } from "../../src-main/engine/sessions/pairs.ts";
import { unetGraph } from "../../src-main/engine/sessions/unetGraph.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../../src-main/graph/gradient/rule.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
import { flopCount } from "../../bench/flops.ts";
import { RandomWeights, TINY_UNET, unetLacks } from "../support/tinyCheckpoint.ts";
import { BATCH } from "../../src-main/engine/sessions/pairChoice.ts";
import { METHODS } from "../../src-main/scene/methods.ts";
import type { Scene, SceneLora } from "../../src-main/scene/scene.ts";
import { relativeError } from "../support/closeness.ts";
import { bothOutputs, openHalves } from "../support/halves.ts";
import { writeRandomLora } from "../support/randomLora.ts";
import { temporary } from "../checkpoint/folders.ts";

const cpu = { provider: "cpu", threads: 1 } as const;

afterEach(() => vi.unstubAllEnvs());

type Opened = Parameters<typeof openHalves>;

/** The same steps in one way. */
async function stepsIn(rows: "1" | "2", ...of: Opened) {
  vi.stubEnv(BATCH, rows);
  const halves = await openHalves(...of);
  const [guided, plain] = [await bothOutputs(halves, true), await bothOutputs(halves, false)];
  // A run of one row, in the same session.
  const { gradient, maps } = await halves.unet.runGuided(halves.inputs.prompt);
  await halves.networks.close();
  return { guided, plain, single: { gradient, maps } };
}

const TWO_CHUNKS = { chunks: 2, shortcuts: { reusesDeep: true } };
const lora = (name: string, strength: number): SceneLora => ({ name, path: `test/goldens/lora/${name}.safetensors`, strength, on: true }); // prettier-ignore
/** Matrices beside their layers, and convolutions: their strengths are an input that all rows share. */
const LORAS = { loras: [lora("lora-kohya", 0.8), lora("lora-locon", -1.1)] };

test.each([
  { what: "tiny-sd", path: "test/goldens/tiny-sd", tokens: 77, memory: "fast", more: {} },
  { what: "tiny-sd, columns attended in some places, and what later steps go around", path: "test/goldens/tiny-sd", tokens: 77, memory: "fast", more: TWO_CHUNKS }, // prettier-ignore
  { what: "tiny-sd with LoRAs", path: "test/goldens/tiny-sd", tokens: 77, memory: "fast", more: LORAS },
  { what: "tiny-sd with LoRAs in low memory mode", path: "test/goldens/tiny-sd", tokens: 77, memory: "low", more: LORAS }, // prettier-ignore
  { what: "the demo model", path: "resources/models/demo", tokens: 32, memory: "fast", more: {} },
  { what: "the demo model in low memory mode", path: "resources/models/demo", tokens: 32, memory: "low", more: {} },
  { what: "tiny SDXL", path: "test/goldens/single-file/tiny-sdxl", tokens: 77, memory: "fast", more: {} },
] as const)("a step of $what", { timeout: 300_000 }, async ({ path, tokens, memory, more }) => {
  const opened = [path, tokens, { ...cpu, memory }, more] as const;
  const [apart, together] = [await stepsIn("1", ...opened), await stepsIn("2", ...opened)];
  for (const kind of ["guided", "plain", "single"] as const) {
    expect(Object.keys(together[kind])).toEqual(Object.keys(apart[kind]));
    for (const [name, numbers] of Object.entries(apart[kind])) {
      if (name === "rows") continue;
      expect(Math.hypot(...numbers), `${kind} ${name}`).toBeGreaterThan(0);
      const own = (together[kind] as Record<string, Float32Array>)[name]!;
      expect(relativeError(own, numbers), `${kind} ${name}`).toBeLessThan(1e-5);
    }
  }
  expect(Object.keys(apart.guided)).toContain("gradient");
  expect(Object.keys(apart.plain)).not.toContain("gradient");
  // The halves have other texts.
  expect(relativeError(apart.plain["negative"]!, apart.plain["prediction"]!)).toBeGreaterThan(1e-3);
  expect([apart, together].flatMap(({ guided, plain }) => [...guided["rows"]!, ...plain["rows"]!])).toEqual([
    1, 1, 2, 2,
  ]);
});

test(
  "LoRAs count in both rows, and follow their strengths in the network that is open",
  { timeout: 120_000 },
  async () => {
    const path = "test/goldens/tiny-sd";
    vi.stubEnv(BATCH, "2");
    const plain = await openHalves(path, 77, { ...cpu, memory: "fast" });
    const without = await bothOutputs(plain, true);
    await plain.networks.close();
    const halves = await openHalves(path, 77, { ...cpu, memory: "fast" }, LORAS);
    const styled = await bothOutputs(halves, true);
    const shelf = new LoraShelf(await openCheckpoint(path), () => undefined);
    const used = LORAS.loras.map((one) => ({ lora: one, strength: one.strength / 2, textStrength: 0 }));
    const fitted = await shelf.take(used);
    expect(halves.unet.use(fitted)).toBe(true);
    const half = await bothOutputs(halves, true);
    await halves.networks.close();
    const apart = await stepsIn("1", path, 77, { ...cpu, memory: "fast" }, { loras: LORAS.loras.map((one) => lora(one.name, one.strength / 2)) }); // prettier-ignore
    for (const name of ["prediction", "negative", "gradient"]) {
      expect(relativeError(styled[name]!, without[name]!), name).toBeGreaterThan(1e-3);
      expect(relativeError(half[name]!, styled[name]!), name).toBeGreaterThan(1e-3);
      expect(relativeError(half[name]!, apart.guided[name]!), name).toBeLessThan(1e-5);
    }
  },
);

test("the gradient of a pair is computed for the prompt's row alone: the arithmetic is that of one half after the other", () => {
  const form = { columns: 5, masked: false, program: STEERING };
  const latent = { height: 8, width: 8 };
  const one = unetGraph(TINY_UNET, RandomWeights.create(unetLacks), latent, form, "float32", DEFAULT_GRADIENT_OPTIONS);
  const { graph } = withPairs(one, [1, 3]);
  const [plain, guided] = [flopCount(one.graph, ["prediction"]), flopCount(one.graph, ["prediction", "gradient"])];
  for (const pairs of [1, 3]) {
    const named = (...names: string[]) => flopCount(graph, names.map((name) => `pairs${pairs}.${name}`)); // prettier-ignore
    expect(named("prediction")).toBe(2 * pairs * plain);
    expect(named("prediction", "gradient")).toBe(pairs * (plain + guided));
  }
});

describe("a whole picture", { timeout: 120_000 }, async () => {
  const load = (path: string) => openPipeline({ path, ...cpu, memory: "fast" }, () => undefined);
  // A pipeline keeps the network that it has open, whatever is asked for later.
  const [one, two] = [await load("resources/models/demo"), await load("resources/models/demo")];
  afterAll(() => Promise.all([one.close(), two.close()]));
  const draw = async (pipeline: typeof one, rows: "1" | "2", scene: Scene) => {
    vi.stubEnv(BATCH, rows);
    const { signal } = new AbortController();
    const { pixels, record } = await pipeline.generate(scene, "7", { previewEvery: 0, attention: false, signal, onStep: () => undefined }); // prettier-ignore
    return { numbers: Float32Array.from(pixels.data), rows: record.engine.rows };
  };
  const sceneOf = (settings: Partial<Scene["settings"]>): Scene => ({
    prompt: "a red circle and a blue square",
    negativePrompt: "green",
    regions: [
      {
        id: "a",
        box: { x: 0, y: 0.1, width: 0.5, height: 0.6 },
        spans: [{ start: 2, end: 12 }],
        strength: 1,
        words: "large",
      },
      { id: "b", box: { x: 0.5, y: 0.4, width: 0.5, height: 0.6 }, spans: [{ start: 19, end: 30 }], strength: 1 },
    ],
    settings: { ...one.summary.defaults, width: 128, height: 128, steps: 4, ...settings },
  });

  const bothWays = async (settings: Partial<Scene["settings"]>) => {
    const scene = sceneOf(settings);
    const [apart, together] = [await draw(one, "1", scene), await draw(two, "2", scene)];
    expect(relativeError(together.numbers, apart.numbers)).toBeLessThan(3e-3); // whole numbers from 0 to 255
    return [apart.rows, together.rows];
  };

  test.each(METHODS)("by %s", async (method) => {
    const { guidance } = one.summary.defaults;
    expect(await bothWays({ guidance: { ...guidance, method } })).toEqual([undefined, 2]);
  });

  test("with a sampler that has noise of its own, and the outermost layers alone in some steps", async () => {
    const { guidance } = one.summary.defaults;
    const quiet = { ...guidance, injectionSteps: { start: 0, end: 1 }, lossSteps: { start: 0, end: 1 } };
    expect(await bothWays({ scheduler: "euler-a", guidance: quiet, wholeEvery: 2 })).toEqual([undefined, 2]);
  });

  test("with a LoRA", async () => {
    const path = temporary("lora.safetensors");
    await writeRandomLora(path, "resources/models/demo");
    const ink = { name: "ink", path, strength: 0.7, on: true };
    expect(await bothWays({ loras: [ink] })).toEqual([undefined, 2]);
    const [plain, styled] = [await draw(two, "2", sceneOf({})), await draw(two, "2", sceneOf({ loras: [ink] }))];
    expect(relativeError(styled.numbers, plain.numbers)).toBeGreaterThan(0.02);
  });

  test("without a negative half there is nothing to be had at once", async () => {
    expect(await bothWays({ guidanceScale: 1 })).toEqual([undefined, undefined]);
  });
});
