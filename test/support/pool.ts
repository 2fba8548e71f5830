/** Workers of a pool that draw with a small function, and those who ask them. */
import { Redis } from "ioredis";
import { onTestFinished, vi } from "vitest";
import type { RunRecord } from "../../src-main/api/engine.ts";
import type { Urgency } from "../../src-main/api/pool.ts";
import { PoolClient } from "../../src-main/pool/client.ts";
import { Collection, type CollectedPicture, type CollectionOptions } from "../../src-main/pool/collection.ts";
import type { Drawer, DrawTask, Task } from "../../src-main/pool/drawing.ts";
import { PoolWorker, type WorkerTimes } from "../../src-main/pool/worker.ts";
import type { Scene, Seed } from "../../src-main/scene/scene.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { fakeScene } from "./fakePipeline.ts";

export const CAT = { hash: "a".repeat(64), name: "cat", sampled: "sampled-sha256:cat" };
export const DOG = { hash: "b".repeat(64), name: "dog", sampled: "sampled-sha256:dog" };

/** Short times, so that tests need not wait; a job is its worker's for long, as a busy machine may stand still for a second. */
const QUICK: WorkerTimes = {
  ...{ lock: 20_000, lookEvery: 10_000, presenceEvery: 150, keepEvery: 0, idle: 60, stay: 1e9, patience: 300 },
};
/** Of workers that are to be missed soon. */
export const MORTAL = { lock: 800, lookEvery: 150 };

export function recordOf({ scene, seed, model }: Pick<Task, "scene" | "seed" | "model">): RunRecord {
  return {
    ...{ version: 1, scene, seed, model: { name: model.name, hash: `sampled-sha256:${model.name}` }, tokens: {} },
    engine: { app: "0", onnxruntime: "0", provider: "cpu", precision: "float32", noise: "torch-cpu" },
    obedience: {},
  };
}

/** A picture that follows from its seed. */
export function pixelsOf(seed: Seed, { width, height }: { width: number; height: number }) {
  const data = new Uint8Array(width * height * 4).map((_, i) => (i % 4 === 3 ? 255 : (Number(seed) * 37 + i) % 256));
  return { width, height, data };
}

export interface Drawn {
  worker: string;
  seed: Seed;
  model: string;
  /** Steps that were behind it when it was begun here. */
  from: number;
}

/** Draws in steps of `stepTime` milliseconds, can be stopped at each, and goes on from where another one stopped. */
export function smallDrawing(worker: string, drawn: Drawn[], stepTime = 1): DrawTask {
  return async (task, { unwanted, leaving, onStep, onState }) => {
    const { scene, seed, model, from } = task;
    const { steps } = scene.settings;
    const begun = from?.[0] ?? 0;
    drawn.push({ worker, seed, model: model.name, from: begun });
    for (let step = begun + 1; step <= steps; step++) {
      await new Promise((resolve) => setTimeout(resolve, stepTime));
      if (unwanted.aborted) throw new AppError("cancelled", "Cancelled.", {});
      onStep({ step, steps, elapsed: step, secondsLeft: steps - step, obedience: {} });
      if (step < steps) onState(new Uint8Array([step]));
      if (leaving.aborted) throw new AppError("cancelled", "Cancelled.", {});
    }
    return { pixels: pixelsOf(seed, scene.settings), record: recordOf(task), seconds: 1 };
  };
}

export function connectTo(port: number): Redis {
  const redis = new Redis({
    ...{ port, host: "127.0.0.1", maxRetriesPerRequest: null, socketTimeout: 300 },
    retryStrategy: () => 50,
  });
  redis.on("error", () => undefined); // cut on purpose
  onTestFinished(() => redis.disconnect());
  return redis;
}

interface WorkerSetup {
  draw?: DrawTask;
  models?: Drawer["models"];
  fetch?: Drawer["fetch"];
  times?: Partial<WorkerTimes>;
  app?: string;
  stepTime?: number;
  about?: Drawer["about"];
}

export function poolAt(port: number, times: Partial<WorkerTimes> = {}) {
  const drawn: Drawn[] = [];
  const said: string[] = [];
  const client = new PoolClient(connectTo(port), "0.1.0", 200);
  onTestFinished(() => client.close());

  const work = async (name: string, { models = () => [CAT], fetch, ...setup }: WorkerSetup = {}, at = port) => {
    const redis = connectTo(at);
    const draw = setup.draw ?? smallDrawing(name, drawn, setup.stepTime);
    const worker = new PoolWorker({
      ...{ redis, name, app: setup.app ?? "0.1.0", times: { ...QUICK, ...times, ...setup.times } },
      drawer: {
        draw,
        models,
        device: "cpu",
        ...(fetch ? { fetch } : {}),
        ...(setup.about ? { about: setup.about } : {}),
      },
      say: (line) => void said.push(`${name}: ${line}`),
    });
    await worker.start();
    /** As by a power cut: the pool hears nothing of it any more. */
    const vanish = () => redis.disconnect();
    onTestFinished(async () => {
      if (redis.status !== "end")
        await Promise.race([worker.stop(), new Promise((resolve) => setTimeout(resolve, 500))]);
    });
    return { worker, redis, vanish };
  };

  interface Ask extends Partial<Pick<CollectionOptions, "onPicture" | "onStep" | "lookEvery">> {
    run?: string;
    user?: string;
    urgency?: Urgency;
    model?: typeof CAT;
    steps?: number;
    scene?: Scene;
  }
  /** Asks for pictures and collects them. */
  const ask = async (
    seeds: Seed[],
    { run = "run-1", user = "ann", urgency = "usual", model = CAT, ...more }: Ask = {},
  ) => {
    const pictures: CollectedPicture[] = [];
    const failed: { seed: Seed; why: string }[] = [];
    const problems: string[] = [];
    const request = { run, user, urgency, model, seeds, previewEvery: 0, attention: false };
    const { scene } = await client.submit({ ...request, scene: more.scene ?? fakeScene("a cat", more.steps ?? 3) });
    const collection = new Collection({
      ...{ client, run, model, scene, seeds, lookEvery: more.lookEvery ?? 200 },
      onPicture: async (picture) => {
        await more.onPicture?.(picture);
        pictures.push(picture);
      },
      ...(more.onStep ? { onStep: more.onStep } : {}),
      onFailed: (seed, why) => failed.push({ seed, why }),
      onProblem: (problem) => problems.push(problem),
    });
    await collection.start();
    onTestFinished(() => collection.stop());
    return { pictures, failed, problems, collection, scene, run };
  };
  return { client, drawn, said, work, ask };
}

/** Until it holds; a busy machine is no failure. */
export const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

export const seedsUpTo = (count: number): Seed[] => Array.from({ length: count }, (_, i) => String(i + 1));
