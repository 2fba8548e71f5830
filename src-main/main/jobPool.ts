/**
 * The part of a window's queue that a pool draws. All of it is asked for at once, as many workers draw beside each other, and nothing of it
 * takes a turn here: whatever changes, what is wanted is compared with what was asked for, and the difference asked for or taken back.
 */
import { randomUUID } from "node:crypto";
import type { GeneratedImage } from "../api/engine.ts";
import type { JobPicture, MainEvents } from "../api/main.ts";
import type { PoolHost, PoolPicture } from "../pool/host.ts";
import type { Scene } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";
import type { Client } from "../wire/rpc.ts";
import type { StoreApi } from "../api/store.ts";
import { withoutStack } from "./calls.ts";
import type { JobCommits } from "./jobCommits.ts";
import { type Entry, isOwed } from "./jobEntry.ts";
import type { Times } from "./jobTimes.ts";
import type { Next, QueueOrder } from "./queueOrder.ts";

type PoolStore = Pick<Client<StoreApi>, "readPooled" | "setPooled" | "readStart">;

interface Parts {
  pool: Pick<PoolHost, "draw" | "drop">;
  store: PoolStore;
  resolve: (scene: Scene) => Promise<Scene>;
  order: QueueOrder;
  times: Times;
  commits: JobCommits;
  emit: (name: "step", step: MainEvents["step"]) => void;
  /** These pictures of a job are in another state. */
  tell: (entry: Entry, pictures: readonly JobPicture[]) => void;
  /** A picture of the job is not in work any more. */
  onFree: (entry: Entry) => void;
}

/** Pictures that were asked for together. */
interface Group {
  entry: Entry;
  /** What the pool calls them; undefined until they are on record. */
  name: string | undefined;
}

export class JobPool {
  readonly #parts: Parts;
  /** What the pool was asked for, and is not told of as no longer wanted. */
  readonly #asked = new Map<JobPicture, Group>();
  /** By run: jobs of one may be begun together. */
  readonly #names = new Map<number, Promise<string>>();
  /** On their way into the project. */
  readonly #onTheirWay = new Set<JobPicture>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  isOn(entry: Entry): boolean {
    return [...this.#asked.values()].some((group) => group.entry === entry);
  }

  /** The order is another one, or what is held, or wanted. */
  goOn(): void {
    const wanted = this.#parts.order.wantedOfPool();
    const known = new Set(wanted.map(({ picture }) => picture));
    const left: Next[] = [];
    for (const [picture, { entry }] of this.#asked) {
      if (!known.has(picture) && !this.#onTheirWay.has(picture)) left.push({ entry, picture });
    }
    this.#leave(left);
    const fresh = wanted.filter(({ picture }) => !this.#asked.has(picture));
    const alike = Map.groupBy(fresh, ({ entry, picture }) => `${entry.job.jobId} ${picture.alternative ?? ""}`);
    for (const pictures of alike.values()) {
      const { entry } = pictures[0]!;
      const group: Group = { entry, name: undefined };
      for (const { picture } of pictures) this.#asked.set(picture, group);
      void this.#ask(
        group,
        pictures.map(({ picture }) => picture),
      );
    }
  }

  /** They are not asked for any more; those of a project that is left are drawn on, and collected when it is open again. */
  #leave(left: readonly Next[]): void {
    for (const [group, pictures] of Map.groupBy(left, ({ picture }) => this.#asked.get(picture)!)) {
      const { entry, name } = group;
      const back: JobPicture[] = [];
      for (const { picture } of pictures) {
        this.#asked.delete(picture);
        if (picture.state !== "drawing") continue;
        picture.state = "waiting"; // held: it is begun anew when it may go on
        back.push(picture);
      }
      const seeds = pictures.map(({ picture }) => picture.seed);
      if (name !== undefined) this.#parts.pool.drop(name, seeds, !entry.interrupted);
      if (back.length > 0) this.#parts.tell(entry, back);
    }
  }

  async #ask(group: Group, pictures: readonly JobPicture[]): Promise<void> {
    const { entry } = group;
    const { pool, resolve } = this.#parts;
    const isStill = (picture: JobPicture) => this.#asked.get(picture) === group;
    try {
      const { model, alternatives, previewEvery, attention } = entry;
      const words = pictures[0]!.alternative;
      const index = Math.max(
        0,
        alternatives.findIndex((one) => one.words === words),
      );
      const scene = await resolve(alternatives[index]!.scene);
      const start =
        scene.start?.hash === undefined ? null : await this.#parts.store.readStart({ hash: scene.start.hash });
      const name = `${await this.#nameOf(entry)}-${index}${entry.isFinishing ? "f" : ""}`;
      const wanted = pictures.filter(isStill); // what was cancelled meanwhile is nobody's
      if (wanted.length === 0) return;
      group.name = name;
      const bySeed = new Map(wanted.map((picture) => [picture.seed, picture]));
      const run = { name, model, scene, seeds: [...bySeed.keys()], previewEvery, attention };
      pool.draw(
        { ...run, ...(start ? { start } : {}) },
        {
          onStep: ({ seed, left, ...step }) => {
            const picture = bySeed.get(seed)!;
            if (!isStill(picture) || !isOwed(picture)) return;
            this.#begun(entry, picture);
            const { jobId } = entry.job;
            const of = { ...step, jobId, seed, index: picture.index, pictureSecondsLeft: left ?? undefined };
            this.#parts.times.note(entry, { ...of, queueSecondsLeft: undefined });
            this.#parts.emit("step", { ...of, queueSecondsLeft: undefined });
          },
          onPicture: (drawn) => {
            const picture = bySeed.get(drawn.seed)!;
            return isStill(picture) ? this.#keep(entry, picture, drawn) : Promise.resolve(false);
          },
          onFailed: (seed, error) => {
            const picture = bySeed.get(seed)!;
            if (isStill(picture)) this.#failed(entry, [picture], error);
          },
        },
      );
    } catch (error) {
      this.#failed(entry, pictures.filter(isStill), error);
    }
  }

  /** Another project: its runs have names of their own. */
  clear(): void {
    this.#names.clear();
  }

  #nameOf(entry: Entry): Promise<string> {
    const { runId } = entry.job;
    const before = this.#names.get(runId)?.catch(() => undefined) ?? Promise.resolve();
    const name = before.then(() => this.#keepName(entry));
    this.#names.set(runId, name);
    return name;
  }

  /** The same for ever: what was asked for before the program ended is found by it. */
  async #keepName({ job: { runId }, model }: Entry): Promise<string> {
    const { store } = this.#parts;
    const known = await store.readPooled({ runId });
    if (known?.model.path === model.path && known.model.prediction === model.prediction) return known.name;
    const name = randomUUID();
    await store.setPooled({ runId, pooled: { name, model } });
    return name;
  }

  #begun(entry: Entry, picture: JobPicture): void {
    if (picture.state !== "waiting") return;
    picture.state = "drawing";
    this.#parts.tell(entry, [picture]);
  }

  /** Resolves to whether it is in the project. */
  async #keep(entry: Entry, picture: JobPicture, drawn: PoolPicture): Promise<boolean> {
    this.#onTheirWay.add(picture);
    this.#begun(entry, picture);
    const { commits, onFree } = this.#parts;
    commits.picture(entry, picture, imageOf(entry, picture, drawn));
    await entry.commits.at(-1);
    this.#onTheirWay.delete(picture);
    this.#asked.delete(picture);
    onFree(entry);
    return picture.result !== null;
  }

  #failed(entry: Entry, pictures: readonly JobPicture[], error: unknown): void {
    if (pictures.length === 0) return;
    entry.job.error ??= withoutStack(error);
    for (const picture of pictures) {
      this.#asked.delete(picture);
      picture.state = "failed";
    }
    this.#parts.tell(entry, pictures);
    this.#parts.onFree(entry);
  }
}

/** A picture of a pool as one of an engine. */
function imageOf({ job }: Entry, { index }: JobPicture, drawn: PoolPicture): GeneratedImage {
  const { seed, pixels, record, seconds, attention } = drawn;
  const courses = Object.entries(record.course ?? {});
  const steps = Math.max(0, ...courses.map(([, course]) => course.length));
  const obedience = Array.from({ length: steps }, (_, step) =>
    Object.fromEntries(courses.map(([id, course]) => [id, course[step] ?? 0])),
  );
  const nothing = { width: 1, height: 1, regions: {} };
  return { jobId: job.jobId, seed, index, pixels, obedience, attention: attention ?? nothing, seconds, record };
}

/** A pool has no place for what is only foreseen. */
export function refuseScouting(inPool: boolean, until: number | null | undefined): void {
  if (!inPool || until == null) return;
  const message = "A pool draws pictures to their end. Scout on this machine or another one, or generate here.";
  throw new AppError("bad-request", message, { method: "generate" });
}
