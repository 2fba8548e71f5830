import { expect, test } from "vitest";
import { AppError } from "../../src-main/wire/errors.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Job, MainEvents } from "../../src-main/api/main.ts";
import type { ResultInfo } from "../../src-main/api/store.ts";
import { cancelled, crashed, draws, fakeJobs, type Generate } from "../support/jobs.ts";

const model = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
const request = { model, scene, seeds: ["5", "6"], previewEvery: 0, attention: false };

/** With a store that fails so often, before or after it has kept the picture. */
function scenario(generate: Generate, failures: Error[] = [], keepsBeforeFailing = false) {
  const kept: ResultInfo[] = [];
  const addResult = ({ runId, seed }: { runId: number; seed: string }) => {
    const failure = failures.shift();
    const result = { id: kept.length + 1, runId, seed, alternative: null } as ResultInfo;
    if (!failure || keepsBeforeFailing) kept.push(result);
    return failure ? Promise.reject(failure) : Promise.resolve(result);
  };
  const listResults = () => Promise.resolve({ results: kept, total: kept.length });
  return { ...fakeJobs(generate, { store: { addResult, listResults } }), kept };
}

const states = (job: Job) => job.pictures.map(({ state }) => state);
const full = () => new AppError("project-invalid", "The disk is full.", { path: "/p" });

test("a picture is kept before the window hears of it", async () => {
  const s = scenario(draws);
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(s.kept.map(({ seed }) => seed)).toEqual(["5", "6"]);
  const images = s.events.filter(({ name }) => name === "image").map(({ payload }) => payload as MainEvents["image"]);
  expect(images.map(({ index, result }) => [index, result.id])).toEqual([
    [0, 1],
    [1, 2],
  ]);
  expect(s.ended).toEqual([{ runId: 11, outcome: "done", message: null }]);
});

test("after the engine's death the job goes on with what it owes", async () => {
  const s = scenario((asked, tell) => (s.asked.length === 2 ? Promise.reject(crashed("engine")) : draws(asked, tell)));
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(s.asked.map(({ seeds }) => seeds)).toEqual([["5"], ["6"], ["6"]]);
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
    const s = scenario(draws, [crashed("store")], keepsBefore);
    await s.jobs.begin({ ...request, seeds: ["5"] });
    await s.jobs.settled();
    expect(s.kept.map(({ seed }) => seed)).toEqual(["5"]);
    expect(states(s.last())).toEqual(["done"]);
  },
);

test("a picture that cannot be kept is told as failed", async () => {
  const s = scenario(draws, [full()]);
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(states(s.last())).toEqual(["failed", "done"]);
  expect(s.last()).toMatchObject({ outcome: "failed", error: { message: "The disk is full." } });
});

test("a picture for which there was no room is kept when there is", async () => {
  const s = scenario(draws, [full(), full(), full()]);
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(states(s.last())).toEqual(["failed", "failed"]);
  await s.jobs.unkept.tryAgain();
  expect([states(s.last()), s.jobs.unkept.count]).toEqual([["failed", "done"], 1]);
  await s.jobs.unkept.tryAgain();
  expect([states(s.last()), s.jobs.unkept.count]).toEqual([["done", "done"], 0]);
  expect(s.last().error).toBeNull();
});

test("an engine that draws nothing and says nothing is asked once", async () => {
  const s = scenario(() => Promise.resolve({ finished: 0 }));
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect([s.asked.length, states(s.last())]).toEqual([2, ["failed", "failed"]]);
});

test("one picture is cancelled by its own number, all of them by the job's; only the one in work is the engine's", async () => {
  let end = (): void => undefined;
  const s = scenario(() => new Promise((_resolve, reject) => (end = () => reject(cancelled()))));
  const { jobId } = await s.jobs.begin(request);
  await expect.poll(() => s.asked.length).toBe(1);
  s.jobs.cancel({ jobId, index: 1 });
  expect(s.stopped).toEqual([]);
  expect(states(s.last())).toEqual(["waiting", "cancelled"]);
  s.jobs.cancel({ jobId });
  expect(s.stopped).toEqual([{ jobId: s.asked[0]!.jobId, keep: true }]);
  end();
  await s.jobs.settled();
  expect(s.last().outcome).toBe("cancelled");
});

test("a job cancelled before its checkpoint is open never reaches the engine", async () => {
  const s = scenario(draws);
  const { jobId } = await s.jobs.begin(request);
  s.jobs.cancel({ jobId });
  await s.jobs.settled();
  expect(s.asked).toEqual([]);
  expect(s.last().outcome).toBe("cancelled");
});

test("an engine that is stopped by force has cancelled all", async () => {
  const s = scenario(() => Promise.reject(cancelled()));
  await s.jobs.begin(request);
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(s.asked).toHaveLength(1);
  expect(s.jobs.list().map(({ outcome }) => outcome)).toEqual(["cancelled", "cancelled"]);
});

test("a job says what it waits for until its first step", async () => {
  const s = scenario((asked, tell) => {
    expect(s.last().waitsFor).toBe("another window");
    tell.step();
    expect(s.last().waitsFor).toBeNull();
    return draws(asked, tell);
  });
  expect((await s.jobs.begin({ ...request, seeds: ["5"] }, "another window")).waitsFor).toBe("another window");
  await s.jobs.settled();
  expect(s.last().error).toBeNull();
});

test("of a job of 3,000 seeds the window hears what changed, not the whole job again", async () => {
  const seeds = Array.from({ length: 3_000 }, (_, i) => String(i));
  let end = (): void => undefined;
  const s = scenario((asked, tell) => {
    if (s.asked.length <= 20) return draws(asked, tell);
    return new Promise((_resolve, reject) => (end = () => reject(cancelled())));
  });
  const { jobId } = await s.jobs.begin({ ...request, seeds });
  await expect.poll(() => s.asked.length).toBe(21);
  await expect.poll(() => s.kept.length).toBe(20);
  s.jobs.cancel({ jobId });
  end();
  await s.jobs.settled();
  expect(s.events.filter(({ name }) => name === "begun")).toHaveLength(1);
  const changes = s.events.filter(({ name }) => name === "job").map(({ payload }) => payload as MainEvents["job"]);
  expect(changes.map(({ pictures }) => pictures.length)).toEqual([...new Array<number>(40).fill(1), 2_980, 0]);
  expect(JSON.stringify(s.events.filter(({ name }) => name === "queue")).length).toBeLessThan(15_000);
  expect(JSON.stringify(changes.slice(0, 40)).length).toBeLessThan(15_000);
  expect(changes.at(-1)).toMatchObject({ jobId, outcome: "cancelled" });
});
