/** A worker of a pool: takes a job, draws it, takes the next, until it is stopped. It comes to the pool; nobody has to reach it. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { messageOf } from "../wire/errors.ts";
import { plainLine } from "../wire/plainLine.ts";
import { tellAbout } from "./about.ts";
import { chooseOffer, PATIENCE, STAY } from "./choice.ts";
import type { Drawer } from "./drawing.ts";
import { channels } from "./keys.ts";
import { callSchema, FORM, type Presence, readIfSound } from "./messages.ts";
import { oneAtATime } from "./oneAtATime.ts";
import { readPresences, removePresence, writePresence } from "./presence.ts";
import { doJob, type JobEnd } from "./workerJob.ts";
import { WorkerQueues } from "./workerQueues.ts";

export interface WorkerOptions {
  redis: Redis;
  /** What others call it: its computer's name, where nobody says otherwise. */
  name: string;
  app: string;
  drawer: Drawer;
  /** A line for whoever watches it. */
  say: (line: string) => void;
  times?: Partial<WorkerTimes>;
}

/** Milliseconds; `keepEvery` in seconds. */
export interface WorkerTimes {
  lock: number;
  lookEvery: number;
  presenceEvery: number;
  keepEvery: number;
  /** How long it waits for a call before it looks by itself. */
  idle: number;
  stay: number;
  patience: number;
}

const TIMES: WorkerTimes = {
  ...{
    lock: 15_000,
    lookEvery: 7_500,
    presenceEvery: 5_000,
    keepEvery: 10,
    idle: 5_000,
    stay: STAY,
    patience: PATIENCE,
  },
};

/** Milliseconds until a checkpoint that could not be fetched is tried again: it may have been gigabytes. */
const FETCH_AGAIN = 10 * 60_000;

export class PoolWorker {
  readonly id = randomUUID();
  readonly #options: WorkerOptions;
  readonly #times: WorkerTimes;
  readonly #queues: WorkerQueues;
  readonly #listener: Redis;
  readonly #leaving = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #asked = new AbortController();
  #open: string | undefined;
  #openSince = 0;
  #idleSince = performance.now();
  #drawing: Presence["drawing"] = null;
  #unwanted: AbortController | undefined;
  #done = 0;
  #failed = 0;
  #secondsEach: number | undefined;
  #others: readonly Presence[] = [];
  #notes: string[] = [];
  /** Checkpoints that it has told what they are. */
  readonly #toldAbout = new Set<string>();
  #fetchNote: string | undefined;
  #isFetching = false;
  /** When a checkpoint that could not be fetched is tried again, by hash. */
  readonly #notBefore = new Map<string, number>();
  #lastProblem = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions) {
    // Names of jobs and checkpoints, and why others failed, are written by whoever can write to the pool.
    this.#options = { ...options, say: (line) => options.say(plainLine(line)) };
    this.#times = { ...TIMES, ...options.times };
    const { redis, name } = options;
    this.#queues = new WorkerQueues(redis, name, this.#times, (problem) => this.#onProblem(problem));
    this.#listener = redis.duplicate();
    this.#listener.on("error", () => undefined); // the other connection says it
  }

  /** Resolves when it listens; it works from then on. */
  async start(): Promise<void> {
    this.#listener.on("message", (_channel, json) => this.#onCall(json));
    await this.#listener.subscribe(channels.workers);
    await this.#queues.watch(this.#options.drawer.models());
    await this.#tell();
    const tell = oneAtATime(() => this.#tell().catch((error: unknown) => this.#onProblem(messageOf(error))));
    const ping = oneAtATime(() => this.#listener.ping().catch(() => undefined)); // a silent network shows by this
    this.#timer = setInterval(() => {
      tell();
      ping();
    }, this.#times.presenceEvery);
    this.#loop = this.#work();
  }

  /** Stops where the picture in work is; another worker goes on there. */
  async stop(): Promise<void> {
    this.#leaving.abort();
    this.#asked.abort();
    await this.#loop;
    clearInterval(this.#timer);
    await removePresence(this.#options.redis, this.id).catch(() => undefined);
    await this.#queues.close();
    this.#listener.disconnect();
  }

  async #work(): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      try {
        if (!(await this.#doNext())) await this.#wait();
      } catch (error) {
        this.#onProblem(messageOf(error));
        await sleep(1_000, undefined, { signal: this.#leaving.signal }).catch(() => undefined);
      }
    }
  }

  /** Takes a job where there is one; false where there is none. */
  async #doNext(): Promise<boolean> {
    const { drawer, redis, name, app } = this.#options;
    this.#asked = new AbortController(); // what is asked for from now on is seen, or wakes it
    const openBy = new Map<string, number>();
    for (const { open } of this.#others) if (open !== null) openBy.set(open, (openBy.get(open) ?? 0) + 1);
    const offers = await this.#queues.offers(drawer.models(), openBy);
    const now = performance.now();
    const [openFor, idleFor] = [now - this.#openSince, now - this.#idleSince];
    const { stay, patience } = this.#times;
    const hash = chooseOffer(offers, { open: this.#open, openFor, idleFor, stay, patience });
    if (hash === undefined) return false;
    const token = randomUUID();
    const bull = await this.#queues.take(hash, token);
    if (!bull) return offers.some((offer) => offer.waiting > 0 && offer.hash !== hash);
    if (this.#open !== hash) [this.#open, this.#openSince] = [hash, performance.now()];
    const begun = performance.now();
    const end = await doJob(bull, token, {
      ...{ redis, name, app, draw: drawer.draw, lock: this.#times.lock, keepEvery: this.#times.keepEvery },
      leaving: this.#leaving.signal,
      onBegin: ({ run, seed, user }, { model, scene }, unwanted) => {
        this.#unwanted = unwanted;
        const { steps } = scene.settings;
        this.#drawing = { ...{ job: bull.id!, run, seed, user, model: model.name, step: 0, steps } };
        void this.#tell().catch((error: unknown) => this.#onProblem(messageOf(error)));
      },
      onStep: ({ step, steps }) => {
        if (this.#drawing) this.#drawing = { ...this.#drawing, step, steps };
      },
      onProblem: (problem) => this.#onProblem(problem),
    }).finally(() => {
      this.#drawing = null;
      this.#unwanted = undefined;
    });
    this.#idleSince = performance.now();
    this.#note(bull.id!, end, (this.#idleSince - begun) / 1_000);
    return true;
  }

  #note(job: string, end: JobEnd, seconds: number): void {
    const { say } = this.#options;
    if (end.kind === "done") {
      this.#done++;
      this.#secondsEach = this.#secondsEach === undefined ? seconds : 0.8 * this.#secondsEach + 0.2 * seconds;
      say(`${job}: drawn in ${seconds.toFixed(1)} s`);
    } else if (end.kind === "failed") {
      this.#failed++;
      say(`${job}: ${end.why}${end.isFinal ? "" : " It is tried again."}`);
    } else {
      const words = { unwanted: "cancelled", left: "left for another worker", lost: "another worker has it by now" };
      say(`${job}: ${words[end.kind]}`);
    }
  }

  /** Until somebody asks for something, or it is time to look. */
  async #wait(): Promise<void> {
    void this.#fetchMissing();
    const { idle } = this.#times;
    // Not all at once: many workers look for many models.
    const time = idle * (0.75 + 0.5 * Math.random());
    await sleep(time, undefined, { signal: this.#asked.signal }).catch(() => undefined);
  }

  #onCall(json: string): void {
    const call = readIfSound(callSchema, json);
    if (call?.kind === "asked") this.#asked.abort();
    if (call?.kind !== "unwanted" || this.#drawing?.run !== call.run) return;
    if (call.job === null || call.job === this.#drawing.job) this.#unwanted?.abort();
  }

  /** Says that it is there, and looks who else is. */
  async #tell(): Promise<void> {
    const { redis, name, app, drawer } = this.#options;
    await this.#lookAtOthersJobs();
    const presence: Presence = {
      ...{
        form: FORM,
        id: this.id,
        name,
        app,
        device: drawer.device,
        models: drawer.models().map(({ hash, name: model }) => ({ hash, name: model })),
      },
      ...{ open: this.#open ?? null, drawing: this.#drawing, done: this.#done, failed: this.#failed },
      ...{ secondsEach: this.#secondsEach ?? null, notes: this.#notes.map((note) => note.slice(0, 500)) },
    };
    if (this.#leaving.signal.aborted) return;
    for (const { hash } of presence.models) {
      const about = this.#toldAbout.has(hash) ? undefined : drawer.about?.(hash);
      if (about) await tellAbout(redis, hash, about);
      this.#toldAbout.add(hash);
    }
    await writePresence(redis, presence);
    this.#others = (await readPresences(redis)).filter((one) => {
      return one.id !== this.id && one.form === FORM && one.silent < 3 * this.#times.presenceEvery;
    });
  }

  /** What waits that this worker cannot draw: it says so. */
  async #lookAtOthersJobs(): Promise<void> {
    const { drawer } = this.#options;
    const here = new Set(drawer.models().map(({ hash }) => hash));
    const notes: string[] = [];
    for (const { form, hash, name, app } of await this.#queues.asked()) {
      if (notes.length >= 19) break;
      if (form === FORM && here.has(hash)) continue;
      const waiting = await this.#queues.waiting(hash, form);
      if (waiting === 0) continue;
      const jobs = `${waiting} ${waiting === 1 ? "picture waits" : "pictures wait"}`;
      if (form !== FORM) {
        notes.push(
          `${jobs} for ${name} that Diorama ${app} asked for, which this worker's version (${this.#options.app}) cannot read. Update the older one.`,
        );
      } else notes.push(`${jobs} for ${name}, which is not on this worker.`);
    }
    const said = new Set(this.#notes);
    this.#notes = [...notes, ...(this.#fetchNote === undefined ? [] : [this.#fetchNote])];
    for (const note of notes) if (!said.has(note)) this.#options.say(note);
  }

  /** Gets a checkpoint that is asked for and not here, where that is allowed. */
  async #fetchMissing(): Promise<void> {
    const { drawer, say } = this.#options;
    if (!drawer.fetch || this.#isFetching) return;
    this.#isFetching = true;
    try {
      const here = new Set(drawer.models().map(({ hash }) => hash));
      for (const { form, hash, name, repo } of await this.#queues.asked()) {
        if (form !== FORM || here.has(hash) || performance.now() < (this.#notBefore.get(hash) ?? 0)) continue;
        if ((await this.#queues.waiting(hash)) === 0) continue;
        try {
          const note = (text: string) => (this.#fetchNote = text);
          await drawer.fetch({ hash, name, ...(repo === undefined ? {} : { repo }) }, note);
          this.#fetchNote = undefined;
          this.#asked.abort();
        } catch (error) {
          // The others may be there all the same.
          this.#notBefore.set(hash, performance.now() + FETCH_AGAIN);
          this.#fetchNote = messageOf(error);
          say(this.#fetchNote);
        }
      }
    } catch (error) {
      this.#onProblem(messageOf(error));
    } finally {
      this.#isFetching = false;
    }
  }

  #onProblem(problem: string): void {
    if (problem === this.#lastProblem || this.#leaving.signal.aborted) return;
    this.#lastProblem = problem;
    this.#options.say(problem);
  }
}
