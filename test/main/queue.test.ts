/** The queue: its order, what is held, what was cancelled and comes back, how projects share the engine, and what survives. */
import { expect, test } from "vitest";
import type { LoadRequest } from "../../src-main/api/engine.ts";
import type { SavedQueue } from "../../src-main/api/savedQueue.ts";
import { DrawingTurns } from "../../src-main/service/drawingTurns.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { cancelled, draws, fakeJobs, type Generate } from "../support/jobs.ts";

const model = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
const request = { model, scene, previewEvery: 0, attention: false };

/** An engine whose pictures come one by one, when a test says so; stopped ones keep what they have. */
function stepping(options: Parameters<typeof fakeJobs>[1] = {}) {
  let finish: { done: () => void; stop: () => void } | undefined;
  const generate: Generate = (_asked, tell) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ finished: number }>();
    tell.step({ elapsed: 3, pictureSecondsLeft: 1 });
    const done = () => {
      tell.image();
      resolve({ finished: 1 });
    };
    const stop = () => {
      tell.state(7);
      reject(cancelled());
    };
    finish = { done, stop };
    return promise;
  };
  const s = fakeJobs(generate, options);
  const inWork = async (seed: string) => {
    await expect.poll(() => s.asked.at(-1)?.seeds[0]).toBe(seed);
  };
  const draw = async (...seeds: string[]) => {
    for (const seed of seeds) {
      await inWork(seed);
      const asked = s.asked.length;
      finish!.done();
      await expect.poll(() => s.asked.length > asked || !s.jobs.areDrawing).toBe(true);
    }
  };
  return { ...s, inWork, draw, stop: () => finish!.stop() };
}

test("a run is put before others, and one picture before all; what is in work is finished first", async () => {
  const s = stepping();
  const first = await s.jobs.begin({ ...request, seeds: ["1", "2", "3"] });
  const second = await s.jobs.begin({ ...request, seeds: ["4", "5"] });
  await s.inWork("1");
  s.jobs.move({ jobId: second.jobId }, first.jobId);
  s.jobs.move({ jobId: first.jobId, index: 2 }, second.jobId);
  expect(s.jobs.queue.places.map(({ id }) => id)).toEqual([`${first.jobId}:2`, second.jobId, first.jobId]);
  await s.draw("1", "3", "4", "5", "2");
  await s.jobs.settled();
  expect(s.jobs.queue.places).toEqual([]);
});

test("the time left is of the picture in work and of all that is not held behind it", async () => {
  const s = stepping();
  const first = await s.jobs.begin({ ...request, seeds: ["1", "2"] });
  const second = await s.jobs.begin({ ...request, seeds: ["3", "4"] });
  await s.inWork("1");
  expect(s.jobs.queue.seconds).toEqual({ [first.jobId]: 4 });
  await s.draw("1");
  await s.inWork("2");
  expect(s.steps.at(-1)!.queueSecondsLeft).toBe(9);
  s.jobs.hold({ jobId: second.jobId, index: 1 }, true);
  await s.draw("2");
  await s.inWork("3");
  expect(s.steps.at(-1)!.queueSecondsLeft).toBe(1);
});

test("a picture that is held in the middle keeps its state, others go on, and it goes on where it was", async () => {
  const s = stepping();
  const { jobId } = await s.jobs.begin({ ...request, seeds: ["1", "2"] });
  await s.inWork("1");
  s.jobs.hold({ jobId, index: 0 }, true);
  expect(s.stopped).toEqual([{ jobId: s.asked[0]!.jobId, keep: true }]);
  s.stop();
  await s.inWork("2");
  expect(s.last().pictures.map(({ state }) => state)).toEqual(["waiting", "drawing"]);
  s.jobs.hold({ jobId, index: 0 }, false);
  await s.draw("2");
  await s.inWork("1");
  expect(s.asked.at(-1)!.from).toEqual([new Uint8Array([7])]);
  await s.draw("1");
  await s.jobs.settled();
  expect(s.last().outcome).toBe("done");
});

test("a paused queue draws nothing, also what is added, until it goes on", async () => {
  const s = stepping();
  await s.jobs.begin({ ...request, seeds: ["1"] });
  await s.inWork("1");
  s.jobs.pause(true);
  s.stop();
  await s.jobs.begin({ ...request, seeds: ["2"] });
  await new Promise(setImmediate);
  expect(s.asked).toHaveLength(1);
  expect([s.jobs.areRunning, s.jobs.areDrawing]).toEqual([true, false]);
  s.jobs.pause(false);
  await expect.poll(() => s.asked.length).toBe(2);
  expect(s.asked[1]!.from).toEqual([new Uint8Array([7])]);
  await s.draw("1", "2");
  await s.jobs.settled();
});

test("what was cancelled comes back into its run, the picture in work to where it was", async () => {
  const s = stepping();
  const { jobId, runId } = await s.jobs.begin({ ...request, seeds: ["1", "2", "3"] });
  await s.inWork("1");
  s.jobs.cancel({ jobId, index: 0 });
  s.jobs.cancel({ jobId, index: 2 });
  s.stop();
  await s.inWork("2");
  const only = ["1", "3"].map((seed) => ({ seed, alternative: null }));
  expect(await s.jobs.resume({ ...request, runId, only })).toEqual([]);
  await s.draw("2");
  await s.inWork("1");
  expect(s.asked.at(-1)!.from).toEqual([new Uint8Array([7])]);
  await s.draw("1", "3");
  await s.jobs.settled();
  expect(s.last().outcome).toBe("done");
});

test("projects take turns with a picture each, and one that comes later does not wait for all of the others", async () => {
  const order: string[] = [];
  const turns = new DrawingTurns();
  const project = (name: string) =>
    fakeJobs(
      (asked, tell) => {
        order.push(`${name}${asked.seeds[0]}`);
        return draws(asked, tell);
      },
      { turns },
    ).jobs;
  const [a, b, c] = [project("a"), project("b"), project("c")];
  await a.begin({ ...request, seeds: ["1", "2", "3", "4"] });
  await b.begin({ ...request, seeds: ["1", "2"] });
  await c.begin({ ...request, seeds: ["1", "2", "3"] });
  await Promise.all([a, b, c].map((jobs) => jobs.settled()));
  expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "c2", "a3", "c3", "a4"]);
});

test("projects with other checkpoints change over when one was drawn with for two minutes, not with every picture", async () => {
  let time = 0;
  const turns = new DrawingTurns(() => time);
  const order: string[] = [];
  const take = async (name: string, path: string, pictures: number) => {
    const wanted: LoadRequest = { ...model, path };
    for (let n = 1; n <= pictures; n++) {
      await turns.take(
        () => wanted,
        () => {
          order.push(`${name}${n}`);
          time += 50_000;
          return Promise.resolve();
        },
      );
    }
  };
  await Promise.all([take("a", "/one", 5), take("b", "/two", 4), take("c", "/one", 1)]);
  expect(order).toEqual(["a1", "c1", "a2", "b1", "b2", "b3", "a3", "a4", "a5", "b4"]);
});

const unfinished = (...runs: number[]) => ({
  unfinishedRuns: () => Promise.resolve(runs.map((id) => ({ id, finishing: [] }))),
  readRun: ({ id }: { id: number }) => Promise.resolve(owing(id)),
  resumeRun: ({ id }: { id: number }) => Promise.resolve(owing(id)),
});
const owing = (id: number) => {
  const missing = ["1", "2"].map((seed) => ({ seed: `${id}${seed}`, alternative: null }));
  return { id, scene, until: null, missing, inWork: [] };
};

test("order, what is held and the pause survive the program's end, in whichever order runs are gone on with", async () => {
  const s = stepping();
  const first = await s.jobs.begin({ ...request, seeds: ["111", "112"] });
  const second = await s.jobs.begin({ ...request, seeds: ["121", "122"] });
  await s.inWork("111");
  s.jobs.move({ jobId: second.jobId }, first.jobId);
  s.jobs.hold({ jobId: first.jobId, index: 1 }, true);
  s.jobs.pause(true);
  s.jobs.interruptAll();
  s.stop();
  await s.jobs.settled();
  const saved: SavedQueue = {
    paused: true,
    places: [
      { run: 12, finishing: false, picture: null, held: false },
      { run: 11, finishing: false, picture: { seed: "112", alternative: null }, held: true },
      { run: 11, finishing: false, picture: null, held: false },
    ],
  };
  expect(s.saved.queue).toEqual(saved);

  const next = stepping({ store: { ...unfinished(11, 12), readQueue: () => Promise.resolve(saved) } });
  await next.jobs.restoreQueue();
  await next.jobs.resume({ ...request, runId: 11 });
  expect(next.saved.queue).toEqual(saved); // the other run keeps its place until it goes on
  await next.jobs.resume({ ...request, runId: 12 });
  const [one, two] = next.jobs.list();
  expect(next.jobs.queue).toMatchObject({
    paused: true,
    places: [{ id: two!.jobId }, { id: `${one!.jobId}:1`, held: true }, { id: one!.jobId, held: false }],
  });
  next.jobs.pause(false);
  await next.draw("121", "122", "111");
  expect(next.jobs.areDrawing).toBe(false);
  next.jobs.hold({ jobId: one!.jobId, index: 1 }, false);
  await next.draw("112");
  await next.jobs.settled();
  await expect.poll(() => next.saved.queue).toEqual({ paused: false, places: [] });
});

test("a pause of which nothing is left is none", async () => {
  const s = fakeJobs(draws);
  s.saved.queue = { paused: true, places: [{ run: 99, finishing: false, picture: null, held: false }] };
  await s.jobs.restoreQueue();
  expect(s.jobs.queue).toMatchObject({ paused: false, places: [] });
});
