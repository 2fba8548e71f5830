/**
 * The jobs of one window, between engine and store: a run is put on record before it is drawn, and a picture is in the project before
 * the window hears of it, so that neither a dead window nor a dead service loses one. A job that the engine's death cut off goes on
 * with the pictures it still owes, once.
 */
import { randomUUID } from "node:crypto";
import type { EngineEvents, GeneratedImage, LoadRequest, StepEvent } from "../api/engine.ts";
import { type Alternative, expandScene } from "../scene/alternatives.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import type { Scene } from "../scene/scene.ts";
import type { DrawRequest, Job, JobPicture, MainEvents } from "../api/main.ts";
import type { Client } from "../wire/rpc.ts";
import { formatSeeds } from "../scene/seeds.ts";
import type { NewResult, ResultInfo, RunOutcome, StoreApi } from "../api/store.ts";
import { Turns } from "../wire/turns.ts";
import { withoutStack } from "./calls.ts";
import type { Engine, Listener, OpenedApi } from "../engine/host.ts";
import { picturesOf } from "./jobPictures.ts";
import { keepResult } from "./keepResult.ts";
import { Unkept } from "./unkept.ts";

export interface JobsOptions {
  engine: Pick<Engine, "with" | "cancel" | "nameOf">;
  store: Pick<Client<StoreApi>, "beginRun" | "addResult" | "endRun" | "listResults">;
  /** SHA-256 of a checkpoint's network, where it is known. */
  sha256Of?: (model: LoadRequest) => string | undefined;
  /** The scene as the engine takes it, with the files of its LoRAs. */
  resolve?: (scene: Scene) => Promise<Scene>;
  emit: <Name extends "loading" | "step" | "image" | "begun" | "job">(name: Name, payload: MainEvents[Name]) => void;
}

/** One request to the engine: the whole job, or what was left of it after a crash. */
interface Attempt {
  id: string;
  entry: Entry;
  /** The job's picture by index of the attempt. */
  indices: number[];
  /** What they have in common. */
  alternative: Alternative;
}

interface Entry {
  job: Job;
  model: LoadRequest;
  previewEvery: number;
  attention: boolean;
  /** One for each alternative of the prompt that still owes pictures. */
  attempts: Attempt[];
  alternatives: Alternative[];
  cancelled: boolean;
  commits: Promise<void>[];
  ended: Promise<void>;
}

/** Times that a job is begun again after the engine died under it. A scene that kills the engine must not do so for ever. */
const RESTARTS = 1;
/** Ended jobs that a reloaded window is told of, and their pictures in all. */
const REMEMBERED = { jobs: 50, pictures: 10_000 };

export class Jobs {
  readonly #options: JobsOptions;
  readonly #entries = new Map<string, Entry>();
  /** Held while the project changes its file: commits wait. */
  readonly #changes = new Turns();
  #lastCommit: Promise<void> = Promise.resolve();
  /** Drawn, and not in the project yet. */
  readonly unkept: Unkept;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.unkept = new Unkept(options.store);
  }

  list(): Job[] {
    return [...this.#entries.values()].map(({ job }) => structuredClone(job));
  }

  get areRunning(): boolean {
    return [...this.#entries.values()].some(({ job }) => job.outcome === "running");
  }

  async begin({ model, ...request }: DrawRequest, waitsFor: string | null = null): Promise<Job> {
    const { scene, seeds, previewEvery, attention, only } = request;
    const alternatives = expandScene(scene);
    const pictures = picturesOf(alternatives, seeds, only);
    const run = await this.#options.store.beginRun({
      scene,
      model: this.#options.engine.nameOf(model),
      asked: pictures.length,
      seeds: formatSeeds(seeds),
    });
    const state = { outcome: "running", error: null, waitsFor } as const;
    const job: Job = { jobId: randomUUID(), runId: run.id, scene, model, ...state, pictures };
    const how = { model, previewEvery, attention, alternatives };
    const entry: Entry = { job, ...how, attempts: [], cancelled: false, commits: [], ended: Promise.resolve() };
    this.#entries.set(job.jobId, entry);
    this.#forgetOld();
    this.#options.emit("begun", structuredClone(job));
    entry.ended = this.#draw(entry);
    return structuredClone(job);
  }

  cancel({ jobId, index }: { jobId: string; index?: number }): void {
    const entry = this.#entries.get(jobId);
    if (entry?.job.outcome !== "running") return; // what is done stays done
    const chosen = entry.job.pictures.filter(
      (picture) => (index === undefined || picture.index === index) && isOwed(picture),
    );
    for (const picture of chosen) picture.state = "cancelled";
    if (!entry.job.pictures.some(isOwed)) entry.cancelled = true;
    // Not through `with`: cancelling does not wait for its turn.
    if (entry.cancelled) for (const { id } of entry.attempts) this.#options.engine.cancel({ jobId: id });
    else for (const { index } of chosen) this.#cancelOne(entry, index);
    this.#tell(entry, chosen);
  }

  cancelAll(): void {
    for (const jobId of this.#entries.keys()) this.cancel({ jobId });
  }

  /** Resolves when no job runs any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ ended }) => ended));
  }

  /** Does `change` while no picture is on its way to the store. */
  async paused<T>(change: () => Promise<T>): Promise<T> {
    const commits = [...this.#entries.values()].flatMap((entry) => entry.commits);
    return this.#changes.take(() => Promise.allSettled(commits).then(change));
  }

  /** Another project: its window starts without jobs. */
  clear(): void {
    this.#entries.clear();
  }

  /** A step of a job, as the engine calls it. */
  onStep(step: StepEvent): void {
    const found = this.#find(step.jobId, step.index);
    if (!found) return;
    const { entry, attempt, picture } = found;
    if (picture.state === "waiting") {
      picture.state = "drawing";
      entry.job.waitsFor = null;
      this.#tell(entry, [picture]);
    }
    const behind = entry.attempts.slice(entry.attempts.indexOf(attempt) + 1);
    const later = behind.reduce((sum, { indices }) => sum + indices.length, 0);
    const { elapsed, pictureSecondsLeft, queueSecondsLeft: own } = step;
    const queueSecondsLeft =
      own === undefined || pictureSecondsLeft === undefined ? undefined : own + later * (elapsed + pictureSecondsLeft);
    this.#options.emit("step", { ...step, queueSecondsLeft, jobId: entry.job.jobId, index: picture.index });
  }

  onImage(image: EngineEvents["image"]): void {
    const found = this.#find(image.jobId, image.index);
    if (!found) return;
    const change = this.#changes.idle();
    // One after the other: results are listed in the order in which they were drawn.
    this.#lastCommit = this.#lastCommit.then(() => change).then(() => this.#commit(found.entry, found.picture, image));
    found.entry.commits.push(this.#lastCommit);
  }

  async #draw(entry: Entry): Promise<void> {
    let outcome: RunOutcome = "done";
    for (let restarts = 0; ; restarts++) {
      try {
        await this.#attempt(entry);
        break;
      } catch (error) {
        if (isAppError(error, "service-crashed") && restarts < RESTARTS) continue;
        outcome = isAppError(error, "cancelled") ? "cancelled" : "failed";
        if (outcome === "failed") entry.job.error = withoutStack(error);
        break;
      }
    }
    await this.#end(entry, outcome);
  }

  /** Asks the engine for the pictures that are still owed. */
  async #attempt(entry: Entry): Promise<void> {
    const { job, model, previewEvery, attention } = entry;
    await Promise.allSettled(entry.commits);
    for (const picture of job.pictures) if (picture.state === "drawing") picture.state = "waiting";
    const owed = job.pictures.filter(({ state }) => state === "waiting");
    if (owed.length === 0) return;
    entry.attempts = entry.alternatives.flatMap((alternative) => {
      const indices = owed.filter((picture) => picture.alternative === alternative.words).map(({ index }) => index);
      return indices.length === 0 ? [] : { id: randomUUID(), entry, indices, alternative };
    });
    const listener: Listener = {
      onLoading: (loading) => this.#options.emit("loading", loading),
      jobs: entry.attempts.map(({ id }) => id),
      onStep: (step) => this.onStep(step),
      onImage: (image) => this.onImage(image),
    };
    const scenes = await Promise.all(
      entry.attempts.map(async ({ alternative: { scene } }) => (await this.#options.resolve?.(scene)) ?? scene),
    );
    const send = async (api: OpenedApi) => {
      if (entry.cancelled) throw new AppError("cancelled", "Cancelled before the first picture.", {});
      // All at once: no other job comes in between.
      const drawn = entry.attempts.map(({ id, indices }, i) => {
        const scene = scenes[i]!;
        const pictures = indices.map((index) => job.pictures[index]!);
        const seeds = pictures.map(({ seed }) => seed);
        const reply = api.generate({ jobId: id, scene, seeds, previewEvery, attention });
        // Cancelled while the checkpoint was being opened.
        for (const [index, picture] of pictures.entries()) {
          if (picture.state === "cancelled") void api.cancel({ jobId: id, index });
        }
        return reply;
      });
      const failures = (await Promise.allSettled(drawn)).flatMap((one) =>
        one.status === "rejected" ? [one.reason as unknown] : [],
      );
      const failure = failures.find((error) => !isAppError(error, "cancelled"));
      if (failure !== undefined || failures.length === drawn.length) throw failure ?? failures[0];
    };
    await this.#options.engine.with(model, send, listener);
  }

  async #end(entry: Entry, outcome: RunOutcome): Promise<void> {
    const { job } = entry;
    await Promise.allSettled(entry.commits);
    const owed = job.pictures.filter(isOwed);
    for (const picture of owed) picture.state = outcome === "cancelled" ? "cancelled" : "failed";
    if (job.pictures.some(({ state }) => state === "failed")) outcome = "failed";
    else if (job.pictures.every(({ state }) => state === "cancelled")) outcome = "cancelled";
    try {
      await this.#changes.idle();
      const ended = { runId: job.runId, outcome: outcome as Exclude<RunOutcome, "running"> };
      await this.#options.store.endRun({ ...ended, message: job.error?.message ?? null });
    } catch (error) {
      job.error ??= withoutStack(error);
    }
    job.outcome = outcome;
    job.waitsFor = null;
    entry.attempts = [];
    this.#tell(entry, owed);
  }

  async #commit(entry: Entry, picture: JobPicture, image: GeneratedImage): Promise<void> {
    const { job } = entry;
    const { seed, pixels, seconds, obedience, attention } = image;
    const sha256 = this.#options.sha256Of?.(entry.model);
    const { model } = image.record;
    const record = {
      ...image.record,
      ...(picture.alternative === undefined ? {} : { alternative: picture.alternative }),
      ...(sha256 === undefined ? {} : { model: { ...model, sha256 } }),
    };
    const drawn: NewResult = { runId: job.runId, seed, pixels, seconds, record, attention };
    try {
      picture.result = await keepResult(this.#options.store, job, drawn);
      picture.state = "done";
      const { result, index } = picture;
      this.#options.emit("image", { jobId: job.jobId, index, seed, result, obedience, attention });
    } catch (error) {
      picture.state = "failed";
      job.error ??= withoutStack(error);
      if (isAppError(error, "project-invalid"))
        this.unkept.add(drawn, (kept) => this.#keptAfterAll(entry, picture, kept));
    }
    this.#tell(entry, [picture]);
  }

  #keptAfterAll(entry: Entry, picture: JobPicture, result: ResultInfo): void {
    Object.assign(picture, { state: "done", result });
    if (entry.job.pictures.every(({ state }) => state === "done")) entry.job.error = null;
    this.#tell(entry, [picture]);
  }

  #cancelOne({ attempts }: Entry, index: number): void {
    const attempt = attempts.find(({ indices }) => indices.includes(index));
    if (attempt) this.#options.engine.cancel({ jobId: attempt.id, index: attempt.indices.indexOf(index) });
  }

  #find(attemptId: string, index: number): { entry: Entry; attempt: Attempt; picture: JobPicture } | undefined {
    for (const entry of this.#entries.values()) {
      const attempt = entry.attempts.find(({ id }) => id === attemptId);
      const picture = entry.job.pictures[attempt?.indices[index] ?? -1];
      if (attempt && picture) return { entry, attempt, picture };
    }
    return undefined;
  }

  /** `pictures`: those whose state is another one. */
  #tell({ job: { jobId, outcome, error, waitsFor } }: Entry, pictures: readonly JobPicture[]): void {
    const changed = pictures.map(({ index, state, result }) => ({ index, state, result }));
    this.#options.emit("job", { jobId, outcome, error, waitsFor, pictures: changed });
  }

  #forgetOld(): void {
    const ended = [...this.#entries.values()].filter(({ job }) => job.outcome !== "running").reverse();
    let pictures = 0;
    for (const [i, { job }] of ended.entries()) {
      pictures += job.pictures.length;
      if (i >= REMEMBERED.jobs || pictures > REMEMBERED.pictures) this.#entries.delete(job.jobId);
    }
  }
}

function isOwed({ state }: JobPicture): boolean {
  return state === "waiting" || state === "drawing";
}
