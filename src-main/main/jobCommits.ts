/** What jobs write into the project: pictures, what those in work go on from, and how a run ended. */
import type { GeneratedImage, LoadRequest } from "../api/engine.ts";
import type { JobPicture, MainEvents } from "../api/main.ts";
import { INTERRUPTED, type NewResult, type ResultInfo, type RunOutcome, type StoreApi } from "../api/store.ts";
import { isAppError } from "../wire/errors.ts";
import type { Client } from "../wire/rpc.ts";
import { Turns } from "../wire/turns.ts";
import { withoutStack } from "./calls.ts";
import { type Entry, placeOf } from "./jobEntry.ts";
import { keepResult } from "./keepResult.ts";
import { Unkept } from "./unkept.ts";

export type CommitStore = Pick<
  Client<StoreApi>,
  | "addResult"
  | "listResults"
  | "finishResult"
  | "wantFinished"
  | "keepState"
  | "readState"
  | "readStart"
  | "dropState"
  | "endRun"
  | "writeQueue"
>;

interface CommitOptions {
  store: CommitStore;
  /** SHA-256 of a checkpoint's network, where it is known. */
  sha256Of: ((model: LoadRequest) => string | undefined) | undefined;
  /** What a person need not act on. */
  note: ((message: string) => void) | undefined;
  onImage: (image: MainEvents["image"]) => void;
  /** These pictures of a job are in another state. */
  onChange: (entry: Entry, pictures: readonly JobPicture[]) => void;
}

export class JobCommits {
  readonly #options: CommitOptions;
  /** Held while the project changes its file: what is to be written waits. */
  readonly #changes = new Turns();
  #last: Promise<void> = Promise.resolve();
  /** Drawn, and not in the project yet. */
  readonly unkept: Unkept;

  constructor(options: CommitOptions) {
    this.#options = options;
    this.unkept = new Unkept(options.store);
  }

  /** Does `change` while nothing is on its way to the store of what `entries` have sent. */
  paused<T>(entries: readonly Entry[], change: () => Promise<T>): Promise<T> {
    const commits = entries.flatMap((entry) => entry.commits);
    return this.#changes.take(() => Promise.allSettled(commits).then(change));
  }

  /** One after the other: results are listed in the order in which they were drawn. */
  picture(entry: Entry, picture: JobPicture, image: GeneratedImage): void {
    const change = this.#changes.idle();
    this.#last = this.#last.then(() => change).then(() => this.#commit(entry, picture, image));
    entry.commits.push(this.#last);
  }

  /** An end of the program costs no more than what came after. */
  state(entry: Entry, picture: JobPicture, step: number, state: Uint8Array<ArrayBuffer>): void {
    const { store, note } = this.#options;
    entry.stated.add(picture.index);
    const kept = this.#changes.idle().then(() => store.keepState({ ...placeOf(entry.job, picture), step, state }));
    entry.commits.push(kept);
    kept.catch((error: unknown) => note?.(`a state was not kept: ${withoutStack(error).message}`));
  }

  async dropState({ job, stated }: Entry, picture: JobPicture): Promise<void> {
    if (stated.delete(picture.index)) await this.#options.store.dropState(placeOf(job, picture));
  }

  queue(queue: Parameters<CommitStore["writeQueue"]>[0]): Promise<void> {
    return this.#changes.idle().then(() => this.#options.store.writeQueue(queue));
  }

  /** What the project says of a job that has ended without the pictures `left`. */
  async end(entry: Entry, outcome: Exclude<RunOutcome, "running">, left: readonly JobPicture[]): Promise<void> {
    await this.#changes.idle();
    const { job, isFinishing, interrupted } = entry;
    const { store } = this.#options;
    const goesOn = interrupted && left.length > 0;
    if (!goesOn && isFinishing && left.length > 0) {
      await store.wantFinished({ ids: left.flatMap(({ finishes }) => finishes ?? []), wanted: false });
    }
    if (isFinishing) return; // its run has ended long ago
    // What the cancelled would go on from stays until the project is closed: until then they can be brought back.
    const message = goesOn ? INTERRUPTED : (job.error?.message ?? null);
    await store.endRun({ runId: job.runId, outcome, message });
  }

  async #commit(entry: Entry, picture: JobPicture, image: GeneratedImage): Promise<void> {
    const { job } = entry;
    const { store, sha256Of, onImage, onChange } = this.#options;
    const { seed, pixels, seconds, obedience, attention, state } = image;
    const sha256 = sha256Of?.(entry.model);
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
          ? await keepResult(store, job, drawn)
          : await store.finishResult({ id: picture.finishes, ...made });
      picture.state = "done";
      const { result, index } = picture;
      onImage({ jobId: job.jobId, index, seed, result, obedience, attention });
    } catch (error) {
      picture.state = "failed";
      job.error ??= withoutStack(error);
      // A scouted one is still there, and can be finished again.
      if (picture.finishes === undefined && isAppError(error, "project-invalid")) {
        this.unkept.add(drawn, (kept) => this.#keptAfterAll(entry, picture, kept));
      }
    }
    onChange(entry, [picture]);
  }

  #keptAfterAll(entry: Entry, picture: JobPicture, result: ResultInfo): void {
    Object.assign(picture, { state: "done", result });
    if (entry.job.pictures.every(({ state }) => state === "done")) entry.job.error = null;
    this.#options.onChange(entry, [picture]);
  }
}
