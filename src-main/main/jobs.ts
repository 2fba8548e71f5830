/**
 * The jobs of one window, between engine and store: a run is put on record before it is drawn, and a picture is in the project before
 * the window hears of it, so that neither a dead window nor a dead service loses one. Pictures are drawn one by one, in the order of the
 * queue, in turn with other windows. One that the engine's death cut off is drawn again, once; what the picture in work goes on from is
 * kept every few seconds, and whenever it is stopped.
 */
import { randomUUID } from "node:crypto";
import type { LoadRequest } from "../api/engine.ts";
import { expandScene } from "../scene/alternatives.ts";
import type { Scene } from "../scene/scene.ts";
import type { DrawRequest, HowToDraw, Job, JobPicture, MainEvents, PlacedAt, QueueState } from "../api/main.ts";
import { formatSeeds } from "../scene/seeds.ts";
import type { PictureChoice, ResultInfo, RunOutcome, StoreApi } from "../api/store.ts";
import type { Client } from "../wire/rpc.ts";
import { withoutStack } from "./calls.ts";
import type { Engine } from "../engine/host.ts";
import { isInPool } from "../api/poolCalls.ts";
import type { PoolHost } from "../pool/host.ts";
import type { DrawingTurns } from "../service/drawingTurns.ts";
import { JobCommits, type CommitStore } from "./jobCommits.ts";
import { type Entry, isOwed } from "./jobEntry.ts";
import { JobPool, refuseScouting } from "./jobPool.ts";
import { choiceKey, finishingPictures, owedPictures, picturesOf } from "./jobPictures.ts";
import { QueueOrder } from "./queueOrder.ts";
import { type Estimate, Times } from "./jobTimes.ts";
import { JobWork } from "./jobWork.ts";
import type { Unkept } from "./unkept.ts";

type StoreCalls = CommitStore &
  Pick<
    Client<StoreApi>,
    | "beginRun"
    | "readRun"
    | "readResult"
    | "resumeRun"
    | "unfinishedRuns"
    | "readQueue"
    | "wantFinished"
    | "readPooled"
    | "setPooled"
  >;

export interface JobsOptions {
  engine: Pick<Engine, "with" | "cancel" | "nameOf">;
  store: StoreCalls;
  /** What draws checkpoints of a pool. */
  pool?: Pick<PoolHost, "draw" | "drop" | "isKnown" | "read">;
  /** Of all windows; by default this one has the engine for itself. */
  turns?: DrawingTurns;
  estimate?: Estimate;
  /** Titles of projects that draw in turn with this one. */
  others?: () => string[];
  /** SHA-256 of a checkpoint's network, where it is known. */
  sha256Of?: (model: LoadRequest) => string | undefined;
  /** The scene as the engine takes it, with the files of its LoRAs. */
  resolve?: (scene: Scene) => Promise<Scene>;
  /** What a person need not act on. */
  note?: (message: string) => void;
  /** Seconds between two states of the picture in work. */
  keepEvery?: number;
  emit: <Name extends "loading" | "step" | "image" | "begun" | "job" | "queue">(
    name: Name,
    payload: MainEvents[Name],
  ) => void;
}

/** Previews of a picture that a pool goes on with. */
const PREVIEWS = 12;
/** Ended jobs that a reloaded window is told of, and their pictures in all. */
const REMEMBERED = { jobs: 50, pictures: 10_000 };

export class Jobs {
  readonly #options: JobsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #commits: JobCommits;
  readonly #order = new QueueOrder();
  readonly #times: Times;
  readonly #work: JobWork;
  readonly #pool: JobPool | undefined;
  /** The program ends, or the project is left: its order is kept as it is. */
  #isLeaving = false;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#times = new Times(options.estimate);
    this.#commits = new JobCommits({
      ...{ store: options.store, sha256Of: options.sha256Of, note: options.note },
      onImage: (image) => options.emit("image", image),
      onChange: (entry, pictures) => this.#tell(entry, pictures),
    });
    this.#work = new JobWork({
      ...{ options, order: this.#order, times: this.#times, commits: this.#commits },
      tell: (entry, pictures) => this.#tell(entry, pictures),
      onFree: (entry) => {
        this.#askTimes();
        this.#endIfDone(entry);
      },
      onKilled: () => this.cancelDrawnByEngines(),
    });
    const { pool, store, resolve = (scene: Scene) => Promise.resolve(scene), emit } = options;
    this.#pool =
      pool &&
      new JobPool({
        ...{ pool, store, resolve, emit, order: this.#order, times: this.#times, commits: this.#commits },
        tell: (entry, pictures) => this.#tell(entry, pictures),
        onFree: (entry) => this.#endIfDone(entry),
      });
  }

  /** Drawn, and not in the project yet. */
  get unkept(): Unkept {
    return this.#commits.unkept;
  }

  list(): Job[] {
    return [...this.#entries.values()].map(({ job }) => structuredClone(job));
  }

  get areRunning(): boolean {
    return this.#running.length > 0;
  }

  /** Something is drawn, or waits for nothing but its turn. */
  get areDrawing(): boolean {
    return this.#work.isBusy || this.#order.next() !== undefined;
  }

  get queue(): QueueState {
    const known = this.#running.filter(({ secondsEach }) => secondsEach !== undefined);
    const seconds = Object.fromEntries(known.map(({ job, secondsEach }) => [job.jobId, secondsEach!]));
    return { ...this.#order.told(), seconds, others: this.#options.others?.() ?? [] };
  }

  /** Takes up the order in which the queue of the project stood when it was left. */
  async restoreQueue(): Promise<void> {
    const { store } = this.#options;
    const saved = await store.readQueue();
    const unfinished = new Set((await store.unfinishedRuns()).map(({ id }) => id));
    const places = saved.places.filter(({ run }) => unfinished.has(run));
    this.#order.restore({ paused: saved.paused && places.length > 0, places });
  }

  /** Asks again for what a pool owed when the project was left, and collects what it has drawn since: without being told to. */
  async collect(): Promise<void> {
    const { store, pool, note } = this.#options;
    if (!pool) return;
    for (const { id: runId, scene } of await store.unfinishedRuns()) {
      const pooled = await store.readPooled({ runId });
      if (!pooled) continue;
      await pool.read();
      if (!pool.isKnown(pooled.model)) continue; // it is offered like any other
      const { steps } = scene.settings;
      const how = { model: pooled.model, previewEvery: Math.max(1, Math.round(steps / PREVIEWS)), attention: true };
      await this.resume({ runId, ...how }).catch((error: unknown) => {
        note?.(`what a pool owes of run ${runId} was not asked for again: ${withoutStack(error).message}`);
      });
    }
  }

  async begin(
    { scene, seeds, only, until, origin, ...how }: DrawRequest,
    waitsFor: string | null = null,
  ): Promise<Job> {
    refuseScouting(isInPool(how.model), until);
    const pictures = picturesOf(expandScene(scene), seeds, only);
    const run = await this.#options.store.beginRun({
      scene,
      model: this.#options.engine.nameOf(how.model),
      asked: pictures.length,
      seeds: formatSeeds(seeds),
      ...(until === undefined ? {} : { until }),
      ...(origin === undefined ? {} : { origin }),
    });
    return this.#start({ id: run.id, scene, until: until ?? null }, { pictures }, how, waitsFor);
  }

  /** Finishes scouted results, which is on record before it is begun: a job for each of their runs. */
  async finish({ ids, ...how }: HowToDraw & { ids: number[] }, waitsFor: string | null = null): Promise<Job[]> {
    const { store } = this.#options;
    const wanted = new Set(ids);
    for (const { finishes } of this.#running.flatMap(({ job }) => job.pictures.filter(isOwed))) {
      if (finishes !== undefined) wanted.delete(finishes);
    }
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

  /** Goes on with what a run owes, or of that with `only`, from where its pictures were. */
  async resume(
    { runId, only, ...how }: HowToDraw & { runId: number; only?: PictureChoice[] },
    waitsFor: string | null = null,
  ): Promise<Job[]> {
    const { store } = this.#options;
    const running = this.#running.find(({ job, isFinishing }) => job.runId === runId && !isFinishing);
    if (running) {
      if (only) this.#bringBack(running, only);
      return [];
    }
    const finishing = (await store.unfinishedRuns()).find(({ id }) => id === runId)?.finishing ?? [];
    const jobs: Job[] = [];
    const { missing, until } = await store.readRun({ id: runId });
    const wanted = only && new Set(only.map(choiceKey));
    const owed = missing.filter((picture) => wanted?.has(choiceKey(picture)) ?? true);
    if (owed.length > 0) {
      refuseScouting(isInPool(how.model), until);
      if (!isInPool(how.model)) await store.setPooled({ runId, pooled: null }); // from now on it is drawn elsewhere
      const run = await store.resumeRun({ id: runId });
      jobs.push(this.#start(run, owedPictures({ ...run, missing: owed }), how, waitsFor));
    }
    return only ? jobs : [...jobs, ...(await this.finish({ ids: finishing, ...how }, waitsFor))];
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
    const inPool = isInPool(model);
    const what = {
      job,
      model,
      ...how,
      alternatives: expandScene(scene),
      stated,
      alone: new Set<number>(),
      isFinishing,
      inPool,
    };
    const state = { cancelled: false, interrupted: false, isEnding: false, deaths: 0, secondsEach: undefined };
    const entry: Entry = { ...what, ...state, commits: [], ended: Promise.withResolvers() };
    this.#isLeaving = false;
    this.#entries.set(job.jobId, entry);
    this.#forgetOld();
    this.#options.emit("begun", structuredClone(job));
    this.#order.add(entry);
    this.#onOrder();
    this.#askTimes();
    return structuredClone(job);
  }

  /** Within one step; what was done of a picture is kept until the project is closed, should it be brought back. */
  cancel({ jobId, index }: { jobId: string; index?: number }): void {
    const entry = this.#entries.get(jobId);
    if (entry?.job.outcome !== "running") return; // what is done stays done
    const chosen = entry.job.pictures.filter(
      (picture) => (index === undefined || picture.index === index) && isOwed(picture),
    );
    for (const picture of chosen) picture.state = "cancelled";
    if (!entry.job.pictures.some(isOwed)) entry.cancelled = true;
    this.#work.stopIf((current) => current.entry === entry && chosen.includes(current.picture));
    this.#tell(entry, chosen);
    this.#onOrder();
    this.#endIfDone(entry);
  }

  cancelAll(): void {
    for (const jobId of this.#entries.keys()) this.cancel({ jobId });
  }

  /** The engine is ended by force; a pool has engines of its own. */
  cancelDrawnByEngines(): void {
    for (const [jobId, { inPool }] of this.#entries) if (!inPool) this.cancel({ jobId });
  }

  /** The program ends, or the project is left: jobs stop, and what they owe is offered at the next start. */
  interruptAll(): void {
    this.#remember();
    this.#isLeaving = true;
    for (const entry of this.#entries.values()) entry.interrupted = true;
    this.cancelAll();
  }

  /** Nothing is drawn until it goes on; the picture in work stops where it is, and goes on there. */
  pause(paused: boolean): void {
    this.#order.paused = paused;
    this.#onOrder();
  }

  /** Holds a job, or one picture of it, or lets it go on. */
  hold(what: PlacedAt, held: boolean): void {
    this.#order.hold(what, held);
    this.#onOrder();
  }

  /** Puts a job, or one picture of it, before a place of the queue; null puts it to the end. */
  move(what: PlacedAt, before: string | null): void {
    this.#order.move(what, before);
    this.#onOrder();
  }

  /** Nobody wants to go on with a run of the last session. */
  leave(runId: number): void {
    this.#order.forgetRun(runId);
    this.#remember();
  }

  /** Resolves when no job runs any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ ended }) => ended.promise));
  }

  /** Does `change` while no picture is on its way to the store. */
  paused<T>(change: () => Promise<T>): Promise<T> {
    return this.#commits.paused([...this.#entries.values()], change);
  }

  /** Another project: its window starts without jobs. */
  clear(): void {
    this.#entries.clear();
    this.#order.clear();
    this.#pool?.clear();
  }

  get #running(): Entry[] {
    return [...this.#entries.values()].filter(({ job }) => job.outcome === "running");
  }

  /** The order is another one, or what is held: the picture in work may have to stop, and another one may go on. */
  #onOrder(): void {
    this.#work.stopIf((current) => this.#order.isHeld(current));
    this.#tellQueue();
    this.#remember();
    this.#pool?.goOn();
    void this.#work.goOn();
  }

  /** Pictures that were cancelled, and are wanted after all. */
  #bringBack(entry: Entry, wanted: readonly PictureChoice[]): void {
    const keys = new Set(wanted.map(choiceKey));
    const back = entry.job.pictures.filter((one) => one.state === "cancelled" && keys.has(choiceKey(one)));
    entry.cancelled = false;
    for (const picture of back) picture.state = "waiting";
    this.#tell(entry, back);
    this.#onOrder();
  }

  #endIfDone(entry: Entry): void {
    const isInWork =
      this.#work.isOn(entry) || this.#pool?.isOn(entry) || entry.job.pictures.some(({ state }) => state === "waiting");
    if (isInWork || entry.isEnding) return;
    entry.isEnding = true;
    void this.#end(entry).finally(() => entry.ended.resolve());
  }

  async #end(entry: Entry): Promise<void> {
    const { job } = entry;
    await Promise.allSettled(entry.commits);
    const left = job.pictures.filter(({ state }) => state !== "done");
    const isFailed = job.error !== null || left.some(({ state }) => state === "failed");
    const isCancelled = entry.cancelled || left.length === job.pictures.length;
    const outcome: Exclude<RunOutcome, "running"> = isFailed ? "failed" : isCancelled ? "cancelled" : "done";
    try {
      await this.#commits.end(entry, outcome, left);
    } catch (error) {
      job.error ??= withoutStack(error);
    }
    job.outcome = outcome;
    job.waitsFor = null;
    this.#order.remove(entry);
    this.#tell(entry, []);
    this.#tellQueue();
    this.#remember();
  }

  /** `pictures`: those whose state is another one. */
  #tell({ job: { jobId, outcome, error, waitsFor } }: Entry, pictures: readonly JobPicture[]): void {
    const changed = pictures.map(({ index, state, result }) => ({ index, state, result }));
    this.#options.emit("job", { jobId, outcome, error, waitsFor, pictures: changed });
  }

  #tellQueue(): void {
    this.#options.emit("queue", this.queue);
  }

  /** The order survives the program's end. */
  #remember(): void {
    if (this.#isLeaving) return;
    this.#commits.queue(this.#order.saved()).catch((error: unknown) => {
      this.#options.note?.(`the queue's order was not kept: ${withoutStack(error).message}`);
    });
  }

  #askTimes(): void {
    this.#times.ask(this.#running).then(
      (isNew) => isNew && this.#tellQueue(),
      (error: unknown) => this.#options.note?.(`what drawing takes is not known: ${withoutStack(error).message}`),
    );
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
