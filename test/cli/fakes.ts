/** An engine in this process that draws gray pictures, and a terminal that keeps what is written. */
import { DEFAULT_SETTINGS, withSteps } from "../../src-main/scene/defaults.ts";
import type { EngineEvents, LoadRequest, SceneWarning, StepEvent } from "../../src-main/api/engine.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import type { Scene, SceneSettings } from "../../src-main/scene/scene.ts";
import type { RenderEngine } from "../../src-main/cli/drawing.ts";
import type { Terminal } from "../../src-main/cli/terminal.ts";

export interface FakeEngineOptions {
  /** Of the checkpoint. */
  defaults?: SceneSettings;
  warnings?: SceneWarning[];
  /** What the checkpoint tells of how it was read. */
  notes?: string[];
  /** Rejects a call in place of serving it. */
  load?: (request: LoadRequest) => void;
  /** Called before each step; may throw, or interrupt. */
  beforeStep?: (step: { seed: string; step: number }) => void | Promise<void>;
}

/** Obedience of box i at the last step: 0.71, 0.64, ... */
const obedienceOf = (scene: Scene) => Object.fromEntries(scene.regions.map(({ id }, i) => [id, (71 - 7 * i) / 100]));

export function fakeEngine(options: FakeEngineOptions = {}) {
  const listeners = new Map<string, Set<(payload: never) => void | Promise<void>>>();
  const calls: { loads: LoadRequest[]; scenes: Scene[]; stopped: number; killed: number } = {
    loads: [],
    scenes: [],
    stopped: 0,
    killed: 0,
  };
  let isCancelled = false;
  const emit = async <Name extends keyof EngineEvents>(name: Name, payload: EngineEvents[Name]) => {
    for (const listener of listeners.get(name) ?? []) await listener(payload as never);
  };
  const checkCancelled = () => {
    if (isCancelled) throw new AppError("cancelled", "Cancelled.", {});
  };

  const engine: RenderEngine = {
    api: {
      load: async (request) => {
        calls.loads.push(request);
        await Promise.resolve();
        options.load?.(request);
        checkCancelled();
        await emit("loading", { fraction: 0.5, message: "unet" });
        const { path, provider } = request;
        const memory = "fast" as const;
        const defaults = options.defaults ?? withSteps(DEFAULT_SETTINGS, 3);
        const sizes = { weightBytes: 1, parameters: 1, maxTokens: 77, pixelsPerLatent: 8 };
        const kind = { family: "sd1", prediction: "epsilon", notes: options.notes ?? [] } as const;
        return { path, name: "fake", provider, memory, precision: "float32", ...sizes, ...kind, defaults };
      },
      check: () => Promise.resolve({ warnings: options.warnings ?? [], estimatedBytes: 1 }),
      generate: async ({ jobId, scene, seeds }) => {
        calls.scenes.push(scene);
        const obedience = obedienceOf(scene);
        for (const [index, seed] of seeds.entries()) {
          const { steps } = scene.settings;
          for (let step = 1; step <= steps; step++) {
            await options.beforeStep?.({ seed, step });
            checkCancelled();
            const left = steps - step;
            const times = { elapsed: step, pictureSecondsLeft: left, queueSecondsLeft: left + 60 };
            const event: StepEvent = { jobId, seed, index, step, steps, ...times, obedience, loss: 0.5 };
            await emit("step", event);
          }
          await emit("image", {
            jobId,
            seed,
            index,
            pixels: { width: 8, height: 8, data: new Uint8Array(256).fill(200) },
            obedience: [obedience],
            attention: { width: 1, height: 1, regions: {} },
            seconds: 1.5,
            record: {
              version: 1,
              scene,
              seed,
              model: { name: "fake", hash: "" },
              engine: { app: "Diorama", onnxruntime: "1", provider: "cpu", precision: "float32", noise: "torch-cpu" },
              tokens: {},
              obedience,
            },
          });
        }
        return { finished: seeds.length };
      },
      cancel: () => {
        isCancelled = true;
        return Promise.resolve();
      },
    },
    on: (name, listener) => {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(listener));
      return () => void set.delete(listener);
    },
    kill: () => {
      calls.killed++;
      isCancelled = true;
    },
    stop: () => {
      calls.stopped++;
      return Promise.resolve();
    },
  };
  return { engine, calls };
}

export function fakeTerminal({ isTTY = false }: { isTTY?: boolean } = {}) {
  const written = { stdout: "", stderr: "", exits: [] as number[] };
  let now = 0;
  const interruptListeners = new Set<() => void>();
  const terminal: Terminal = {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text), isTTY, columns: 100 },
    env: {},
    cwd: process.cwd(),
    now: () => (now += 1_000),
    onInterrupt: (listener) => {
      interruptListeners.add(listener);
      return () => interruptListeners.delete(listener);
    },
    exitNow: (code) => written.exits.push(code),
  };
  return {
    terminal,
    written,
    interrupt: () => {
      for (const listener of interruptListeners) listener();
    },
  };
}
