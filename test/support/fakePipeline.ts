/**
 * A pipeline without a model. Like the real one it blocks the thread for the length of each step; words of the prompt make it
 * misbehave: `crash` and `abort` end the process in the second step, `fail` throws there, `deep` blocks for five seconds. Pictures of a
 * prompt that begins with `together` are drawn three at a time.
 */
import { DEFAULT_SETTINGS, withSteps } from "../../src-main/scene/defaults.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import type { ModelSummary } from "../../src-main/api/engine.ts";
import type { Scene, SceneSettings } from "../../src-main/scene/scene.ts";
import type { Draw } from "../../src-main/engine/queue.ts";
import type { OpenPipeline, OpenRequest, Pipeline } from "../../src-main/engine/service.ts";

const STEP_MILLISECONDS = 30;

const settings: SceneSettings = {
  ...withSteps(DEFAULT_SETTINGS, 6),
  width: 64,
  height: 64,
  guidance: { ...DEFAULT_SETTINGS.guidance, injectionSteps: { start: 0, end: 2 }, lossSteps: { start: 0, end: 3 } },
};

/** A scene that the fake model draws in `steps` steps. */
export function fakeScene(prompt: string, steps = settings.steps): Scene {
  const { guidance } = settings;
  const cut = ({ start, end }: { start: number; end: number }) => ({ start, end: Math.min(end, steps) });
  const ranges = { injectionSteps: cut(guidance.injectionSteps), lossSteps: cut(guidance.lossSteps) };
  return {
    prompt,
    negativePrompt: "",
    regions: [],
    settings: { ...settings, steps, guidance: { ...guidance, ...ranges } },
  };
}

export const openFakePipeline: OpenPipeline = async (request, onProgress) => {
  if (request.path === "missing") {
    throw new AppError("file-unreadable", "There is no folder missing.", { path: request.path });
  }
  onProgress(0.5, "half");
  await Promise.resolve();
  onProgress(1, "open");
  return fakePipeline(request);
};

function fakePipeline(request: OpenRequest): Pipeline {
  const weights = Buffer.alloc(1 << 20, 1); // something to hold
  const summary: ModelSummary = {
    path: request.path,
    name: request.path,
    provider: request.provider,
    memory: "fast",
    precision: "float32",
    weightBytes: weights.length,
    parameters: 1,
    maxTokens: 77,
    pixelsPerLatent: 8,
    family: "sd1",
    prediction: "epsilon",
    notes: [...(request.forms ?? [])],
    defaults: settings,
  };
  return {
    summary,
    tokenize: ({ prompt }) =>
      Promise.resolve({ count: prompt.split(" ").length, chunks: 1, limit: 75, tokens: [], embeddings: [] }),
    check: () => Promise.resolve({ warnings: [], estimatedBytes: weights.length }),
    atOnce: ({ prompt }) => Promise.resolve(prompt.startsWith("together") ? 3 : 1),
    generate: draw(summary),
    close: () => Promise.resolve(),
  };
}

const draw = (summary: ModelSummary): Draw => {
  return async (scene, seed, { previewEvery, signal, onStep, sharesBeginning }) => {
    const { steps } = scene.settings;
    for (let step = 1; step <= steps; step++) {
      signal.throwIfAborted();
      if (step === 2) misbehave(scene.prompt);
      block(STEP_MILLISECONDS);
      const preview = previewEvery > 0 && step % previewEvery === 0 ? { preview: pixels(step) } : {};
      await onStep({ step, steps, obedience: {}, ...preview, state: () => new Uint8Array() });
    }
    return {
      pixels: pixels(Number(seed), scene.settings),
      obedience: [],
      attention: { width: 1, height: 1, regions: { a: Float32Array.of(1) } },
      seconds: (steps * STEP_MILLISECONDS) / 1_000,
      ...(sharesBeginning ? { shared: 1 } : {}),
      record: {
        version: 1,
        scene,
        seed,
        model: { name: summary.name, hash: "" },
        engine: { app: "0", onnxruntime: "0", provider: "cpu", precision: "float32", noise: "torch-cpu" },
        tokens: {},
        obedience: {},
      },
    };
  };
};

function misbehave(prompt: string): void {
  if (prompt === "crash") process.kill(process.pid, "SIGKILL");
  if (prompt === "abort") process.abort();
  if (prompt === "fail") throw new AppError("out-of-memory", "Memory ran out.", {});
  if (prompt === "deep") block(5_000);
}

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function pixels(value: number, { width, height } = { width: 2, height: 1 }) {
  return { width, height, data: new Uint8Array(width * height * 4).fill(value) };
}
