/**
 * The jobs of one window, between engine and store: a run is put on record before it is drawn, and a picture is in the project before
 * the window hears of it, so that neither a dead window nor a dead service loses one. A job that the engine's death cut off goes on
 * with the pictures it still owes, once.
 */
import { randomUUID } from "node:crypto";
import type { EngineEvents, GeneratedImage, LoadRequest, StepEvent } from "../api/engine.ts";
import { AppError, isAppError } from "../api/errors.ts";
import type { DrawRequest, Job, JobPicture, MainEvents } from "../api/main.ts";
import type { Client } from "../api/rpc.ts";
import type { NewResult, ResultInfo, RunOutcome, StoreApi } from "../api/store.ts";
import { withoutStack } from "./calls.ts";
import type { SharedEngine } from "./sharedEngine.ts";
import { Unkept } from "./unkept.ts";

export interface JobsOptions {
  engine: Pick<SharedEngine, "with" | "cancel" | "nameOf">;
  store: Pick<Client<StoreApi>, "beginRun" | "addResult" | "endRun" | "listResults">;
  /** SHA-256 of a checkpoint's network, where it is known. */
  sha256Of?: (model: LoadRequest) => string | undefined;
  emit: <Name extends "step" | "image" | "begun" | "job">(name: Name, payload: MainEvents[Name]) => void;
}

/** One request to the engine: the whole job, or what was left of it after a crash. */
interface Attempt {
  id: string;
  entry: Entry;
  /** The job's picture by index of the attempt. */
  indices: number[];
}

interface Entry {
  job: Job;
  model: LoadRequest;
  previewEvery: number;
  attention: boolean;
  attempt?: Attempt;
  cancelled: boolean;
  commits: Promise<void>[];
  ended: Promise<void>;
}

/** Times that a job is begun again after the engine died under it. A scene that kills the engine must not do so for ever. */
const RESTARTS = 1;
/** Times that a picture is handed to the store again after that died. */
const COMMIT_RETRIES = 3;
/** Ended jobs that a reloaded window is told of, and their pictures in all. */
const REMEMBERED = { jobs: 50, pictures: 10_000 };

export class Jobs {
  readonly #options: JobsOptions;
  readonly #entries = new Map<string, Entry>();
  /** Held while the project changes its file: commits wait. */
  #gate: Promise<unknown> = Promise.resolve();
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
    const { scene, seeds, previewEvery, attention } = request;
    const run = await this.#options.store.beginRun({
      scene,
      model: this.#options.engine.nameOf(model),
      asked: seeds.length,
    });
    const pictures: JobPicture[] = seeds.map((seed, index) => ({ seed, index, state: "waiting", result: null }));
    const state = { outcome: "running", error: null, waitsFor } as const;
    const job: Job = { jobId: randomUUID(), runId: run.id, scene, model, ...state, pictures };
    const entry = { job, model, previewEvery, attention, cancelled: false, commits: [], ended: Promise.resolve() };
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
    const { attempt } = entry;
    // Not through `with`: cancelling does not wait for its turn.
    if (attempt && entry.cancelled) this.#options.engine.cancel({ jobId: attempt.id });
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
    const changed = this.#gate.then(() => Promise.allSettled(commits)).then(change);
    this.#gate = changed.catch(() => undefined);
    return changed;
  }

  /** Another project: its window starts without jobs. */
  clear(): void {
    this.#entries.clear();
  }

  /** A step of any window's job; those of others are not ours to tell. */
  onStep(step: StepEvent): void {
    const found = this.#find(step.jobId, step.index);
    if (!found) return;
    const { entry, picture } = found;
    if (picture.state === "waiting") {
      picture.state = "drawing";
      entry.job.waitsFor = null;
      this.#tell(entry, [picture]);
    }
    this.#options.emit("step", { ...step, jobId: entry.job.jobId, index: picture.index });
  }

  onImage(image: EngineEvents["image"]): void {
    const found = this.#find(image.jobId, image.index);
    if (!found) return;
    const gate = this.#gate;
    // One after the other: results are listed in the order in which they were drawn.
    this.#lastCommit = this.#lastCommit.then(() => gate).then(() => this.#commit(found.entry, found.picture, image));
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
    const attempt: Attempt = { id: randomUUID(), entry, indices: owed.map(({ index }) => index) };
    entry.attempt = attempt;
    await this.#options.engine.with(model, (api) => {
      if (entry.cancelled) throw new AppError("cancelled", "Cancelled before the first picture.", {});
      const seeds = owed.map(({ seed }) => seed);
      const drawn = api.generate({ jobId: attempt.id, scene: job.scene, seeds, previewEvery, attention });
      // Cancelled while the checkpoint was being opened.
      for (const [index, picture] of owed.entries()) {
        if (picture.state === "cancelled") void api.cancel({ jobId: attempt.id, index });
      }
      return drawn;
    });
  }

  async #end(entry: Entry, outcome: RunOutcome): Promise<void> {
    const { job } = entry;
    await Promise.allSettled(entry.commits);
    const owed = job.pictures.filter(isOwed);
    for (const picture of owed) picture.state = outcome === "cancelled" ? "cancelled" : "failed";
    if (job.pictures.some(({ state }) => state === "failed")) outcome = "failed";
    else if (job.pictures.every(({ state }) => state === "cancelled")) outcome = "cancelled";
    try {
      await this.#gate;
      const ended = { runId: job.runId, outcome: outcome as Exclude<RunOutcome, "running"> };
      await this.#options.store.endRun({ ...ended, message: job.error?.message ?? null });
    } catch (error) {
      job.error ??= withoutStack(error);
    }
    job.outcome = outcome;
    job.waitsFor = null;
    delete entry.attempt;
    this.#tell(entry, owed);
  }

  async #commit(entry: Entry, picture: JobPicture, image: GeneratedImage): Promise<void> {
    const { job } = entry;
    const { seed, pixels, seconds, obedience, attention } = image;
    const sha256 = this.#options.sha256Of?.(entry.model);
    const { model } = image.record;
    const record = sha256 === undefined ? image.record : { ...image.record, model: { ...model, sha256 } };
    const drawn: NewResult = { runId: job.runId, seed, pixels, seconds, record, attention };
    try {
      picture.result = await this.#keep(job, drawn);
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

  /** Hands a picture to the store; again if that dies over it, unless it was kept already. */
  async #keep(job: Job, result: Parameters<Client<StoreApi>["addResult"]>[0]): Promise<ResultInfo> {
    const { store } = this.#options;
    for (let tries = 0; ; tries++) {
      try {
        return await store.addResult(result);
      } catch (error) {
        if (!isAppError(error, "service-crashed") || tries === COMMIT_RETRIES) throw error;
      }
      const query = { runId: result.runId, order: "newest", offset: 0, limit: 500 } as const;
      const { results } = await store.listResults(query).catch(() => ({ results: [] as ResultInfo[] }));
      const known = new Set(job.pictures.flatMap((picture) => picture.result?.id ?? []));
      const kept = results.find(({ seed, id }) => seed === result.seed && !known.has(id));
      if (kept) return kept;
    }
  }

  #cancelOne({ attempt }: Entry, index: number): void {
    const place = attempt?.indices.indexOf(index) ?? -1;
    if (attempt && place >= 0) this.#options.engine.cancel({ jobId: attempt.id, index: place });
  }

  #find(attemptId: string, index: number): { entry: Entry; picture: JobPicture } | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.attempt?.id !== attemptId) continue;
      const picture = entry.job.pictures[entry.attempt.indices[index] ?? -1];
      if (picture) return { entry, picture };
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
