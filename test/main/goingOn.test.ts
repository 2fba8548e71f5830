/**
 * A queue that survives, with the real services and a small model: the engine is killed, then everything; what was asked for goes on
 * where it stopped, and the pictures are those of a run that was never stopped, bit by bit.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import type { LoadRequest, StepEvent } from "../../src-main/api/engine.ts";
import type { Job } from "../../src-main/api/main.ts";
import { startEngine } from "../../src-main/engine/host.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { Jobs } from "../../src-main/main/jobs.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import type { SchedulerName } from "../../src-main/scene/schedulers.ts";
import { startStore } from "../../src-main/store/host.ts";
import { sampleDraft, temporaryFolder } from "../support/projects.ts";

vi.setConfig({ testTimeout: 180_000 });

const model: LoadRequest = {
  path: fileURLToPath(new URL("../../resources/models/demo", import.meta.url)),
  provider: "cpu",
  memory: "fast",
  threads: 1,
};
const STEPS = 8;
const how = { model, previewEvery: 0, attention: false };

/** One start of the program: services, and jobs of the project at `path`. */
async function program(folder: string) {
  const engine = await startEngine({ onLine: () => undefined });
  const store = startStore({ dataFolder: join(folder, "data"), onLine: () => undefined });
  const steps: StepEvent[] = [];
  const listeners = new Set<(step: StepEvent) => void>();
  const jobs = new Jobs({
    engine,
    store: store.api,
    keepEvery: 0,
    emit: (name, payload) => {
      if (name !== "step") return;
      steps.push(payload as StepEvent);
      for (const listener of listeners) listener(payload as StepEvent);
    },
  });
  const end = async () => {
    await Promise.all([engine.stop(), store.stop()]);
  };
  onTestFinished(end);
  /** Once, when a step is done. */
  const after = (step: number, act: () => void) => {
    const listener = (event: StepEvent) => {
      if (event.step !== step) return;
      listeners.delete(listener);
      act();
    };
    listeners.add(listener);
  };
  const scene = async (scheduler: SchedulerName = "dpmpp-2m-sde"): Promise<Scene> => {
    const { defaults } = await engine.load(model);
    const guidance = { ...defaults.guidance, injectionSteps: { start: 0, end: 3 }, lossSteps: { start: 0, end: 4 } };
    return {
      prompt: "a red circle and a blue square",
      negativePrompt: "",
      regions: [{ id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [{ start: 2, end: 12 }], strength: 1 }],
      settings: { ...defaults, steps: STEPS, scheduler, guidance },
    };
  };
  return { engine, store, api: store.api, jobs, steps, after, end, scene };
}

type Program = Awaited<ReturnType<typeof program>>;

async function newProgram() {
  const folder = temporaryFolder();
  const path = join(folder, "p.diorama");
  const first = await program(folder);
  return { folder, path, first };
}

async function pixelsOf({ api }: Program, { runId }: Pick<Job, "runId">) {
  const { results } = await api.listResults({ runId, order: "seed", offset: 0, limit: 50 });
  return Promise.all(
    results.map(async ({ id, seed, scouted }) => {
      const { pixels } = decodePng(await api.readPicture({ id, size: "full" }));
      return { seed, scouted, pixels: Buffer.from(pixels.data).toString("base64") };
    }),
  );
}

const SEEDS = ["1", "2", "3"];
let references: Awaited<ReturnType<typeof pixelsOf>> | undefined;

/** The pictures of the first `count` seeds, drawn without a stop: by the program of the first test for all of them. */
async function undisturbed(at: Program, { folder, path }: { folder: string; path: string }, count: number) {
  if (!references) {
    await at.api.createProject({ path: join(folder, "reference.diorama"), draft: sampleDraft(), replace: true });
    const job = await at.jobs.begin({ ...how, scene: await at.scene(), seeds: SEEDS });
    await at.jobs.settled();
    references = await pixelsOf(at, job);
  }
  await at.api.createProject({ path, draft: sampleDraft(), replace: true });
  return references.slice(0, count);
}

test("an engine that is killed in the middle of a picture goes on there, to the same bits", async () => {
  const { first, ...at } = await newProgram();
  const expected = await undisturbed(first, at, 2);
  first.steps.length = 0;
  first.after(5, () => process.kill(first.engine.pid!, "SIGKILL"));
  const job = await first.jobs.begin({ ...how, scene: await first.scene(), seeds: ["1", "2"] });
  await first.jobs.settled();
  expect(first.jobs.list().at(-1)).toMatchObject({ outcome: "done", error: null });
  expect(await pixelsOf(first, job)).toEqual(expected);
  // Of 16 steps at most the one in work was made twice.
  expect(first.steps.length).toBeLessThanOrEqual(2 * STEPS + 1);
  expect((await first.api.stateRoom()).pictures).toBe(0);
});

test("after everything was killed a new start offers to go on, as the same run, to the same bits", async () => {
  const { first, ...at } = await newProgram();
  const expected = await undisturbed(first, at, 3);
  const killed = new Promise<void>((resolve) => {
    first.after(5, () => {
      // Not at once: the message with the state is on its way to the store, as seconds of drawing would be.
      void first.api.stateRoom().then(() => {
        process.kill(first.store.pid!, "SIGKILL");
        first.engine.kill();
        resolve();
      });
    });
  });
  const job = await first.jobs.begin({ ...how, scene: await first.scene(), seeds: ["1", "2", "3"] });
  await killed;
  // This program writes nothing more to the project.
  vi.spyOn(first.store.api, "endRun").mockResolvedValue({} as never);
  await first.end();

  const second = await program(at.folder);
  await second.api.openProject({ path: at.path });
  const [offered] = await second.api.unfinishedRuns();
  expect(offered).toMatchObject({ id: job.runId, asked: 3, finishing: [] });
  expect(offered!.inWork).toHaveLength(1);
  const { step } = offered!.inWork[0]!;
  expect(step).toBeGreaterThanOrEqual(4);
  const jobs = await second.jobs.resume({ ...how, runId: job.runId });
  await second.jobs.settled();
  expect(jobs.map(({ runId }) => runId)).toEqual([job.runId]);
  expect(second.steps[0]).toMatchObject({ seed: "1", step: step + 1 });
  expect(await pixelsOf(second, job)).toEqual(expected);
  expect(await second.api.readRun({ id: job.runId })).toMatchObject({ outcome: "done", finished: 3, missing: [] });
  expect(await second.api.unfinishedRuns()).toEqual([]);
});

test("a program that is left offers to go on, too", async () => {
  const { first, ...at } = await newProgram();
  const expected = await undisturbed(first, at, 1);
  first.after(3, () => first.jobs.interruptAll());
  const job = await first.jobs.begin({ ...how, scene: await first.scene(), seeds: ["1"] });
  await first.jobs.settled();
  await first.end();
  const second = await program(at.folder);
  await second.api.openProject({ path: at.path });
  expect(await second.api.unfinishedRuns()).toMatchObject([{ id: job.runId, inWork: [{ seed: "1" }] }]);
  await second.jobs.resume({ ...how, runId: job.runId });
  await second.jobs.settled();
  expect(second.steps[0]!.step).toBeGreaterThan(2);
  expect(await pixelsOf(second, job)).toEqual(expected);
});

test("what is cancelled by a person is not offered, and keeps nothing once the project is closed", async () => {
  const { first, path } = await newProgram();
  await first.api.createProject({ path, draft: sampleDraft(), replace: false });
  first.after(3, () => first.jobs.cancelAll());
  await first.jobs.begin({ ...how, scene: await first.scene(), seeds: ["7"] });
  await first.jobs.settled();
  expect(await first.api.unfinishedRuns()).toEqual([]);
  expect((await first.api.stateRoom()).pictures).toBe(1); // should it be brought back
  await first.api.closeProject();
  await first.api.openProject({ path });
  expect((await first.api.stateRoom()).pictures).toBe(0);
});

test("scouted pictures are finished in their places, to the pictures of a whole run, also across a kill", async () => {
  const { first, ...at } = await newProgram();
  const expected = await undisturbed(first, at, 3);
  const job = await first.jobs.begin({ ...how, scene: await first.scene(), seeds: ["1", "2", "3"], until: 4 });
  await first.jobs.settled();
  const { results } = await first.api.listResults({ runId: job.runId, order: "seed", offset: 0, limit: 9 });
  expect(results.map(({ scouted, resumable }) => [scouted, resumable])).toEqual([4, 4, 4].map((step) => [step, true]));
  first.steps.length = 0;
  first.after(6, () => process.kill(first.engine.pid!, "SIGKILL"));
  await first.jobs.finish({ ...how, ids: results.slice(0, 2).map(({ id }) => id) });
  await first.jobs.settled();
  expect(first.jobs.list().at(-1)).toMatchObject({ outcome: "done", pictures: [{ state: "done" }, { state: "done" }] });
  const [one, two, three] = await pixelsOf(first, job);
  expect([one, two]).toEqual(expected.slice(0, 2));
  expect(three).toMatchObject({ seed: "3", scouted: 4 });
  expect(Math.min(...first.steps.map(({ step }) => step))).toBe(5);
  expect(await first.api.readRun({ id: job.runId })).toMatchObject({ outcome: "done", finished: 3, until: 4 });
  expect((await first.api.stateRoom()).pictures).toBe(1);
});

test("a scouted picture whose state was let go is drawn from the start; one that is damaged says so once", async () => {
  const { first, ...at } = await newProgram();
  const expected = await undisturbed(first, at, 2);
  const job = await first.jobs.begin({ ...how, scene: await first.scene(), seeds: ["1", "2"], until: 4 });
  await first.jobs.settled();
  const { results } = await first.api.listResults({ runId: job.runId, order: "seed", offset: 0, limit: 9 });
  const [first1, second2] = results as [(typeof results)[number], (typeof results)[number]];
  await first.api.letGoStates();
  await first.jobs.finish({ ...how, ids: [first1.id] });
  await first.jobs.settled();
  const place = { runId: job.runId, seed: "2", alternative: null, resultId: second2.id };
  await first.api.keepState({ ...place, step: 4, state: new Uint8Array(500) });
  await first.jobs.finish({ ...how, ids: [second2.id] });
  await first.jobs.settled();
  expect(first.jobs.list().at(-1)).toMatchObject({ outcome: "failed", error: { code: "state-invalid" } });
  expect(await first.api.readResult({ id: second2.id })).toMatchObject({ scouted: 4, resumable: false });
  await first.jobs.finish({ ...how, ids: [second2.id] });
  await first.jobs.settled();
  expect(await pixelsOf(first, job)).toEqual(expected);
});
