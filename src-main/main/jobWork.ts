/** The work on a window's queue: picture after picture, each in its turn with other windows, until nothing waits that is not held. */
import type { EngineEvents, StateEvent, StepEvent } from "../api/engine.ts";
import type { JobPicture, MainEvents } from "../api/main.ts";
import type { Engine } from "../engine/host.ts";
import type { Scene } from "../scene/scene.ts";
import { isAppError } from "../wire/errors.ts";
import { withoutStack } from "./calls.ts";
import { DrawingTurns } from "../service/drawingTurns.ts";
import type { CommitStore, JobCommits } from "./jobCommits.ts";
import { currentOf, type Current, drawPicture } from "./jobDrawing.ts";
import { type Entry, isOwed, placeOf } from "./jobEntry.ts";
import { secondsLeft, type Times } from "./jobTimes.ts";
import type { QueueOrder } from "./queueOrder.ts";

/** Times that a job goes on after the engine died under it. A scene that kills the engine must not do so for ever. */
const RESTARTS = 1;
/** What a power cut may cost, in seconds. */
const KEEP_EVERY = 10;
interface WorkOptions {
  engine: Pick<Engine, "with" | "cancel">;
  store: Pick<CommitStore, "readState" | "readStart">;
  turns?: DrawingTurns;
  resolve?: (scene: Scene) => Promise<Scene>;
  keepEvery?: number;
  emit: <Name extends "loading" | "step">(name: Name, payload: MainEvents[Name]) => void;
}

interface Parts {
  options: WorkOptions;
  order: QueueOrder;
  times: Times;
  commits: JobCommits;
  /** These pictures of a job are in another state. */
  tell: (entry: Entry, pictures: readonly JobPicture[]) => void;
  /** A picture of the job is not in work any more. */
  onFree: (entry: Entry) => void;
  /** Somebody has ended the engine by force. */
  onKilled: () => void;
}

export class JobWork {
  readonly #parts: Parts;
  readonly #turns: DrawingTurns;
  #current: Current | undefined;
  #isWorking = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#turns = parts.options.turns ?? new DrawingTurns();
  }

  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  isOn(entry: Entry): boolean {
    return this.#current?.entry === entry;
  }

  /** A step of a picture, as the engine calls it. */
  onStep(step: StepEvent): void {
    const current = this.#currentOf(step.jobId);
    if (!current) return;
    const { entry, picture } = current;
    if (picture.state === "waiting") {
      picture.state = "drawing";
      entry.job.waitsFor = null;
      this.#parts.tell(entry, [picture]);
    }
    if (!current.goesOn) this.#parts.times.note(entry, step);
    const queueSecondsLeft = secondsLeft(step, this.#parts.order.ahead());
    this.#parts.options.emit("step", { ...step, queueSecondsLeft, jobId: entry.job.jobId, index: picture.index });
  }

  onImage(image: EngineEvents["image"]): void {
    const current = this.#currentOf(image.jobId);
    if (!current) return;
    const { entry, picture } = current;
    // What came in the moment in which it was cancelled is not wanted; in the moment of leaving it is.
    if (!isOwed(picture) && !entry.interrupted) return;
    current.isDrawn = true;
    picture.state = "drawing";
    this.#parts.commits.picture(entry, picture, image);
  }

  onState({ jobId, step, state }: StateEvent): void {
    const current = this.#currentOf(jobId);
    if (current) this.#parts.commits.state(current.entry, current.picture, step, state);
  }

  /** The picture in work stops where it is, if that holds for it. */
  stopIf(holds: (current: Current) => boolean): void {
    const current = this.#current;
    if (!current || current.isStopped || !holds(current)) return;
    current.isStopped = true;
    // Not through `with`: stopping does not wait for its turn.
    if (current.isSent) this.#parts.options.engine.cancel({ jobId: current.id, keep: true });
  }

  /** Draws picture after picture until nothing waits that is not held. */
  async goOn(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      while (this.#parts.order.next()) {
        await this.#turns.take(
          () => this.#parts.order.next()?.entry.model,
          () => this.#drawNext(),
        );
      }
    } finally {
      this.#isWorking = false;
    }
  }

  async #drawNext(): Promise<void> {
    const next = this.#parts.order.next();
    if (!next) return; // cancelled or held while others had their turn
    const { entry, picture } = next;
    const { store, keepEvery = KEEP_EVERY } = this.#parts.options;
    const current = currentOf(entry, picture);
    this.#current = current;
    try {
      await drawPicture(current, {
        ...{ engine: this.#parts.options.engine, keepEvery },
        resolve: (scene) => this.#parts.options.resolve?.(scene) ?? Promise.resolve(scene),
        readStart: (hash) => store.readStart({ hash }),
        readState: async () => {
          await Promise.allSettled(entry.commits);
          return store.readState(placeOf(entry.job, picture));
        },
        listener: {
          onLoading: (loading) => this.#parts.options.emit("loading", loading),
          onStep: (step) => this.onStep(step),
          onImage: (image) => this.onImage(image),
          onState: (state) => this.onState(state),
        },
      });
      // An engine that gives neither a picture nor a reason would be asked for ever.
      if (!current.isDrawn && isOwed(picture)) this.#change(entry, [picture], "failed");
    } catch (error) {
      if (!current.isDrawn) await this.#failed(current, error);
    } finally {
      this.#current = undefined;
    }
    this.#parts.onFree(entry);
  }

  async #failed({ entry, picture, isSent, isStopped, goesOn }: Current, error: unknown): Promise<void> {
    const { job } = entry;
    const all = job.pictures.filter(isOwed);
    if (isAppError(error, "cancelled")) {
      if (!isOwed(picture)) return;
      if (isStopped)
        this.#change(entry, [picture], "waiting"); // held: it goes on when it may
      else this.#parts.onKilled(); // the engine was stopped by force
      return;
    }
    if (isAppError(error, "service-crashed") && ++entry.deaths <= RESTARTS) {
      if (isOwed(picture)) this.#change(entry, [picture], "waiting");
      return;
    }
    job.error ??= withoutStack(error);
    if (isAppError(error, "state-invalid")) await this.#parts.commits.dropState(entry, picture);
    // What is wrong with a scene is wrong with all pictures of it; what is wrong with a checkpoint, with all of the job.
    const isOfAll = !isSent || isAppError(error, "service-crashed");
    const alike = all.filter((one) => isOfAll || one.alternative === picture.alternative);
    this.#change(entry, goesOn && !isOfAll ? [picture] : alike, "failed");
  }

  #change(entry: Entry, pictures: readonly JobPicture[], state: JobPicture["state"]): void {
    for (const picture of pictures) picture.state = state;
    this.#parts.tell(entry, pictures);
  }

  #currentOf(id: string): Current | undefined {
    return this.#current?.id === id ? this.#current : undefined;
  }
}
