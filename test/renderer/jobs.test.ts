/** What a window keeps of a job: told whole once, by its changes afterwards. */
import { expect, onTestFinished, test, vi } from "vitest";
import { connectApp } from "../../src-main/api/bridge.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Job, JobPicture } from "../../src-main/api/main.ts";
import type { ResultInfo } from "../../src-main/api/store.ts";
import { Jobs } from "../../src-renderer/state/jobs.svelte.ts";
import { FakeBridge } from "./support/fakeBridge.ts";
import { SAMPLE } from "./support/painter.ts";

const scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };

function jobOf(count: number): Job {
  const pictures = Array.from({ length: count }, (_, index): JobPicture => ({
    seed: `${index}`,
    index,
    state: "waiting",
    result: null,
  }));
  const state = { outcome: "running", error: null, waitsFor: null } as const;
  return { jobId: "one", runId: 3, scene, model: SAMPLE.model!, ...state, until: null, pictures };
}

function heard(count: number) {
  const main = new FakeBridge();
  const jobs = new Jobs(connectApp(main.bridge));
  main.emit("begun", jobOf(count));
  const base = { jobId: "one", error: null, waitsFor: null };
  const change = (pictures: { index: number; state: JobPicture["state"] }[], outcome: Job["outcome"] = "running") => {
    const changed = pictures.map((one) => ({
      ...one,
      result: one.state === "done" ? ({ id: 1 } as ResultInfo) : null,
    }));
    main.emit("job", { ...base, outcome, pictures: changed });
  };
  return { main, jobs, change };
}

test("a queue of 10,000 seeds follows each picture's change", () => {
  const { jobs, change } = heard(10_000);
  for (let index = 0; index < 300; index++) {
    change([{ index, state: "drawing" }]);
    expect(jobs.drawing?.index).toBe(index);
    change([{ index, state: "done" }]);
  }
  expect(jobs.progress).toEqual({ fraction: 0.03, done: 300, inWork: 0, asked: 10_000, secondsLeft: undefined });
  expect(jobs.pending[0]).toMatchObject({ index: 300, state: "waiting" });
});

test("what was cancelled is left over, with the scene and the seeds to draw it again", () => {
  const { jobs, change } = heard(4);
  change([{ index: 0, state: "done" }]);
  change([1, 2, 3].map((index) => ({ index, state: "cancelled" })));
  expect(jobs.progress).toMatchObject({ done: 4 });
  change([], "done");
  expect(jobs.running).toEqual([]);
  expect(jobs.ended).toEqual({ outcome: "done", done: 1, asked: 4 });
  const pictures = ["1", "2", "3"].map((seed) => ({ seed, alternative: null }));
  expect(jobs.leftovers).toMatchObject([{ runId: 3, why: "cancelled", scene, asked: 4, pictures }]);
  jobs.dismiss(3);
  expect(jobs.leftovers).toEqual([]);
});

test("a job that is known already is not begun again, and steps of one that ended are nobody's", () => {
  const { main, jobs, change } = heard(2);
  change([{ index: 0, state: "done" }]);
  main.emit("begun", jobOf(2));
  expect(jobs.pending).toHaveLength(1);
  change([{ index: 1, state: "done" }], "done");
  const times = { elapsed: 1, pictureSecondsLeft: 0, queueSecondsLeft: 0 };
  main.emit("step", { jobId: "one", seed: "1", index: 1, step: 1, steps: 2, obedience: {}, ...times });
  expect(jobs.liveOf({ jobId: "one", index: 1 })).toBeUndefined();
  expect([jobs.drawing, jobs.progress, jobs.leftovers]).toEqual([undefined, undefined, []]);
});

test("several in work: progress is that of all of them, and the time left that of the one that needs it longest", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { main, jobs, change } = heard(8);
  change([{ index: 0, state: "done" }]);
  change([1, 2, 3].map((index) => ({ index, state: "drawing" })));
  const step = (index: number, step: number, queueSecondsLeft: number | undefined) =>
    main.emit("step", { jobId: "one", seed: "1", index, step, steps: 4, elapsed: 1, pictureSecondsLeft: 2, queueSecondsLeft, obedience: {} }); // prettier-ignore
  step(1, 2, 30);
  step(2, 1, 33);
  step(3, 1, undefined);
  vi.advanceTimersByTime(200);
  expect(jobs.progress).toEqual({ fraction: 2 / 8, done: 1, inWork: 3, asked: 8, secondsLeft: 33 });
  expect(jobs.drawing).toMatchObject({ index: 1, live: { step: 2 } });
  // One is held: what it has behind it counts, and it is not the one that is being drawn.
  change([{ index: 1, state: "waiting" }]);
  expect(jobs.progress).toMatchObject({ fraction: 2 / 8, inWork: 2, secondsLeft: 33 });
  expect(jobs.drawing).toMatchObject({ index: 2 });
  change([2, 3].map((index) => ({ index, state: "cancelled" })));
  expect(jobs.progress).toMatchObject({ fraction: (3 + 0.5) / 8, inWork: 0, secondsLeft: 30 });
  expect(jobs.drawing).toMatchObject({ index: 1 });
});
