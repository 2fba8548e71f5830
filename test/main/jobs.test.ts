import { expect, test } from "vitest";
import type { EngineApi, GeneratedImage, StepEvent } from "../../src-main/api/engine.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Job, MainEvents } from "../../src-main/api/main.ts";
import type { ResultInfo } from "../../src-main/api/store.ts";
import { Jobs, type JobsOptions } from "../../src-main/main/jobs.ts";

const model = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
const request = { model, scene, seeds: ["5", "6"], previewEvery: 0, attention: false };
const crashed = (service: string) =>
  new AppError("service-crashed", `${service} ended`, { service, exitCode: null, signal: "SIGKILL" });

type Generate = (job: Parameters<EngineApi["generate"]>[0]) => Promise<{ finished: number }>;

/** Jobs between an engine that does as told and a store in memory. */
function scenario(generate: Generate, storeFailures: Error[] = [], keepsBeforeFailing = false) {
  const kept: ResultInfo[] = [];
  const events: { name: string; payload: unknown }[] = [];
  const runs: unknown[] = [];
  const cancelled: unknown[] = [];
  const api = { generate, cancel: () => Promise.resolve() };
  const keep = ({ runId, seed }: { runId: number; seed: string }) => {
    const result = { id: kept.length + 1, runId, seed, alternative: null } as ResultInfo;
    kept.push(result);
    return result;
  };
  const jobs = new Jobs({
    engine: {
      with: ((_model: unknown, send: (api: unknown) => Promise<unknown>) =>
        Promise.resolve().then(() => send(api))) as never,
      cancel: (target) => void cancelled.push(target),
      nameOf: () => "a",
    },
    store: {
      beginRun: () => Promise.resolve({ id: 11 }),
      endRun: (ended: unknown) => Promise.resolve(runs.push(ended)),
      listResults: () => Promise.resolve({ results: kept, total: kept.length }),
      addResult: (result: { runId: number; seed: string }) => {
        const failure = storeFailures.shift();
        if (!failure) return Promise.resolve(keep(result));
        if (keepsBeforeFailing) keep(result);
        return Promise.reject(failure);
      },
    } as unknown as JobsOptions["store"],
    emit: (name, payload) => events.push({ name, payload }),
  });
  const image = (jobId: string, index: number, seed: string) =>
    jobs.onImage({
      jobId,
      index,
      seed,
      pixels: { width: 1, height: 1, data: new Uint8Array(4) },
      seconds: 1,
      record: {},
      obedience: [],
      attention: {},
    } as unknown as GeneratedImage);
  return { jobs, kept, events, runs, cancelled, image, last: () => jobs.list()[0]! };
}

const states = (job: Job) => job.pictures.map(({ state }) => state);

test("a picture is kept before the window hears of it", async () => {
  const s = scenario(({ jobId, seeds }) => {
    seeds.forEach((seed, index) => s.image(jobId, index, seed));
    return Promise.resolve({ finished: 2 });
  });
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(s.kept.map(({ seed }) => seed)).toEqual(["5", "6"]);
  const images = s.events.filter(({ name }) => name === "image").map(({ payload }) => payload as MainEvents["image"]);
  expect(images.map(({ index, result }) => [index, result.id])).toEqual([
    [0, 1],
    [1, 2],
  ]);
  expect(s.runs).toEqual([{ runId: 11, outcome: "done", message: null }]);
});

test("after the engine's death the job goes on with what it owes", async () => {
  const asked: string[][] = [];
  const s = scenario(({ jobId, seeds }) => {
    asked.push(seeds);
    s.image(jobId, 0, seeds[0]!);
    return asked.length === 1 ? Promise.reject(crashed("engine")) : Promise.resolve({ finished: 1 });
  });
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(asked).toEqual([["5", "6"], ["6"]]);
  expect(states(s.last())).toEqual(["done", "done"]);
});

test("a job that kills the engine twice has failed, and says why", async () => {
  const s = scenario(() => Promise.reject(crashed("engine")));
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(s.last()).toMatchObject({ outcome: "failed", error: { code: "service-crashed" } });
  expect(states(s.last())).toEqual(["failed", "failed"]);
});

test.each([false, true])(
  "a store that dies over a picture gets it again, once (kept before it died: %s)",
  async (keepsBefore) => {
    const s = scenario(
      ({ jobId }) => {
        s.image(jobId, 0, "5");
        return Promise.resolve({ finished: 1 });
      },
      [crashed("store")],
      keepsBefore,
    );
    await s.jobs.begin({ ...request, seeds: ["5"] });
    await s.jobs.settled();
    expect(s.kept.map(({ seed }) => seed)).toEqual(["5"]);
    expect(states(s.last())).toEqual(["done"]);
  },
);

test("a picture that cannot be kept is told as failed", async () => {
  const full = new AppError("project-invalid", "The disk is full.", { path: "/p" });
  const s = scenario(
    ({ jobId, seeds }) => {
      seeds.forEach((seed, index) => s.image(jobId, index, seed));
      return Promise.resolve({ finished: 2 });
    },
    [full],
  );
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(states(s.last())).toEqual(["failed", "done"]);
  expect(s.last()).toMatchObject({ outcome: "failed", error: { message: "The disk is full." } });
});

test("a picture for which there was no room is kept when there is", async () => {
  const full = new AppError("project-invalid", "The disk is full.", { path: "/p" });
  const s = scenario(
    ({ jobId, seeds }) => {
      seeds.forEach((seed, index) => s.image(jobId, index, seed));
      return Promise.resolve({ finished: 2 });
    },
    [full, full, full],
  );
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(states(s.last())).toEqual(["failed", "failed"]);
  await s.jobs.unkept.tryAgain();
  expect([states(s.last()), s.jobs.unkept.count]).toEqual([["failed", "done"], 1]);
  await s.jobs.unkept.tryAgain();
  expect([states(s.last()), s.jobs.unkept.count]).toEqual([["done", "done"], 0]);
  expect(s.last().error).toBeNull();
});

test("one picture is cancelled by its own number, all of them by the job's", async () => {
  let end = (): void => undefined;
  const s = scenario(() => new Promise((_resolve, reject) => (end = () => reject(new AppError("cancelled", "x", {})))));
  const { jobId } = await s.jobs.begin(request);
  await new Promise(setImmediate);
  s.jobs.cancel({ jobId, index: 1 });
  expect(s.cancelled).toEqual([{ jobId: expect.any(String) as string, index: 1 }]);
  expect(states(s.last())).toEqual(["waiting", "cancelled"]);
  s.jobs.cancel({ jobId });
  expect(s.cancelled).toHaveLength(2);
  end();
  await s.jobs.settled();
  expect(s.last().outcome).toBe("cancelled");
});

test("a job cancelled before its checkpoint is open never reaches the engine", async () => {
  let asked = 0;
  const s = scenario(() => Promise.resolve({ finished: ++asked }));
  const begun = s.jobs.begin(request);
  const { jobId } = await begun;
  s.jobs.cancel({ jobId });
  await s.jobs.settled();
  expect(asked).toBe(0);
  expect(s.last().outcome).toBe("cancelled");
});

test("a job says what it waits for until its first step", async () => {
  const s = scenario(({ jobId, seeds }) => {
    expect(s.last().waitsFor).toBe("another window");
    s.jobs.onStep({ jobId, index: 0, seed: seeds[0]!, step: 1, steps: 2 } as StepEvent);
    expect(s.last().waitsFor).toBeNull();
    return Promise.resolve({ finished: 0 });
  });
  expect((await s.jobs.begin({ ...request, seeds: ["5"] }, "another window")).waitsFor).toBe("another window");
  await s.jobs.settled();
  expect(s.last().error).toBeNull();
});

test("of a job of 3,000 seeds the window hears what changed, not the whole job again", async () => {
  const seeds = Array.from({ length: 3_000 }, (_, i) => String(i));
  let end = (): void => undefined;
  const s = scenario(({ jobId }) => {
    for (let index = 0; index < 20; index++) {
      s.jobs.onStep({ jobId, index, seed: seeds[index]!, step: 1, steps: 1 } as StepEvent);
      s.image(jobId, index, seeds[index]!);
    }
    return new Promise((_resolve, reject) => (end = () => reject(new AppError("cancelled", "x", {}))));
  });
  const { jobId } = await s.jobs.begin({ ...request, seeds });
  await new Promise(setImmediate);
  s.jobs.cancel({ jobId });
  end();
  await s.jobs.settled();
  expect(s.events.filter(({ name }) => name === "begun")).toHaveLength(1);
  const changes = s.events.filter(({ name }) => name === "job").map(({ payload }) => payload as MainEvents["job"]);
  expect(changes.map(({ pictures }) => pictures.length)).toEqual([...new Array<number>(40).fill(1), 2_980, 0]);
  expect(JSON.stringify(changes.slice(0, 40)).length).toBeLessThan(15_000);
  expect(changes.at(-1)).toMatchObject({ jobId, outcome: "cancelled" });
});
