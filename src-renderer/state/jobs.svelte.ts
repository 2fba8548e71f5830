/** Runs that go on, picture by picture: what step they are at, how long they will take, what can be seen already. */
import type { App } from "@api/bridge.ts";
import type { LoadRequest, StepEvent } from "@api/engine.ts";
import type { Job, JobChange, JobPicture, PictureState } from "@api/main.ts";
import type { Scene } from "@scene/scene.ts";
import type { PictureChoice } from "@api/store.ts";

/** A picture in the queue. */
export interface LivePicture extends JobPicture {
  jobId: string;
  job: Job;
}

/** A run that has ended without all of its pictures: what was cancelled, failed, or cut off by the end of the program can be drawn again. */
export interface Leftover {
  runId: number;
  why: "cancelled" | "failed" | "interrupted";
  scene: Scene;
  /** Undefined where only the project remembers the run: the checkpoint of the draft will do. */
  model: LoadRequest | undefined;
  /** Pictures. */
  asked: number;
  /** Those that are not there. */
  pictures: PictureChoice[];
  /** Scouted results that were to be finished. */
  finishing?: readonly number[];
  /** Pictures that go on from a step, where what was kept of them is still there. */
  goingOn?: number;
  /** Its pictures were scouted, to this step. */
  until: number | null;
}

/** How a run came to its end. */
export interface Ended {
  outcome: Job["outcome"];
  done: number;
  asked: number;
}

/** How far all runs together are. */
export interface Progress {
  fraction: number;
  /** Pictures. */
  done: number;
  inWork: number;
  asked: number;
  /** Until the last of them is there; undefined while that is not known. */
  secondsLeft: number | undefined;
}

/** Small checkpoints take forty steps a second: the window shows ten of them. In milliseconds. */
const STEP_PACE = 100;
/** Runs with pictures left over that are offered at a time, besides those that the end of the program cut off. */
const MOST_LEFT_OVER = 3;

export class Jobs {
  /** Those that go on, oldest first. Their pictures stay as they were at the beginning: `pending` says what is still to come. */
  running: readonly Job[] = $state.raw([]);
  /** Pictures that wait or are being drawn, in the order in which they come. */
  pending: readonly LivePicture[] = $state.raw([]);
  /** `pending` in the order in which they come: see queue.svelte.ts. */
  ordered: () => readonly LivePicture[] = () => this.pending;
  /** The newest last. */
  leftovers: readonly Leftover[] = $state.raw([]);
  /** The run that ended last. */
  ended: Ended | undefined = $state.raw();
  /** Latest step by job and index. */
  #live: ReadonlyMap<string, StepEvent> = $state.raw(new Map<string, StepEvent>());
  /** Last preview of each picture; a step without one shows the one before. */
  readonly #previews = new Map<string, StepEvent["preview"]>();
  /** Latest steps that are not shown yet. */
  readonly #waiting = new Map<string, StepEvent>();
  /** By job: what its pictures have become. A job of thousands is told of by its changes alone. */
  readonly #states = new Map<string, PictureState[]>();
  /** Jobs that a person took out of the queue, which has its own way back. */
  readonly #taken = new Set<string>();
  #shownAt = -Infinity;
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
    app.on("begun", (job) => this.add(job));
    app.on("job", (change) => this.#change(change));
    app.on("step", (step) => this.#step(step));
  }

  /** Its latest step; undefined while it waits. */
  liveOf({ jobId, index }: Pick<LivePicture, "jobId" | "index">): StepEvent | undefined {
    return this.#live.get(key(jobId, index));
  }

  /** The picture that is being drawn now, of several side by side the first; where none is, one that stopped in the middle. */
  get drawing(): (LivePicture & { live: StepEvent | undefined }) | undefined {
    const found =
      this.pending.find(({ state }) => state === "drawing") ??
      (this.#live.size > 0 ? this.pending.find((picture) => this.liveOf(picture) !== undefined) : undefined);
    return found && { ...found, live: this.liveOf(found) };
  }

  /** Done, in work, all, and seconds left over all runs that go on; undefined when none does. */
  get progress(): Progress | undefined {
    const asked = this.running.reduce((sum, { pictures }) => sum + pictures.length, 0);
    if (asked === 0) return undefined;
    const done = asked - this.pending.length;
    const inWork = this.pending.filter(({ state }) => state === "drawing").length;
    // Those that were begun: in work, or stopped in the middle.
    const live = [...this.#live.values()].filter(({ jobId, index }) =>
      isOwed({ state: this.#states.get(jobId)?.[index] }),
    );
    const part = live.reduce((sum, { step, steps }) => sum + step / steps, 0);
    const told = live.filter(({ jobId, index }) => inWork === 0 || this.#states.get(jobId)?.[index] === "drawing");
    const left = told.flatMap(({ queueSecondsLeft }) => queueSecondsLeft ?? []);
    const secondsLeft = left.length > 0 ? Math.max(...left) : undefined;
    return { fraction: (done + part) / asked, done, inWork, asked, secondsLeft };
  }

  /** Another project: its jobs, and nothing of those before. */
  show(jobs: readonly Job[]): void {
    this.running = [];
    this.pending = [];
    this.leftovers = [];
    this.ended = undefined;
    this.#states.clear();
    this.#live = new Map();
    this.#waiting.clear();
    this.#previews.clear();
    for (const job of jobs) if (job.outcome === "running") this.add(job);
  }

  add(job: Job): void {
    if (this.#states.has(job.jobId) || job.outcome !== "running") return;
    this.#states.set(
      job.jobId,
      job.pictures.map(({ state }) => state),
    );
    this.running = [...this.running, job];
    const { jobId } = job;
    this.pending = [...this.pending, ...job.pictures.filter(isOwed).map((one) => ({ ...one, job, jobId }))];
  }

  async cancel(target: { jobId: string; index?: number }): Promise<void> {
    await this.#app.api.cancel(target);
  }

  async cancelAll(): Promise<void> {
    await Promise.all(this.running.map(({ jobId }) => this.#app.api.cancel({ jobId })));
  }

  /** What is left over of this job is not offered, or is after all. */
  take(jobId: string, isTaken: boolean): void {
    if (isTaken) this.#taken.add(jobId);
    else this.#taken.delete(jobId);
  }

  /** Offers what a run has left over. */
  offer(leftover: Leftover): void {
    this.dismiss(leftover.runId);
    if (leftover.pictures.length + (leftover.finishing?.length ?? 0) > 0)
      this.leftovers = [...withoutOldest(this.leftovers), leftover];
  }

  dismiss(runId: number): void {
    if (this.leftovers.some((one) => one.runId === runId)) {
      this.leftovers = this.leftovers.filter((one) => one.runId !== runId);
    }
  }

  #change({ jobId, outcome, error, waitsFor, pictures }: JobChange): void {
    const states = this.#states.get(jobId);
    const job = this.running.find((one) => one.jobId === jobId);
    if (!states || !job) return;
    const changed = new Map(pictures.map((picture) => [picture.index, picture]));
    for (const { index, state } of pictures) states[index] = state;
    if (pictures.length > 0) {
      this.pending = this.pending.flatMap((picture) => {
        const change = picture.jobId === jobId ? changed.get(picture.index) : undefined;
        if (!change) return picture;
        return isOwed(change) ? { ...picture, ...change } : [];
      });
      const known = new Set(this.pending.flatMap((picture) => (picture.jobId === jobId ? picture.index : [])));
      for (const change of pictures) if (isOwed(change) && !known.has(change.index)) this.#bringBack(job, change);
      this.#forgetSteps(jobId, pictures);
    }
    if (outcome === "running") {
      if (job.waitsFor !== waitsFor)
        this.running = this.running.map((one) => (one === job ? { ...job, waitsFor } : one));
      return;
    }
    this.running = this.running.filter((one) => one !== job);
    this.#states.delete(jobId);
    this.ended = { outcome, done: states.filter((state) => state === "done").length, asked: states.length };
    const left = job.pictures
      .filter((_, i) => states[i] !== "done")
      .map(({ seed, alternative = null }) => ({ seed, alternative }));
    const { runId, scene, model, until } = job;
    // A scouted result that was not finished is still there, and says so.
    if (this.#taken.delete(jobId) || job.pictures.some(({ finishes }) => finishes !== undefined)) return;
    const why = error ? "failed" : "cancelled";
    this.offer({ runId, why, scene, model, until, asked: states.length, pictures: left });
  }

  /** One that was cancelled is wanted after all. */
  #bringBack(job: Job, change: JobChange["pictures"][number]): void {
    const { jobId } = job;
    const back = { ...job.pictures[change.index]!, ...change, job, jobId };
    const behind = this.pending.findIndex((picture) => picture.jobId === jobId && picture.index > change.index);
    const last = this.pending.findLastIndex((picture) => picture.jobId === jobId);
    const at = behind >= 0 ? behind : last >= 0 ? last + 1 : this.pending.length;
    this.pending = this.pending.toSpliced(at, 0, back);
  }

  /** Those that have ended are not live any more. */
  #forgetSteps(jobId: string, pictures: JobChange["pictures"]): void {
    const live = new Map(this.#live);
    for (const picture of pictures) {
      if (isOwed(picture)) continue;
      const at = key(jobId, picture.index);
      live.delete(at);
      this.#waiting.delete(at);
      this.#previews.delete(at);
    }
    if (live.size !== this.#live.size) this.#live = live;
  }

  #step(step: StepEvent): void {
    if (!this.#states.has(step.jobId)) return;
    const at = key(step.jobId, step.index);
    if (step.preview) this.#previews.set(at, step.preview);
    const preview = this.#previews.get(at);
    const isShowing = this.#waiting.size > 0;
    this.#waiting.set(at, preview ? { ...step, preview } : step);
    if (isShowing) return;
    const wait = this.#shownAt + STEP_PACE - performance.now();
    if (wait <= 0) this.#showSteps();
    else setTimeout(() => this.#showSteps(), wait);
  }

  #showSteps(): void {
    this.#shownAt = performance.now();
    if (this.#waiting.size > 0) this.#live = new Map([...this.#live, ...this.#waiting]);
    this.#waiting.clear();
  }
}

/** All that the program's end cut off, and of the others the latest. */
function withoutOldest(leftovers: readonly Leftover[]): Leftover[] {
  const others = leftovers.filter(({ why }) => why !== "interrupted").slice(1 - MOST_LEFT_OVER);
  return leftovers.filter((one) => one.why === "interrupted" || others.includes(one));
}

function isOwed({ state }: { state: PictureState | undefined }): boolean {
  return state === "waiting" || state === "drawing";
}

const key = (jobId: string, index: number) => `${jobId}:${index}`;

/** `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const s = Math.max(0, Math.ceil(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 === 0 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** `640 MB`, `4.3 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
