/** Runs that go on, picture by picture: what step they are at, how long they will take, what can be seen already. */
import type { App } from "@api/bridge.ts";
import type { StepEvent } from "@api/engine.ts";
import type { Job, JobPicture } from "@api/main.ts";

/** A picture in the queue, with its latest step. */
export interface LivePicture extends JobPicture {
  jobId: string;
  job: Job;
  live: StepEvent | undefined;
}

/** Small checkpoints take forty steps a second: the window shows ten of them. In milliseconds. */
const STEP_PACE = 100;

export class Jobs {
  list: readonly Job[] = $state.raw([]);
  /** Latest step by job and index. */
  #live: ReadonlyMap<string, StepEvent> = $state.raw(new Map<string, StepEvent>());
  /** Last preview of each picture; a step without one shows the one before. */
  readonly #previews = new Map<string, StepEvent["preview"]>();
  /** Latest steps that are not shown yet. */
  readonly #waiting = new Map<string, StepEvent>();
  #shownAt = -Infinity;
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
    app.on("job", (job) => this.#put(job));
    app.on("step", (step) => this.#step(step));
  }

  get running(): Job[] {
    return this.list.filter(({ outcome }) => outcome === "running");
  }

  /** Pictures that wait or are being drawn, in the order in which they come. */
  get pending(): LivePicture[] {
    return this.running.flatMap((job) =>
      job.pictures
        .filter(({ state }) => state === "waiting" || state === "drawing")
        .map((picture) => ({ ...picture, job, jobId: job.jobId, live: this.#live.get(key(job.jobId, picture.index)) })),
    );
  }

  /** The picture that is being drawn now. */
  get drawing(): LivePicture | undefined {
    return this.pending.find(({ state, live }) => state === "drawing" || live !== undefined);
  }

  /** Done, all, and seconds left over all runs that go on; undefined when none does. */
  get progress(): { fraction: number; done: number; asked: number; secondsLeft: number | undefined } | undefined {
    const pictures = this.running.flatMap(({ pictures }) => pictures);
    if (pictures.length === 0) return undefined;
    const pending = this.pending;
    const drawing = this.drawing?.live;
    const done = pictures.length - pending.length;
    const part = drawing ? drawing.step / drawing.steps : 0;
    return {
      fraction: (done + part) / pictures.length,
      done,
      asked: pictures.length,
      secondsLeft: drawing?.queueSecondsLeft,
    };
  }

  show(jobs: readonly Job[]): void {
    this.list = jobs;
    this.#live = new Map();
    this.#waiting.clear();
    this.#previews.clear();
  }

  add(job: Job): void {
    if (!this.list.some(({ jobId }) => jobId === job.jobId)) this.list = [...this.list, job];
  }

  async cancel(target: { jobId: string; index?: number }): Promise<void> {
    await this.#app.api.cancel(target);
  }

  async cancelAll(): Promise<void> {
    await Promise.all(this.running.map(({ jobId }) => this.#app.api.cancel({ jobId })));
  }

  #put(job: Job): void {
    const isKnown = this.list.some(({ jobId }) => jobId === job.jobId);
    this.list = isKnown ? this.list.map((one) => (one.jobId === job.jobId ? job : one)) : [...this.list, job];
    const ended = job.pictures.filter(({ state }) => state !== "waiting" && state !== "drawing");
    const live = new Map(this.#live);
    for (const { index } of ended) {
      live.delete(key(job.jobId, index));
      this.#waiting.delete(key(job.jobId, index));
      this.#previews.delete(key(job.jobId, index));
    }
    this.#live = live;
  }

  #step(step: StepEvent): void {
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
