/**
 * The engine's work, one thing at a time in order of arrival: opening and closing checkpoints, and jobs, each of which draws
 * one picture per seed. Between two steps the event loop gets a turn, so a cancellation takes effect within one step.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AttentionMaps, EngineEvents, GenerateRequest, Pixels, RunRecord } from "../api/engine.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { settingsDrawn } from "../scene/start.ts";
import { Turns } from "../wire/turns.ts";
import { type Seat, seatsFor } from "./company.ts";
import type { Estimator } from "./estimate.ts";
import { heard } from "./heard.ts";
import { glanceAtState } from "./pictureState.ts";

/** What a pipeline tells after each step of a picture. */
export interface PipelineStep {
  step: number;
  steps: number;
  obedience: Record<string, number>;
  loss?: number;
  preview?: Pixels;
  attention?: AttentionMaps;
  /** What the rest of the picture follows from. */
  state: () => Uint8Array<ArrayBuffer>;
}

export interface PictureOptions {
  previewEvery: number;
  attention: boolean;
  signal: AbortSignal;
  /** Stop after so many steps, with what is foreseen there. */
  until?: number;
  /** The picture that the scene goes on from. */
  start?: Pixels;
  /** Go on from this state. */
  from?: Uint8Array;
  /** Go on from where an earlier picture was the same, and let later ones do so. */
  sharesBeginning?: boolean;
  /** The picture's place among others of its scene that are drawn side by side. */
  seat?: Seat;
  onStep: (step: PipelineStep) => void | Promise<void>;
}

export interface Picture {
  pixels: Pixels;
  obedience: Record<string, number>[];
  attention: AttentionMaps;
  seconds: number;
  record: RunRecord;
  /** Of a scouted picture. */
  state?: Uint8Array<ArrayBuffer>;
  /** Steps that it took over from an earlier one. */
  shared?: number;
}

/** Draws one picture. */
export type Draw = (scene: Scene, seed: Seed, options: PictureOptions) => Promise<Picture>;

/** What draws the pictures of a job: a pipeline, with the times it has shown so far. */
export interface Drawer {
  draw: Draw;
  /** How many pictures of a scene to draw side by side; one where left out. */
  atOnce?: (scene: Scene) => Promise<number>;
  estimator: Estimator;
  /** Called when the estimator knows the time of another whole picture. */
  onTimed?: () => void;
}

type Job = GenerateRequest & { jobId: string };
type Emit = <Name extends keyof EngineEvents>(name: Name, payload: EngineEvents[Name]) => void;

interface Entry {
  job: Job;
  /** Seeds that nobody wants any more. */
  dropped: Set<number>;
  allDropped: boolean;
  finished: number;
  /** The pictures being drawn, one or several side by side. */
  current: Set<Current>;
}

interface Current {
  index: number;
  controller: AbortController;
  /** It has done a step: there is something to keep. */
  hasBegun: boolean;
  /** It stops after this step, with its state. */
  keeps: boolean;
}

export class Queue {
  readonly #emit: Emit;
  readonly #now: () => number;
  readonly #jobs = new Map<string, Entry>();
  readonly #turns = new Turns();

  constructor(emit: Emit, now: () => number = () => performance.now() / 1_000) {
    this.#emit = emit;
    this.#now = now;
  }

  /** Does `task` when all that was asked for earlier is done. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#turns.take(task);
  }

  /** Draws a job's pictures with what `open` gives when its turn comes; resolves when the last one is drawn. */
  async generate(job: Job, open: () => Drawer): Promise<{ finished: number }> {
    if (this.#jobs.has(job.jobId)) {
      throw new AppError("bad-request", `There already is a job "${job.jobId}".`, { method: "generate" });
    }
    const entry: Entry = { job, dropped: new Set(), allDropped: false, finished: 0, current: new Set() };
    this.#jobs.set(job.jobId, entry);
    try {
      return await this.inTurn(() => this.#drawAll(entry, open));
    } finally {
      this.#jobs.delete(job.jobId);
    }
  }

  /** Stops a job, or one seed of it, with its state where that is wanted. What is done already stays done: that is no error. */
  cancel(jobId: string, index?: number, keep = false): void {
    const entry = this.#jobs.get(jobId);
    if (!entry) return;
    if (index === undefined) entry.allDropped = true;
    else entry.dropped.add(index);
    for (const current of entry.current) {
      if (isWanted(entry, current.index)) continue;
      if (keep && current.hasBegun) current.keeps = true;
      else current.controller.abort();
    }
  }

  cancelAll(): void {
    for (const jobId of this.#jobs.keys()) this.cancel(jobId);
  }

  async #drawAll(entry: Entry, open: () => Drawer): Promise<{ finished: number }> {
    const { seeds, scene } = entry.job;
    const wantedFrom = (first: number) => [...seeds.keys()].filter((index) => index >= first && isWanted(entry, index));
    for (let next = 0; wantedFrom(next).length > 0;) {
      const drawer = open();
      const most = wantedFrom(next).length > 1 ? ((await drawer.atOnce?.(scene)) ?? 1) : 1;
      const indices = wantedFrom(next).slice(0, most); // somebody may have cancelled meanwhile
      next = (indices.at(-1) ?? next) + 1;
      await this.#drawSome(entry, indices, drawer);
    }
    const nothingCame = entry.finished === 0 && entry.dropped.size > 0;
    if (entry.allDropped || nothingCame) {
      const { finished, job } = entry;
      throw new AppError("cancelled", `Cancelled after ${finished} of ${job.seeds.length} pictures.`, {});
    }
    return { finished: entry.finished };
  }

  /** Side by side where there are several. What goes wrong with one of them is told when the others are finished. */
  async #drawSome(entry: Entry, indices: readonly number[], drawer: Drawer): Promise<void> {
    const seats = indices.length > 1 ? seatsFor(indices.length) : [];
    const drawn = indices.map((index, i) =>
      this.#drawOne(entry, index, drawer, seats[i]).finally(() => seats[i]?.leave()),
    );
    const failed = (await Promise.allSettled(drawn)).find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #drawOne(entry: Entry, index: number, { draw, estimator, onTimed }: Drawer, seat?: Seat): Promise<void> {
    const { jobId, scene, seeds, previewEvery, attention, until, keepEvery, start, sharesBeginning } = entry.job;
    const settings = settingsDrawn(scene.settings, scene.start);
    const seed = seeds[index]!;
    const from = entry.job.from?.[index];
    const controller = new AbortController();
    const { signal } = controller;
    const current: Current = { index, controller, hasBegun: false, keeps: false };
    entry.current.add(current);
    const begun = this.#now();
    let before = begun;
    let kept = begun;

    const onStep = async ({ state, ...done }: PipelineStep) => {
      const time = this.#now();
      current.hasBegun = true;
      const beside = entry.current.size; // a step of each of them takes as long as those of all together
      // Once for all of them: else one slow step would count four times, and those told first would have another time left than the last.
      const isFirst = entry.current.values().next().value === current;
      if (before === begun) estimator.addFirstStep(settings, (time - before) / beside);
      else if (isFirst) estimator.addStep(settings, done.step - 1, (time - before) / beside);
      const own = estimator.remaining(settings, done.step, done.steps);
      const pictureSecondsLeft = own === undefined ? undefined : own * beside;
      const behind = Math.max(...[...entry.current].map((one) => one.index));
      const queueSecondsLeft =
        pictureSecondsLeft === undefined
          ? undefined
          : pictureSecondsLeft + this.#secondsAfter(entry, behind, estimator);
      this.#emit("step", { jobId, seed, index, ...done, elapsed: time - begun, pictureSecondsLeft, queueSecondsLeft });
      if (keepEvery !== undefined && time - kept >= keepEvery && done.step < done.steps) {
        kept = time;
        this.#emit("state", { jobId, seed, index, step: done.step, state: state() });
      }
      await heard(signal);
      if (current.keeps && done.step < done.steps) {
        this.#emit("state", { jobId, seed, index, step: done.step, state: state() });
        controller.abort();
        signal.throwIfAborted();
      }
      before = this.#now();
    };

    try {
      const picture = await draw(scene, seed, {
        ...{ previewEvery, attention, signal, onStep },
        ...(until === undefined ? {} : { until }),
        ...(from ? { from } : {}),
        ...(start ? { start } : {}),
        ...(sharesBeginning ? { sharesBeginning } : {}),
        ...(seat ? { seat } : {}),
      });
      // What shows a scouted picture may be another decoder, or none.
      // Of pictures side by side the first is finished after one decoding, the last after all.
      if (!picture.state) estimator.addFinish(settings, (this.#now() - before) / (((seat?.size ?? 1) + 1) / 2));
      onTimed?.();
      await nextTurn();
      if (signal.aborted) return;
      entry.finished++;
      this.#emit("image", { jobId, seed, index, ...picture });
    } catch (error) {
      if (!signal.aborted || !isCancellation(error)) throw error;
    } finally {
      entry.current.delete(current);
    }
  }

  /** What the pictures behind this one still need, as far as their sizes have been timed. */
  #secondsAfter(current: Entry, index: number, estimator: Estimator): number {
    let total = 0;
    for (const entry of this.#jobs.values()) {
      const from = entry === current ? index + 1 : 0;
      const { scene, seeds, until } = entry.job;
      const settings = settingsDrawn(scene.settings, scene.start);
      const fromNoise = estimator.remaining(settings, 0, until) ?? 0;
      for (let i = from; i < seeds.length; i++) {
        if (!isWanted(entry, i)) continue;
        const state = entry.job.from?.[i];
        total += state ? (estimator.remaining(settings, stepOf(state), until) ?? 0) : fromNoise;
      }
    }
    return total;
  }
}

function isWanted(entry: Entry, index: number): boolean {
  return !entry.allDropped && !entry.dropped.has(index);
}

/** Steps that a picture has behind it; none where its state is damaged, which drawing it says. */
function stepOf(state: Uint8Array): number {
  try {
    return glanceAtState(state).step;
  } catch (error) {
    if (isAppError(error, "state-invalid")) return 0;
    throw error;
  }
}

function isCancellation(error: unknown): boolean {
  return isAppError(error, "cancelled") || (error instanceof Error && error.name === "AbortError");
}
