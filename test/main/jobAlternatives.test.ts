/** A job whose prompt has alternatives: one job, a picture for each of them with each seed. */
import { expect, test } from "vitest";
import type { EngineApi, GeneratedImage, RunRecord, StepEvent } from "../../src-main/api/engine.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import type { MainEvents } from "../../src-main/api/main.ts";
import { Jobs, type JobsOptions } from "../../src-main/main/jobs.ts";

const model = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene = { prompt: "a {red|blue} house", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
const request = { model, scene, seeds: ["5", "6"], previewEvery: 0, attention: false };
type Asked = Parameters<EngineApi["generate"]>[0];

function scenario(generate: (asked: Asked, jobs: Jobs) => Promise<{ finished: number }>) {
  const kept: { seed: string; record: RunRecord }[] = [];
  const asked: Asked[] = [];
  const steps: StepEvent[] = [];
  const runs: unknown[] = [];
  const cancelled: { jobId: string; index?: number }[] = [];
  const api = {
    generate: (one: Asked) => {
      asked.push(one);
      return generate(one, jobs);
    },
    cancel: () => Promise.resolve(),
  };
  const jobs: Jobs = new Jobs({
    engine: {
      with: ((_model: unknown, send: (api: unknown) => Promise<unknown>) => Promise.resolve().then(() => send(api))) as never,
      cancel: (target) => void cancelled.push(target),
      nameOf: () => "a",
    },
    store: {
      beginRun: (run: unknown) => Promise.resolve((runs.push(run), { id: 11 })),
      endRun: (ended: unknown) => Promise.resolve(runs.push(ended)),
      addResult: (result: { seed: string; record: RunRecord }) => Promise.resolve({ id: kept.push(result) }),
    } as unknown as JobsOptions["store"],
    emit: (name, payload) => {
      if (name === "step") steps.push(payload as MainEvents["step"]);
    },
  });
  return { jobs, kept, asked, steps, runs, cancelled };
} // prettier-ignore

/** Draws what is asked for, from the picture `from` on. */
function draws({ jobId, seeds, scene: drawn }: Asked, jobs: Jobs, upTo = seeds.length) {
  for (const [index, seed] of seeds.slice(0, upTo).entries()) {
    jobs.onStep({ jobId, index, seed, step: 1, steps: 2, elapsed: 3, pictureSecondsLeft: 1, queueSecondsLeft: 5 } as StepEvent);
    const record = { scene: drawn, model: { name: "a", hash: "" } };
    jobs.onImage({ jobId, index, seed, record, seconds: 1 } as unknown as GeneratedImage);
  }
} // prettier-ignore

test("each alternative is drawn with each seed, and the picture's record says which it is", async () => {
  const s = scenario((asked, jobs) => {
    draws(asked, jobs);
    return Promise.resolve({ finished: asked.seeds.length });
  });
  const job = await s.jobs.begin(request);
  expect(job.pictures.map(({ index, seed, alternative }) => [index, seed, alternative])).toEqual([
    [0, "5", "red"],
    [1, "6", "red"],
    [2, "5", "blue"],
    [3, "6", "blue"],
  ]);
  await s.jobs.settled();
  expect(s.asked.map(({ scene: { prompt }, seeds }) => [prompt, seeds])).toEqual([
    ["a red house", ["5", "6"]],
    ["a blue house", ["5", "6"]],
  ]);
  expect(s.kept.map(({ seed, record }) => [seed, record.alternative, record.scene.prompt])).toEqual([
    ["5", "red", "a red house"],
    ["6", "red", "a red house"],
    ["5", "blue", "a blue house"],
    ["6", "blue", "a blue house"],
  ]);
  expect(s.runs[0]).toMatchObject({ scene, asked: 4 });
  expect(s.runs[1]).toMatchObject({ outcome: "done" });
  // Two more pictures of 4 s are behind the first alternative's queue, none behind the second's.
  expect(s.steps.map(({ index, queueSecondsLeft }) => [index, queueSecondsLeft])).toEqual([
    [0, 13],
    [1, 13],
    [2, 5],
    [3, 5],
  ]);
});

test("of them, only what is wanted is drawn: what a cancelled job left over", async () => {
  const s = scenario((asked, jobs) => {
    draws(asked, jobs);
    return Promise.resolve({ finished: asked.seeds.length });
  });
  const only = [
    { seed: "6", alternative: "red" },
    { seed: "5", alternative: "blue" },
  ];
  const job = await s.jobs.begin({ ...request, only });
  expect(job.pictures.map(({ index, seed, alternative }) => [index, seed, alternative])).toEqual([
    [0, "6", "red"],
    [1, "5", "blue"],
  ]);
  await s.jobs.settled();
  expect(s.asked.map(({ scene: { prompt }, seeds }) => [prompt, seeds])).toEqual([
    ["a red house", ["6"]],
    ["a blue house", ["5"]],
  ]);
  expect(s.kept.map(({ seed, record }) => `${seed} ${record.alternative}`)).toEqual(["6 red", "5 blue"]);
  expect(s.runs[0]).toMatchObject({ scene, asked: 2 });
  const none = [{ seed: "5", alternative: "green" }];
  await expect(s.jobs.begin({ ...request, only: none })).rejects.toThrow("None of the pictures asked for");
});

test("an engine that died gets what is still owed of each", async () => {
  const s = scenario((asked, jobs) => {
    if (s.asked.length > 2) {
      draws(asked, jobs);
      return Promise.resolve({ finished: asked.seeds.length });
    }
    if (s.asked.length === 1) draws(asked, jobs, 1);
    const facts = { service: "engine", exitCode: null, signal: "SIGKILL" };
    return Promise.reject(new AppError("service-crashed", "engine ended", facts));
  });
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(s.asked.slice(2).map(({ scene: { prompt }, seeds }) => [prompt, seeds])).toEqual([
    ["a red house", ["6"]],
    ["a blue house", ["5", "6"]],
  ]);
  expect(s.kept.map(({ seed, record }) => `${seed} ${record.alternative}`)).toEqual(["5 red", "6 red", "5 blue", "6 blue"]);
  expect(s.jobs.list()[0]!.pictures.map(({ state }) => state)).toEqual(["done", "done", "done", "done"]);
}); // prettier-ignore

test("one picture, or all of them, can be cancelled", async () => {
  const finish = Promise.withResolvers<{ finished: number }>();
  const s = scenario(() => finish.promise);
  const { jobId } = await s.jobs.begin(request);
  await expect.poll(() => s.asked.length).toBe(2);
  s.jobs.cancel({ jobId, index: 3 });
  expect(s.cancelled).toEqual([{ jobId: s.asked[1]!.jobId, index: 1 }]);
  s.jobs.cancel({ jobId });
  expect(s.cancelled.slice(1)).toEqual(s.asked.map((asked) => ({ jobId: asked.jobId })));
  finish.reject(new AppError("cancelled", "Cancelled.", {}));
  await s.jobs.settled();
  expect(s.jobs.list()[0]!.outcome).toBe("cancelled");
});

test("what is wrong with them is refused before anything is on record", async () => {
  const s = scenario(() => Promise.reject(new Error("nothing is to be drawn")));
  const bad = { ...scene, prompt: "a {red|blue house" };
  await expect(s.jobs.begin({ ...request, scene: bad })).rejects.toThrow("never ends them");
  const seeds = Array.from({ length: 6_000 }, (_, i) => String(i));
  await expect(s.jobs.begin({ ...request, seeds })).rejects.toThrow("12,000 pictures; at most 10,000");
  expect(s.runs).toEqual([]);
});
