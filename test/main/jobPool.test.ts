/** The part of the queue that a pool draws: asked for at once, taken back when it is not wanted, collected after a restart. */
import { expect, test } from "vitest";
import type { Job, MainEvents } from "../../src-main/api/main.ts";
import { poolPath } from "../../src-main/api/poolCalls.ts";
import type { PooledRun } from "../../src-main/api/pooledRuns.ts";
import { INTERRUPTED } from "../../src-main/api/store.ts";
import type { PoolListener, PoolPicture, PoolRun } from "../../src-main/pool/host.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { draws, fakeJobs } from "../support/jobs.ts";

const model = { path: poolPath("1".repeat(16), "a".repeat(64)), provider: "cpu", memory: "auto" } as const;
const here = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
const request = { model, scene, seeds: ["5", "6"], previewEvery: 0, attention: false };

function scenario(store: object = {}, isKnown = true) {
  const asked: { run: PoolRun; listener: PoolListener }[] = [];
  const dropped: { name: string; seeds: readonly string[]; cancel: boolean }[] = [];
  const pool = {
    draw: (run: PoolRun, listener: PoolListener) => void asked.push({ run, listener }),
    drop: (name: string, seeds: readonly string[], cancel: boolean) => void dropped.push({ name, seeds, cancel }),
    isKnown: () => isKnown,
    read: () => Promise.resolve(null),
  };
  const s = fakeJobs(draws, { store, pool });
  const picture = (seed: string): PoolPicture => {
    const record = { scene, seed, model: { name: "a", hash: "h" }, course: { cat: [0.25, 0.5] } };
    const pixels = { width: 1, height: 1, data: new Uint8Array(4) };
    return { seed, pixels, seconds: 1, record: record as unknown as PoolPicture["record"] };
  };
  const begun = async () => {
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    return asked.at(-1)!;
  };
  return { ...s, here: s.asked, asked, dropped, picture, begun };
}

const states = (job: Job) => job.pictures.map(({ state }) => state);

test("all seeds of a run are asked for at once, and each picture is in the project before the pool may forget it", async () => {
  const s = scenario();
  const { runId } = await s.jobs.begin(request);
  const { run, listener } = await s.begun();
  expect(run).toMatchObject({ model, seeds: ["5", "6"], scene });
  expect(s.pooled.get(runId)).toMatchObject({ model });
  expect(run.name).toBe(`${s.pooled.get(runId)!.name}-0`);
  listener.onStep({ seed: "6", step: 1, steps: 2, elapsed: 3, left: 4, obedience: {} });
  expect(states(s.last())).toEqual(["waiting", "drawing"]);
  expect(s.steps).toMatchObject([{ seed: "6", index: 1, step: 1, pictureSecondsLeft: 4 }]);
  expect(await listener.onPicture(s.picture("6"))).toBe(true);
  expect(await listener.onPicture(s.picture("5"))).toBe(true);
  await s.jobs.settled();
  expect(s.kept.map(({ seed }) => seed)).toEqual(["6", "5"]);
  const images = s.events.filter(({ name }) => name === "image").map(({ payload }) => payload as MainEvents["image"]);
  expect(images[0]).toMatchObject({ index: 1, obedience: [{ cat: 0.25 }, { cat: 0.5 }] });
  expect(s.ended).toEqual([{ runId, outcome: "done", message: null }]);
  expect(await listener.onPicture(s.picture("5"))).toBe(false); // late, and nobody's
  expect(s.kept).toHaveLength(2);
});

test("each alternative of a prompt is a scene of its own, by the same name", async () => {
  const s = scenario();
  await s.jobs.begin({ ...request, scene: { ...scene, prompt: "a {red|blue} cat" } });
  await expect.poll(() => s.asked.length).toBe(2);
  expect(s.asked.map(({ run }) => run.scene.prompt)).toEqual(["a red cat", "a blue cat"]);
  const [first, second] = s.asked.map(({ run }) => run.name);
  expect([first!.slice(0, -2), first!.slice(-2), second!.slice(-2)]).toEqual([second!.slice(0, -2), "-0", "-1"]);
});

test("what is cancelled or held is taken back there; what may go on is asked for again", async () => {
  const s = scenario();
  const { jobId } = await s.jobs.begin(request);
  const { run, listener } = await s.begun();
  listener.onStep({ seed: "5", step: 1, steps: 2, elapsed: 3, left: 4, obedience: {} });
  s.jobs.hold({ jobId, index: 0 }, true);
  expect(s.dropped).toEqual([{ name: run.name, seeds: ["5"], cancel: true }]);
  expect(states(s.last())).toEqual(["waiting", "waiting"]);
  expect(await listener.onPicture(s.picture("5"))).toBe(false);
  s.jobs.hold({ jobId, index: 0 }, false);
  await expect.poll(() => s.asked.length).toBe(2);
  expect(s.asked[1]!.run).toMatchObject({ name: run.name, seeds: ["5"] });
  s.jobs.pause(true);
  expect(s.dropped.slice(1)).toEqual([
    { name: run.name, seeds: ["6"], cancel: true },
    { name: run.name, seeds: ["5"], cancel: true },
  ]);
  s.jobs.cancel({ jobId });
  await s.jobs.settled();
  expect(s.last().outcome).toBe("cancelled");
});

test("this machine draws beside the pool, and ending its engine takes nothing from the pool", async () => {
  const s = scenario();
  await s.jobs.begin(request);
  await s.begun();
  expect(s.jobs.areDrawing).toBe(false);
  await s.jobs.begin({ ...request, model: here, seeds: ["1"] });
  await expect.poll(() => s.kept.length).toBe(1);
  s.jobs.cancelDrawnByEngines();
  expect(s.dropped).toEqual([]);
  expect(s.jobs.areRunning).toBe(true);
});

test("a project that is left owes what the pool goes on with, and asks for it again unasked when it is opened", async () => {
  const pooled: PooledRun = { name: "old-name", model };
  const missing = [{ seed: "6", alternative: null }];
  const run = { id: 3, scene, until: null, missing, inWork: [], finishing: [] };
  const known = {
    unfinishedRuns: () => Promise.resolve([run, { ...run, id: 4 }]),
    readRun: ({ id }: { id: number }) => Promise.resolve({ ...run, id }),
    resumeRun: ({ id }: { id: number }) => Promise.resolve({ ...run, id }),
    readPooled: ({ runId }: { runId: number }) => Promise.resolve(runId === 3 ? pooled : null),
  };
  const s = scenario(known);
  await s.jobs.collect();
  const { run: asked, listener } = await s.begun();
  expect([asked.name, asked.seeds, s.asked.length]).toEqual(["old-name-0", ["6"], 1]);
  s.jobs.interruptAll();
  await s.jobs.settled();
  expect(s.dropped).toEqual([{ name: "old-name-0", seeds: ["6"], cancel: false }]);
  expect(s.ended).toEqual([{ runId: 3, outcome: "cancelled", message: INTERRUPTED }]);
  expect(await listener.onPicture(s.picture("6"))).toBe(false);

  const forgotten = scenario(known, false);
  await forgotten.jobs.collect();
  expect([forgotten.asked, forgotten.jobs.list()]).toEqual([[], []]);
});

test("what could not be drawn or kept says why, and is not said to be in the project", async () => {
  const full = new AppError("project-invalid", "The disk is full.", { path: "/p" });
  const s = scenario({ addResult: () => Promise.reject(full) });
  await s.jobs.begin(request);
  const { listener } = await s.begun();
  expect(await listener.onPicture(s.picture("5"))).toBe(false);
  listener.onFailed("6", new AppError("pool-failed", "no such LoRA", { address: "" }));
  await s.jobs.settled();
  expect(states(s.last())).toEqual(["failed", "failed"]);
  expect(s.last().error?.message).toBe("The disk is full.");
});

test("a pool draws pictures to their end", async () => {
  const s = scenario();
  await expect(s.jobs.begin({ ...request, until: 5 })).rejects.toThrow(/to their end. Scout on this machine/);
  expect(s.runs).toEqual([]);
});
