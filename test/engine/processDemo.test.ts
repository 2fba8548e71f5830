/** The engine process with the demo model on ONNX Runtime: what the other files prove of a fake model, on the real one. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { GeneratedImage, LoadRequest, ModelSummary, StepEvent } from "../../src-main/api/engine.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { startEngine, type Engine } from "../../src-main/engine/host.ts";

const demo: LoadRequest = {
  path: fileURLToPath(new URL("../../resources/models/demo", import.meta.url)),
  provider: "cpu",
  memory: "fast",
};
const STEPS = 8;
const engines: Engine[] = [];

async function start() {
  const lines: string[] = [];
  const engine = await startEngine({ onLine: (line) => lines.push(line) });
  engines.push(engine);
  const steps: StepEvent[] = [];
  const images: GeneratedImage[] = [];
  engine.on("step", (step) => steps.push(step));
  engine.on("image", (image) => images.push(image));
  const summary = await engine.api.load(demo);
  const generate = (seeds: string[], { steps = STEPS, jobId = "j" } = {}) =>
    engine.api.generate({ jobId, scene: scene(summary, steps), seeds, previewEvery: 4, attention: true });
  return { engine, summary, steps, images, generate };
}

function scene({ defaults }: ModelSummary, steps: number): Scene {
  const guidance = { ...defaults.guidance, injectionSteps: { start: 1, end: 3 }, lossSteps: { start: 1, end: 4 } };
  return {
    prompt: "a red circle and a blue square",
    negativePrompt: "",
    regions: [{ id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [{ start: 2, end: 12 }], strength: 1 }],
    settings: { ...defaults, steps, guidance },
  };
}

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});

test("two seeds become two different pictures, told of step by step", async () => {
  const { summary, steps, images, generate } = await start();
  await expect(generate(["1", "2"])).resolves.toEqual({ finished: 2 });
  expect(steps.map(({ index, step }) => [index, step])).toEqual(
    [0, 1].flatMap((index) => Array.from({ length: STEPS }, (_, i) => [index, i + 1])),
  );
  expect(steps.filter(({ preview }) => preview).map(({ step }) => step)).toEqual([4, 4]);
  for (const { obedience, attention } of steps) {
    expect(obedience["a"]).toBeGreaterThan(0);
    expect(obedience["a"]).toBeLessThanOrEqual(1);
    expect(attention?.regions["a"]).toBeInstanceOf(Float32Array);
  }
  const [first, second] = images;
  const { width, height } = summary.defaults;
  for (const { pixels } of images) {
    expect(pixels.data).toHaveLength(width * height * 4);
    expect(new Set(pixels.data).size).toBeGreaterThan(8); // not one flat colour
  }
  expect(Buffer.compare(first!.pixels.data, second!.pixels.data)).not.toBe(0);
  expect(first!.record).toMatchObject({
    seed: "1",
    scene: scene(summary, STEPS),
    obedience: steps[STEPS - 1]!.obedience,
  });
});

test("sides are whole latent cells, and need be nothing else", async () => {
  const { engine, summary, images } = await start();
  const unit = summary.pixelsPerLatent;
  expect(unit).toBe(16);
  const { settings, ...rest } = scene(summary, 4);
  const draw = (width: number, height: number) =>
    engine.api.generate({
      jobId: `${width}x${height}`,
      scene: { ...rest, settings: { ...settings, width, height } },
      seeds: ["1"],
      previewEvery: 0,
      attention: false,
    });
  await draw(13 * unit, 17 * unit);
  expect(images.map(({ pixels }) => [pixels.width, pixels.height])).toEqual([[208, 272]]);
  await expect(draw(13 * unit, 17 * unit + 8)).rejects.toMatchObject({
    code: "scene-invalid",
    message: "height: demo draws multiples of 16 pixels, got 280; the nearest is 288",
    details: { at: "settings.height" },
  });
});

test("the same seed gives the same picture in another process", async () => {
  const { engine, images, generate } = await start();
  await generate(["7"], { steps: 4 });
  engine.kill();
  await generate(["7"], { steps: 4 });
  expect(Buffer.compare(images[0]!.pixels.data, images[1]!.pixels.data)).toBe(0);
});

test("a cancellation takes effect within one step", async () => {
  const { engine, steps, images, generate } = await start();
  engine.on("step", ({ step }) => void (step === 3 && engine.api.cancel({ jobId: "j" })));
  await expect(generate(["1", "2"], { steps: 200 })).rejects.toMatchObject({ code: "cancelled" });
  expect(steps.length).toBeLessThanOrEqual(5); // the one that ran, and one if the message came between two
  expect(images).toEqual([]);
  await expect(generate(["3"], { steps: 4, jobId: "k" })).resolves.toEqual({ finished: 1 });
});

test("kill -9 in the middle of a run is an error, and the next request works", async () => {
  const { engine, generate } = await start();
  engine.on("step", ({ jobId, step }) => {
    if (jobId === "j" && step === 2) process.kill(engine.pid!, "SIGKILL");
  });
  await expect(generate(["1"], { steps: 200 })).rejects.toMatchObject({
    code: "service-crashed",
    details: { service: "engine", signal: "SIGKILL" },
  });
  await expect(generate(["1"], { jobId: "k" })).resolves.toEqual({ finished: 1 });
});

test("opening waits for the jobs before it and ends their process: every byte is given back", async () => {
  const { engine, generate } = await start();
  const before = engine.pid;
  const job = generate(["1"], { steps: 4 });
  await engine.api.load(demo);
  await expect(job).resolves.toEqual({ finished: 1 });
  expect(engine.pid).not.toBe(before);
});

test("each checkpoint gets a fresh process, so memory does not grow over loading", { timeout: 180_000 }, async () => {
  const { engine, generate } = await start();
  const pids = new Set<number>();
  const resident: number[] = [];
  for (let round = 0; round < 3; round++) {
    await engine.api.load(demo);
    await generate(["1"], { steps: 4 });
    pids.add(engine.pid!);
    if (process.platform === "linux") {
      const status = readFileSync(`/proc/${engine.pid!}/status`, "utf8");
      resident.push(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024);
    }
  }
  expect(pids.size).toBe(3);
  for (const megabytes of resident) expect(megabytes).toBeLessThan(600); // about 200 when this was written
});
