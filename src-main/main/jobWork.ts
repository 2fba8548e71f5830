/**
 * The work on a window's queue: picture after picture, each in its turn with other windows, until nothing waits that is not held. Where the
 * engine has found that several seeds are faster together, a turn is that of as many.
 */
import type { EngineEvents, StateEvent, StepEvent } from "../api/engine.ts";
import type { JobPicture, MainEvents } from "../api/main.ts";
import type { Engine } from "../engine/host.ts";
import type { Scene } from "../scene/scene.ts";
import { isAppError } from "../wire/errors.ts";
import { withoutStack } from "./calls.ts";
import { DrawingTurns } from "../service/drawingTurns.ts";
import type { CommitStore, JobCommits } from "./jobCommits.ts";
import { type Company, companyOf, type Current, drawPictures } from "./jobDrawing.ts";
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
  /** Nothing of the job is in work any more. */
  onFree: (entry: Entry) => void;
  /** Somebody has ended the engine by force. */
  onKilled: () => void;
}

export class JobWork {
  readonly #parts: Parts;
  readonly #turns: DrawingTurns;
  #company: Company | undefined;
  #isWorking = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#turns = parts.options.turns ?? new DrawingTurns();
  }

  get isBusy(): boolean {
    return this.#company !== undefined;
  }

  isOn(entry: Entry): boolean {
    return this.#company?.entry === entry;
  }

  /** What is still to come, by job: without what is in work, also where its first step is not done. */
  get #ahead(): Map<Entry, number> {
    const ahead = this.#parts.order.ahead();
    const { entry, all = [] } = this.#company ?? {};
    const begins = all.filter(({ picture, isStopped }) => picture.state === "waiting" && !isStopped).length;
    const count = entry && ahead.get(entry);
    if (count !== undefined) ahead.set(entry!, Math.max(0, count - begins));
    return ahead;
  }

  /** A step of a picture, as the engine calls it. */
  onStep(step: StepEvent): void {
    const found = this.#find(step);
    if (!found) return;
    const { entry, all, current } = found;
    const { picture } = current;
    // Stopped beside others it waits already, and the step was on its way.
    if (picture.state === "waiting" && !current.isStopped) {
      picture.state = "drawing";
      entry.job.waitsFor = null;
      this.#parts.tell(entry, [picture]);
    }
    const { times, options } = this.#parts;
    // When some of them have left, the others take less than at the beginning.
    const isWhole = all.every(({ isStopped, isDrawn }) => !isStopped && !isDrawn);
    if (!current.goesOn && (all.length === 1 || isWhole)) times.note(entry, step, all.length);
    const queueSecondsLeft = secondsLeft(step, this.#ahead, all.length);
    options.emit("step", { ...step, queueSecondsLeft, jobId: entry.job.jobId, index: picture.index });
  }

  onImage(image: EngineEvents["image"]): void {
    const found = this.#find(image);
    if (!found) return;
    const { entry, current } = found;
    const { picture } = current;
    // What came in the moment in which it was cancelled is not wanted; in the moment of leaving it is.
    if (!isOwed(picture) && !entry.interrupted) return;
    current.isDrawn = true;
    picture.state = "drawing";
    this.#parts.commits.picture(entry, picture, image);
  }

  onState(event: StateEvent): void {
    const found = this.#find(event);
    if (found) this.#parts.commits.state(found.entry, found.current.picture, event.step, event.state);
  }

  /** Pictures in work stop where they are, if that holds for them. */
  stopIf(holds: (current: { entry: Entry; picture: JobPicture }) => boolean): void {
    if (!this.#company) return;
    const { id, entry, all } = this.#company;
    const inWork = all.filter(({ isStopped, isDrawn }) => !isStopped && !isDrawn);
    const stopped = inWork.filter(({ picture }) => holds({ entry, picture }));
    for (const one of stopped) one.isStopped = true;
    // Not through `with`: stopping does not wait for its turn.
    const { engine } = this.#parts.options;
    const sent = stopped.filter(({ at }) => at !== undefined);
    if (sent.length === all.length) engine.cancel({ jobId: id, keep: true });
    else for (const { at } of sent) engine.cancel({ jobId: id, index: at!, keep: true });
    // The others go on, maybe for long: what is held is not in work meanwhile.
    if (stopped.length === inWork.length) return;
    this.#change(entry, picturesOf(stopped.filter(({ picture }) => picture.state === "drawing")), "waiting");
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
    const { entry } = next;
    const { store, keepEvery = KEEP_EVERY } = this.#parts.options;
    const company = companyOf(entry, next.picture);
    const { all } = company;
    this.#company = company;
    try {
      await drawPictures(company, {
        ...{ engine: this.#parts.options.engine, keepEvery },
        resolve: (scene) => this.#parts.options.resolve?.(scene) ?? Promise.resolve(scene),
        readStart: (hash) => store.readStart({ hash }),
        readState: async (picture) => {
          await Promise.allSettled(entry.commits);
          return store.readState(placeOf(entry.job, picture));
        },
        alike: (most) => this.#parts.order.alike(next, most),
        listener: {
          onLoading: (loading) => this.#parts.options.emit("loading", loading),
          onStep: (step) => this.onStep(step),
          onImage: (image) => this.onImage(image),
          onState: (state) => this.onState(state),
        },
      });
      const owed = owedOf(all);
      this.#change(entry, picturesOf(owed.filter(({ isStopped }) => isStopped)), "waiting"); // held: it goes on when it may
      // An engine that gives neither a picture nor a reason would be asked for ever.
      this.#change(entry, picturesOf(owed.filter(({ isStopped }) => !isStopped)), "failed");
    } catch (error) {
      await this.#failed(company, error);
    } finally {
      this.#company = undefined;
    }
    this.#parts.onFree(entry);
  }

  async #failed({ entry, all }: Company, error: unknown): Promise<void> {
    const owed = owedOf(all);
    if (isAppError(error, "cancelled")) {
      this.#change(entry, picturesOf(owed.filter(({ isStopped }) => isStopped)), "waiting"); // held: it goes on when it may
      if (owed.some(({ isStopped }) => !isStopped)) this.#parts.onKilled(); // the engine was stopped by force
      return;
    }
    if (all.every(({ isDrawn }) => isDrawn)) return;
    const isCrash = isAppError(error, "service-crashed");
    const isForgiven = isCrash && ++entry.deaths <= RESTARTS;
    // What went wrong with several may be that they were several, or is the matter of one: each shows it by itself.
    if (isForgiven || (all.length > 1 && !isCrash)) {
      if (all.length > 1) for (const { picture } of owed) entry.alone.add(picture.index);
      this.#change(entry, picturesOf(owed), "waiting");
      return;
    }
    const { job } = entry;
    const [{ picture, at, goesOn }] = all as [Current];
    job.error ??= withoutStack(error);
    if (isAppError(error, "state-invalid")) await this.#parts.commits.dropState(entry, picture);
    // What is wrong with a scene is wrong with all pictures of it; what is wrong with a checkpoint, with all of the job.
    const isOfAll = at === undefined || isCrash;
    const alike = job.pictures.filter((one) => isOwed(one) && (isOfAll || one.alternative === picture.alternative));
    this.#change(entry, goesOn && !isOfAll ? [picture] : alike, "failed");
  }

  #change(entry: Entry, pictures: readonly JobPicture[], state: JobPicture["state"]): void {
    if (pictures.length === 0) return;
    for (const picture of pictures) picture.state = state;
    this.#parts.tell(entry, pictures);
  }

  /** The picture that the engine speaks of. */
  #find({ jobId, index }: { jobId: string; index: number }): (Company & { current: Current }) | undefined {
    const company = this.#company;
    const current = company?.id === jobId ? company.all.find(({ at }) => at === index) : undefined;
    return current && { ...company!, current };
  }
}

/** Those that are neither drawn nor cancelled. */
function owedOf(all: readonly Current[]): Current[] {
  return all.filter(({ picture, isDrawn }) => !isDrawn && isOwed(picture));
}

function picturesOf(some: readonly Current[]): JobPicture[] {
  return some.map(({ picture }) => picture);
}
