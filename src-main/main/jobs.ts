/**
 * The jobs of one window, between engine and store: a run is put on record before it is drawn, and a picture is in the project before
 * the window hears of it, so that neither a dead window nor a dead service loses one. A job that the engine's death cut off goes on
 * with the pictures it still owes, once; what the picture in work goes on from is kept every few seconds.
 */
import { randomUUID } from "node:crypto";
import type { EngineEvents, GeneratedImage, LoadRequest, StateEvent, StepEvent } from "../api/engine.ts";
import { type Alternative, expandScene } from "../scene/alternatives.ts";
import { isAppError } from "../wire/errors.ts";
import type { Scene } from "../scene/scene.ts";
import type { DrawRequest, HowToDraw, Job, JobPicture, MainEvents } from "../api/main.ts";
import type { Client } from "../wire/rpc.ts";
import { formatSeeds } from "../scene/seeds.ts";
import {
  INTERRUPTED,
  type NewResult,
  type PictureChoice,
  type ResultInfo,
  type RunOutcome,
  type StoreApi,
} from "../api/store.ts";
import { Turns } from "../wire/turns.ts";
import { withoutStack } from "./calls.ts";
import type { Engine, Listener } from "../engine/host.ts";
import { type Attempt, placeOf, planAttempts, sendAttempts } from "./jobAttempts.ts";
import { finishingPictures, owedPictures, picturesOf } from "./jobPictures.ts";
import { keepResult } from "./keepResult.ts";
import { Unkept } from "./unkept.ts";

type StoreCalls =
  | "beginRun"
  | "addResult"
  | "endRun"
  | "listResults"
  | "readRun"
  | "readResult"
  | "resumeRun"
  | "unfinishedRuns"
  | "finishResult"
  | "wantFinished"
  | "keepState"
  | "readState"
  | "dropState";

export interface JobsOptions {
  engine: Pick<Engine, "with" | "cancel" | "nameOf">;
  store: Pick<Client<StoreApi>, StoreCalls>;
  /** SHA-256 of a checkpoint's network, where it is known. */
  sha256Of?: (model: LoadRequest) => string | undefined;
  /** The scene as the engine takes it, with the files of its LoRAs. */
  resolve?: (scene: Scene) => Promise<Scene>;
  /** What a person need not act on. */
  note?: (message: string) => void;
  /** Seconds between two states of the picture in work. */
  keepEvery?: number;
  emit: <Name extends "loading" | "step" | "image" | "begun" | "job">(name: Name, payload: MainEvents[Name]) => void;
}

interface Entry {
  job: Job;
  model: LoadRequest;
  previewEvery: number;
  attention: boolean;
  /** The whole job, or what was left of it after a crash. */
  attempts: Attempt[];
  alternatives: Alternative[];
  /** Indices of pictures that something is kept of to go on from. */
  stated: Set<number>;
  /** It finishes results of a run that has ended. */
  isFinishing: boolean;
  cancelled: boolean;
  /** The program ends: what is owed goes on at the next start. */
  interrupted: boolean;
  commits: Promise<void>[];
  ended: Promise<void>;
}

/** Times that a job is begun again after the engine died under it. A scene that kills the engine must not do so for ever. */
const RESTARTS = 1;
/** What a power cut may cost, in seconds. */
const KEEP_EVERY = 10;
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

  async begin({ scene, seeds, only, until, ...how }: DrawRequest, waitsFor: string | null = null): Promise<Job> {
    const pictures = picturesOf(expandScene(scene), seeds, only);
    const run = await this.#options.store.beginRun({
      scene,
      model: this.#options.engine.nameOf(how.model),
      asked: pictures.length,
      seeds: formatSeeds(seeds),
      ...(until === undefined ? {} : { until }),
    });
    return this.#start({ id: run.id, scene, until: until ?? null }, { pictures }, how, waitsFor);
  }

  /** Finishes scouted results, which is on record before it is begun: a job for each of their runs. */
  async finish({ ids, ...how }: HowToDraw & { ids: number[] }, waitsFor: string | null = null): Promise<Job[]> {
    const { store } = this.#options;
    const running = [...this.#entries.values()].flatMap(({ job }) => job.pictures.filter(isOwed));
    const wanted = new Set(ids);
    for (const { finishes } of running) if (finishes !== undefined) wanted.delete(finishes);
    const results: ResultInfo[] = [];
    for (const id of wanted) {
      const result: ResultInfo = await store.readResult({ id });
      if (result.scouted !== null) results.push(result);
    }
    if (results.length === 0) return [];
    await store.wantFinished({ ids: results.map(({ id }) => id), wanted: true });
    const jobs: Job[] = [];
    for (const [id, own] of Map.groupBy(results, ({ runId }) => runId)) {
      const { scene } = await store.readRun({ id });
      const pictures = { ...finishingPictures(own), isFinishing: true };
      jobs.push(this.#start({ id, scene, until: null }, pictures, how, waitsFor));
    }
    return jobs;
  }

  /** Goes on with what a run owes, from where its pictures were. */
  async resume({ runId, ...how }: HowToDraw & { runId: number }, waitsFor: string | null = null): Promise<Job[]> {
    const { store } = this.#options;
    const isRunning = [...this.#entries.values()].some(({ job }) => job.runId === runId && job.outcome === "running");
    if (isRunning) return [];
    const finishing = (await store.unfinishedRuns()).find(({ id }) => id === runId)?.finishing ?? [];
    const jobs: Job[] = [];
    if ((await store.readRun({ id: runId })).missing.length > 0) {
      const run = await store.resumeRun({ id: runId });
      jobs.push(this.#start(run, owedPictures(run), how, waitsFor));
    }
    return [...jobs, ...(await this.finish({ ids: finishing, ...how }, waitsFor))];
  }

  /** Draws pictures of a run that is on record. */
  draw(
    run: { id: number; scene: Scene; until: number | null },
    pictures: readonly PictureChoice[],
    how: HowToDraw,
    waitsFor: string | null = null,
  ): Job {
    return this.#start(run, owedPictures({ missing: [...pictures], inWork: [] }), how, waitsFor);
  }

  #start(
    run: { id: number; scene: Scene; until: number | null },
    { pictures, stated = new Set(), isFinishing = false }: Pick<Job, "pictures"> & Partial<Entry>,
    { model, ...how }: HowToDraw,
    waitsFor: string | null,
  ): Job {
    const { id: runId, scene, until } = run;
    const job: Job = {
      ...{ jobId: randomUUID(), runId, scene, model, until, waitsFor, pictures },
      ...{ outcome: "running", error: null },
    };
    const what = { job, model, ...how, alternatives: expandScene(scene), stated, isFinishing };
    const state = { attempts: [], cancelled: false, interrupted: false, commits: [], ended: Promise.resolve() };
    const entry: Entry = { ...what, ...state };
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

  /** The program ends, or the project is left: jobs stop, and what they owe is offered at the next start. */
  interruptAll(): void {
    for (const entry of this.#entries.values()) entry.interrupted = true;
    this.cancelAll();
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
    const isBehind = ({ state, index }: JobPicture) => state === "waiting" && !attempt.indices.includes(index);
    const later = entry.job.pictures.filter(isBehind).length;
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
    if (job.pictures.every(({ state }) => state !== "waiting")) return;
    const attempts = planAttempts(entry);
    entry.attempts = attempts;
    const listener: Listener = {
      onLoading: (loading) => this.#options.emit("loading", loading),
      jobs: attempts.map(({ id }) => id),
      onStep: (step) => this.onStep(step),
      onImage: (image) => this.onImage(image),
      onState: (state) => this.onState(state),
    };
    const scenes = await Promise.all(
      attempts.map(async ({ alternative: { scene } }) => (await this.#options.resolve?.(scene)) ?? scene),
    );
    const { store, keepEvery = KEEP_EVERY } = this.#options;
    const until = job.until === null ? {} : { until: job.until };
    await this.#options.engine.with(
      model,
      (api) =>
        sendAttempts({
          ...{ api, job, attempts, scenes },
          how: { previewEvery, attention, keepEvery, ...until },
          isCancelled: () => entry.cancelled,
          readState: (picture) => store.readState(placeOf(job, picture)),
          onUseless: (picture) => this.#dropState(entry, picture),
        }),
      listener,
    );
  }

  async #end(entry: Entry, outcome: RunOutcome): Promise<void> {
    const { job } = entry;
    await Promise.allSettled(entry.commits);
    const owed = job.pictures.filter(isOwed);
    const left = job.pictures.filter(({ state }) => state !== "done");
    for (const picture of owed) picture.state = outcome === "cancelled" ? "cancelled" : "failed";
    if (job.pictures.some(({ state }) => state === "failed")) outcome = "failed";
    else if (job.pictures.every(({ state }) => state === "cancelled")) outcome = "cancelled";
    try {
      await this.#changes.idle();
      await this.#putOnRecord(entry, outcome as Exclude<RunOutcome, "running">, left);
    } catch (error) {
      job.error ??= withoutStack(error);
    }
    job.outcome = outcome;
    job.waitsFor = null;
    entry.attempts = [];
    this.#tell(entry, owed);
  }

  /** What the project says of a job that has ended without the pictures `left`. */
  async #putOnRecord(entry: Entry, outcome: Exclude<RunOutcome, "running">, left: JobPicture[]): Promise<void> {
    const { job, isFinishing, interrupted } = entry;
    const { store } = this.#options;
    const goesOn = interrupted && left.length > 0;
    if (!goesOn && isFinishing && left.length > 0) {
      await store.wantFinished({ ids: left.flatMap(({ finishes }) => finishes ?? []), wanted: false });
    }
    if (!goesOn && !isFinishing) {
      // What failed may be tried again from where it was; what nobody wants any more, not.
      for (const picture of left) if (picture.state === "cancelled") await this.#dropState(entry, picture);
    }
    if (isFinishing) return; // its run has ended long ago
    const message = goesOn ? INTERRUPTED : (job.error?.message ?? null);
    await store.endRun({ runId: job.runId, outcome, message });
  }

  /** Kept while the picture is drawn: an end of the program costs no more than what came after. */
  onState({ jobId, index, step, state }: StateEvent): void {
    const found = this.#find(jobId, index);
    if (!found || !isOwed(found.picture)) return;
    const { entry, picture } = found;
    entry.stated.add(picture.index);
    const kept = this.#changes
      .idle()
      .then(() => this.#options.store.keepState({ ...placeOf(entry.job, picture), step, state }));
    kept.catch((error: unknown) => this.#options.note?.(`a state was not kept: ${withoutStack(error).message}`));
  }

  async #dropState({ job, stated }: Entry, picture: JobPicture): Promise<void> {
    if (stated.delete(picture.index)) await this.#options.store.dropState(placeOf(job, picture));
  }

  async #commit(entry: Entry, picture: JobPicture, image: GeneratedImage): Promise<void> {
    const { job } = entry;
    const { seed, pixels, seconds, obedience, attention, state } = image;
    const sha256 = this.#options.sha256Of?.(entry.model);
    const { model } = image.record;
    const record = {
      ...image.record,
      ...(picture.alternative === undefined ? {} : { alternative: picture.alternative }),
      ...(sha256 === undefined ? {} : { model: { ...model, sha256 } }),
    };
    const made = { seed, pixels, seconds, record, attention };
    const drawn: NewResult = { runId: job.runId, ...made, ...(state ? { state } : {}) };
    try {
      picture.result =
        picture.finishes === undefined
          ? await keepResult(this.#options.store, job, drawn)
          : await this.#options.store.finishResult({ id: picture.finishes, ...made });
      picture.state = "done";
      const { result, index } = picture;
      this.#options.emit("image", { jobId: job.jobId, index, seed, result, obedience, attention });
    } catch (error) {
      picture.state = "failed";
      job.error ??= withoutStack(error);
      // A scouted one is still there, and can be finished again.
      if (picture.finishes === undefined && isAppError(error, "project-invalid"))
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
