/** Jobs between an engine that does as a test tells, picture by picture, and a store in memory. */
import type { EngineApi, GeneratedImage, StepEvent } from "../../src-main/api/engine.ts";
import type { MainEvents } from "../../src-main/api/main.ts";
import type { ResultInfo, RunDetails } from "../../src-main/api/store.ts";
import type { PooledRun } from "../../src-main/api/pooledRuns.ts";
import type { SavedQueue } from "../../src-main/api/savedQueue.ts";
import type { Listener } from "../../src-main/engine/host.ts";
import { Jobs, type JobsOptions } from "../../src-main/main/jobs.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { AppError } from "../../src-main/wire/errors.ts";

export type Asked = Parameters<EngineApi["generate"]>[0];

/** What the engine tells of the picture that it was asked for; of the first where no index is given. */
export interface Tell {
  step: (step?: Partial<StepEvent>) => void;
  image: (image?: Partial<GeneratedImage>) => void;
  state: (step: number, index?: number) => void;
}

export type Generate = (asked: Asked, tell: Tell) => Promise<{ finished: number }>;

export const cancelled = () => new AppError("cancelled", "Cancelled.", {});
export const crashed = (service: string) =>
  new AppError("service-crashed", `${service} ended`, { service, exitCode: null, signal: "SIGKILL" });

/** Draws the picture that is asked for, at once. */
export const draws: Generate = (_asked, tell) => {
  tell.step();
  tell.image();
  return Promise.resolve({ finished: 1 });
};

export function fakeJobs(
  generate: Generate,
  {
    store = {},
    atOnce = 1,
    ...options
  }: {
    store?: object;
    /** Pictures of a scene that the engine wants to be asked for together. */
    atOnce?: number;
  } & Partial<Omit<JobsOptions, "store">> = {},
) {
  const asked: Asked[] = [];
  const kept: (ResultInfo & { record: GeneratedImage["record"] })[] = [];
  const events: { name: string; payload: unknown }[] = [];
  const steps: StepEvent[] = [];
  const runs: { id: number; scene: Scene }[] = [];
  /** What ended runs. */
  const ended: unknown[] = [];
  const stopped: unknown[] = [];
  const states = new Map<string, Uint8Array<ArrayBuffer>>();
  const pooled = new Map<number, PooledRun>();
  const saved: { queue: SavedQueue } = { queue: { paused: false, places: [] } };
  const engine: JobsOptions["engine"] = {
    with: ((_model: unknown, send: (api: unknown) => Promise<unknown>, listener: Listener) => {
      const api = {
        atOnce: () => Promise.resolve(atOnce),
        generate: (one: Asked) => {
          asked.push(one);
          const seedOf = ({ index = 0 }: { index?: number | undefined } = {}) => {
            return { jobId: one.jobId, index, seed: one.seeds[index]! };
          };
          const record = { scene: one.scene, model: { name: "a", hash: "sampled-sha256:1" } };
          return generate(one, {
            step: (step) => listener.onStep?.({ ...seedOf(step), step: 1, steps: 2, ...step } as StepEvent),
            image: (image) =>
              listener.onImage?.({ ...seedOf(image), ...PICTURE, record, ...image } as unknown as GeneratedImage),
            state: (step, index) => listener.onState?.({ ...seedOf({ index }), step, state: new Uint8Array([step]) }),
          });
        },
      };
      return Promise.resolve().then(() => send(api));
    }) as never,
    cancel: (target) => void stopped.push(target),
    nameOf: () => "a",
  };
  const memory = {
    beginRun: (run: { scene: Scene }) => {
      const id = 11 + runs.length;
      runs.push({ ...run, id });
      return Promise.resolve({ id });
    },
    readRun: ({ id }: { id: number }) =>
      Promise.resolve({ id, ...runs.find((one) => one.id === id), until: null, missing: [], inWork: [] } as unknown as RunDetails), // prettier-ignore
    endRun: (run: unknown) => Promise.resolve(ended.push(run)),
    listResults: () => Promise.resolve({ results: kept, total: kept.length }),
    addResult: ({ runId, seed, record }: { runId: number; seed: string; record: GeneratedImage["record"] }) => {
      const result = {
        id: kept.length + 1,
        runId,
        seed,
        alternative: null,
        record,
      } as unknown as (typeof kept)[number];
      kept.push(result);
      return Promise.resolve(result);
    },
    keepState: ({ seed, state }: { seed: string; state: Uint8Array<ArrayBuffer> }) =>
      Promise.resolve(void states.set(seed, state)),
    readStart: () => Promise.resolve(null),
    readState: ({ seed }: { seed: string }) => Promise.resolve(states.get(seed) ?? null),
    dropState: ({ seed }: { seed: string }) => Promise.resolve(void states.delete(seed)),
    readPooled: ({ runId }: { runId: number }) => Promise.resolve(pooled.get(runId) ?? null),
    setPooled: ({ runId, pooled: one }: { runId: number; pooled: PooledRun | null }) => {
      if (one) pooled.set(runId, one);
      else pooled.delete(runId);
      return Promise.resolve();
    },
    unfinishedRuns: () => Promise.resolve([]),
    readQueue: () => Promise.resolve(saved.queue),
    writeQueue: (queue: SavedQueue) => Promise.resolve(void (saved.queue = queue)),
    ...store,
  };
  const jobs = new Jobs({
    engine,
    store: memory as unknown as JobsOptions["store"],
    emit: (name, payload) => {
      events.push({ name, payload });
      if (name === "step") steps.push(payload as MainEvents["step"]);
    },
    ...options,
  });
  return {
    jobs,
    asked,
    kept,
    events,
    steps,
    runs,
    ended,
    stopped,
    states,
    saved,
    pooled,
    last: () => jobs.list().at(-1)!,
  };
}

const PICTURE = {
  pixels: { width: 1, height: 1, data: new Uint8Array(4) },
  seconds: 1,
  obedience: [],
  attention: {},
};
