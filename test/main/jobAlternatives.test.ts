/** A job whose prompt has alternatives: one job, a picture for each of them with each seed. */
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { cancelled, crashed, fakeJobs, type Generate } from "../support/jobs.ts";

const model = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene = { prompt: "a {red|blue} house", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
const request = { model, scene, seeds: ["5", "6"], previewEvery: 0, attention: false };

/** A picture of four seconds. */
const draws: Generate = (_asked, tell) => {
  tell.step({ elapsed: 3, pictureSecondsLeft: 1 });
  tell.image();
  return Promise.resolve({ finished: 1 });
};

test("each alternative is drawn with each seed, and the picture's record says which it is", async () => {
  const s = fakeJobs(draws);
  const job = await s.jobs.begin(request);
  expect(job.pictures.map(({ index, seed, alternative }) => [index, seed, alternative])).toEqual([
    [0, "5", "red"],
    [1, "6", "red"],
    [2, "5", "blue"],
    [3, "6", "blue"],
  ]);
  await s.jobs.settled();
  expect(s.asked.map(({ scene: { prompt }, seeds }) => [prompt, seeds])).toEqual([
    ["a red house", ["5"]],
    ["a red house", ["6"]],
    ["a blue house", ["5"]],
    ["a blue house", ["6"]],
  ]);
  expect(s.kept.map(({ seed, record }) => [seed, record.alternative, record.scene.prompt])).toEqual([
    ["5", "red", "a red house"],
    ["6", "red", "a red house"],
    ["5", "blue", "a blue house"],
    ["6", "blue", "a blue house"],
  ]);
  expect(s.runs[0]).toMatchObject({ scene, asked: 4 });
  expect(s.ended).toMatchObject([{ outcome: "done" }]);
  // Three more pictures of 4 s are behind the first.
  expect(s.steps.map(({ index, queueSecondsLeft }) => [index, queueSecondsLeft])).toEqual([
    [0, 13],
    [1, 9],
    [2, 5],
    [3, 1],
  ]);
});

test("of them, only what is wanted is drawn: what a cancelled job left over", async () => {
  const s = fakeJobs(draws);
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
  const s = fakeJobs((asked, tell) => (s.asked.length === 2 ? Promise.reject(crashed("engine")) : draws(asked, tell)));
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(s.asked.slice(2).map(({ scene: { prompt }, seeds }) => [prompt, seeds])).toEqual([
    ["a red house", ["6"]],
    ["a blue house", ["5"]],
    ["a blue house", ["6"]],
  ]);
  expect(s.kept.map(({ seed, record }) => `${seed} ${record.alternative}`)).toEqual(["5 red", "6 red", "5 blue", "6 blue"]);
  expect(s.jobs.list()[0]!.pictures.map(({ state }) => state)).toEqual(["done", "done", "done", "done"]);
}); // prettier-ignore

test("what is wrong with one alternative fails those of it, and no other", async () => {
  const s = fakeJobs((asked, tell) =>
    asked.scene.prompt.includes("red") ? Promise.reject(new Error("no red")) : draws(asked, tell),
  );
  await s.jobs.begin(request);
  await s.jobs.settled();
  expect(s.asked.map(({ seeds }) => seeds[0])).toEqual(["5", "5", "6"]);
  expect(s.last()).toMatchObject({ outcome: "failed", pictures: [{ state: "failed" }, { state: "failed" }, { state: "done" }, { state: "done" }] }); // prettier-ignore
});

test("one picture, or all of them, can be cancelled", async () => {
  const finish = Promise.withResolvers<{ finished: number }>();
  const s = fakeJobs(() => finish.promise);
  const { jobId } = await s.jobs.begin(request);
  await expect.poll(() => s.asked.length).toBe(1);
  s.jobs.cancel({ jobId, index: 3 });
  expect(s.stopped).toEqual([]);
  s.jobs.cancel({ jobId });
  expect(s.stopped).toEqual([{ jobId: s.asked[0]!.jobId, keep: true }]);
  finish.reject(cancelled());
  await s.jobs.settled();
  expect(s.jobs.list()[0]!.outcome).toBe("cancelled");
});

test("what is wrong with them is refused before anything is on record", async () => {
  const s = fakeJobs(() => Promise.reject(new Error("nothing is to be drawn")));
  const bad = { ...scene, prompt: "a {red|blue house" };
  await expect(s.jobs.begin({ ...request, scene: bad })).rejects.toThrow("never ends them");
  const seeds = Array.from({ length: 6_000 }, (_, i) => String(i));
  await expect(s.jobs.begin({ ...request, seeds })).rejects.toThrow("12,000 pictures; at most 10,000");
  expect(s.runs).toEqual([]);
});
