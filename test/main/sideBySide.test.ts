/** Pictures of a job that the engine draws side by side: which go together, and that each is cancelled, held and recorded by itself. */
import { expect, test } from "vitest";
import type { Job } from "../../src-main/api/main.ts";
import { INTERRUPTED } from "../../src-main/api/store.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { cancelled, crashed, draws, fakeJobs, type Generate, type Tell } from "../support/jobs.ts";

const model = { path: "/models/a", provider: "cuda", memory: "auto" } as const;
const scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
const request = { model, scene, previewEvery: 0, attention: false };
const states = (job: Job) => job.pictures.map(({ state }) => state).join(" ");

/** An engine that wants four pictures at once; those of a request do what a test says. */
function together(options: Parameters<typeof fakeJobs>[1] = {}) {
  let told: Tell | undefined;
  let ends: PromiseWithResolvers<{ finished: number }> | undefined;
  const generate: Generate = (asked, tell) => {
    told = tell;
    ends = Promise.withResolvers();
    for (const index of asked.seeds.keys()) tell.step({ index, elapsed: 8, pictureSecondsLeft: 4 });
    return ends.promise;
  };
  const s = fakeJobs(generate, { atOnce: 4, ...options });
  const inWork = async (...seeds: string[]) => {
    await expect.poll(() => s.asked.at(-1)?.seeds).toEqual(seeds);
  };
  /** These are drawn. */
  const come = (...indices: number[]) => {
    for (const index of indices) told!.image({ index, seed: s.asked.at(-1)!.seeds[index]! });
  };
  /** The request ends: all of it was drawn, or `error`. */
  const end = (error?: AppError) => (error ? ends!.reject(error) : ends!.resolve({ finished: 1 }));
  return { ...s, inWork, come, end, tell: () => told! };
}

test("the next pictures of a job go together, as many as the engine wants; each comes by itself", async () => {
  const s = together();
  await s.jobs.begin({ ...request, seeds: ["1", "2", "3", "4", "5"] });
  await s.inWork("1", "2", "3", "4");
  expect(states(s.last())).toBe("drawing drawing drawing drawing waiting");
  expect(s.asked[0]).not.toHaveProperty("from");
  s.come(2);
  await expect.poll(() => states(s.last())).toBe("drawing drawing done drawing waiting");
  s.come(0, 1, 3);
  s.end();
  await s.inWork("5");
  s.come(0);
  s.end();
  await s.jobs.settled();
  expect(s.kept.map(({ seed, runId }) => [seed, runId])).toEqual(["3", "1", "2", "4", "5"].map((seed) => [seed, 11]));
  const steps = s.steps.map(({ index, seed }) => [index, seed]);
  expect(steps).toEqual(["1", "2", "3", "4", "5"].map((seed, index) => [index, seed]));
  expect(s.ended).toEqual([{ runId: 11, outcome: "done", message: null }]);
});

test("not with another prompt, nor past what was put between, nor with what is held", async () => {
  const s = fakeJobs(draws, { atOnce: 4 });
  s.jobs.pause(true);
  const first = await s.jobs.begin({ ...request, scene: { ...scene, prompt: "a {red|blue} cat" }, seeds: ["1", "2"] });
  const second = await s.jobs.begin({ ...request, seeds: ["3", "4", "5", "6"] });
  s.jobs.hold({ jobId: second.jobId, index: 1 }, true);
  s.jobs.move({ jobId: first.jobId, index: 3 }, null); // the blue one of seed 2
  s.jobs.move({ jobId: second.jobId, index: 3 }, null);
  s.jobs.pause(false);
  await expect.poll(() => s.jobs.areDrawing).toBe(false);
  s.jobs.hold({ jobId: second.jobId, index: 1 }, false);
  await s.jobs.settled();
  expect(s.asked.map(({ seeds, scene: { prompt } }) => `${prompt} ${seeds.join("+")}`)).toEqual([
    "a red cat 1+2",
    "a blue cat 1",
    "a cat 3+5",
    "a blue cat 2",
    "a cat 6",
    "a cat 4",
  ]);
});

test("one that is cancelled leaves the others; brought back, it goes on from its state", async () => {
  const s = together();
  const { jobId, runId } = await s.jobs.begin({ ...request, seeds: ["1", "2", "3", "4"] });
  await s.inWork("1", "2", "3", "4");
  s.jobs.cancel({ jobId, index: 1 });
  expect(s.stopped).toEqual([{ jobId: s.asked[0]!.jobId, index: 1, keep: true }]);
  s.tell().state(7, 1);
  expect(states(s.last())).toBe("drawing cancelled drawing drawing");
  await s.jobs.resume({ runId, only: [{ seed: "2", alternative: null }], ...request });
  expect(states(s.last())).toBe("drawing waiting drawing drawing");
  s.come(0, 2, 3);
  s.end();
  await s.inWork("2");
  expect(s.asked[1]!.from).toEqual([new Uint8Array([7])]);
  s.come(0);
  s.end();
  await s.jobs.settled();
  expect(s.kept.map(({ seed }) => seed)).toEqual(["1", "3", "4", "2"]);
});

test("what comes of one in the moment in which it is cancelled is not kept", async () => {
  const s = together();
  const { jobId } = await s.jobs.begin({ ...request, seeds: ["1", "2"] });
  await s.inWork("1", "2");
  s.jobs.cancel({ jobId, index: 1 });
  s.come(0, 1);
  s.end();
  await s.jobs.settled();
  expect(s.kept.map(({ seed }) => seed)).toEqual(["1"]);
  expect(s.ended).toMatchObject([{ outcome: "done" }]);
});

test("one that is held waits at once, and a step that was on its way does not change that", async () => {
  const s = together();
  const { jobId } = await s.jobs.begin({ ...request, seeds: ["1", "2", "3"] });
  await s.inWork("1", "2", "3");
  s.jobs.hold({ jobId, index: 0 }, true);
  s.tell().step({ index: 0, step: 2 });
  s.tell().state(2, 0);
  expect(states(s.last())).toBe("waiting drawing drawing");
  s.come(1, 2);
  s.end();
  await expect.poll(() => s.jobs.areDrawing).toBe(false);
  s.jobs.hold({ jobId, index: 0 }, false);
  await s.inWork("1");
  expect(s.asked[1]!.from).toEqual([new Uint8Array([2])]);
});

test("all that is in work stops by one word, keeps its states, and goes on from them together", async () => {
  const s = together();
  await s.jobs.begin({ ...request, seeds: ["1", "2", "3", "4"] });
  await s.inWork("1", "2", "3", "4");
  s.come(3);
  await expect.poll(() => states(s.last())).toBe("drawing drawing drawing done");
  s.jobs.pause(true);
  expect(s.stopped).toEqual([0, 1, 2].map((index) => ({ jobId: s.asked[0]!.jobId, index, keep: true })));
  s.tell().state(5, 0);
  s.tell().state(6, 1); // the third had done no step
  s.end(cancelled());
  await expect.poll(() => states(s.last())).toBe("waiting waiting waiting done");
  s.jobs.pause(false);
  await s.inWork("1", "2", "3");
  expect(s.asked[1]!.from).toEqual([new Uint8Array([5]), new Uint8Array([6]), null]);
  s.jobs.cancelAll();
  expect(s.stopped.at(-1)).toEqual({ jobId: s.asked[1]!.jobId, keep: true });
  s.end(cancelled());
  await s.jobs.settled();
  expect(states(s.last())).toBe("cancelled cancelled cancelled done");
});

test("where something goes wrong with several, those that did not come are drawn one by one, and show whose fault it was", async () => {
  const bad = new AppError("state-invalid", "A state is damaged.", { why: "damaged" });
  const generate: Generate = (asked, tell) => {
    asked.seeds.forEach((seed, index) => seed !== "2" && tell.image({ index, seed }));
    return asked.seeds.includes("2") ? Promise.reject(bad) : Promise.resolve({ finished: 1 });
  };
  const s = fakeJobs(generate, { atOnce: 3 });
  await s.jobs.begin({ ...request, seeds: ["1", "2", "3", "4", "5"] });
  await s.jobs.settled();
  expect(s.asked.map(({ seeds }) => seeds.join("+"))).toEqual(["1+2+3", "2"]);
  expect(states(s.last())).toBe("done failed done failed failed"); // what is wrong with a scene is wrong with all of it
  expect(s.last().error).toMatchObject({ code: "state-invalid" });
});

test("after the engine's death they go on one by one; it dies once more, and the job has failed", async () => {
  const s = fakeJobs((_asked, tell) => {
    if (s.asked.length === 1) tell.state(3, 1);
    return s.asked.length === 2 ? draws(_asked, tell) : Promise.reject(crashed("engine"));
  }, { atOnce: 4 }); // prettier-ignore
  await s.jobs.begin({ ...request, seeds: ["1", "2", "3"] });
  await s.jobs.settled();
  expect(s.asked.map(({ seeds, from }) => [seeds.join("+"), from?.[0]?.[0]])).toEqual([
    ["1+2+3", undefined],
    ["1", undefined],
    ["2", 3],
  ]);
  expect(states(s.last())).toBe("done failed failed");
});

test("time left: four side by side need it once, and what waits a fourth each", async () => {
  const s = together();
  const { jobId } = await s.jobs.begin({ ...request, seeds: ["1", "2", "3", "4", "5", "6"] });
  await s.inWork("1", "2", "3", "4");
  // 12 seconds for four: 3 each, of which two wait.
  expect(s.jobs.queue.seconds).toEqual({ [jobId]: 3 });
  expect(s.steps.map(({ queueSecondsLeft }) => queueSecondsLeft)).toEqual([10, 10, 10, 10]);
  s.jobs.cancel({ jobId, index: 0 });
  s.tell().step({ index: 1, elapsed: 9, pictureSecondsLeft: 2 }); // faster now, which says nothing of four
  expect(s.jobs.queue.seconds).toEqual({ [jobId]: 3 });
  expect(s.steps.at(-1)!.queueSecondsLeft).toBe(8);
});

test("the program's end keeps what each goes on from", async () => {
  const s = together();
  await s.jobs.begin({ ...request, seeds: ["1", "2"] });
  await s.inWork("1", "2");
  s.jobs.interruptAll();
  s.tell().state(4, 0);
  s.come(1); // it was done in this moment
  s.end(cancelled());
  await s.jobs.settled();
  expect([...s.states.keys(), ...s.kept.map(({ seed }) => seed)]).toEqual(["1", "2"]);
  expect(s.ended).toMatchObject([{ message: INTERRUPTED }]);
});
