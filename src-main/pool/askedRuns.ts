/** Runs that this machine has asked a pool for: put into its queue, collected, cancelled. What is cut off meanwhile waits. */
import type { Redis } from "ioredis";
import type { Pixels } from "../api/engine.ts";
import { LIMITS } from "../api/engineMessages.ts";
import { decodePng } from "../image/png.ts";
import { statedSize } from "../image/pngChunks.ts";
import type { Seed } from "../scene/scene.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import { Turns } from "../wire/turns.ts";
import { connectionProblem, type PoolAddress } from "./address.ts";
import type { PoolAsk, PoolServiceEvents } from "./api.ts";
import type { PoolClient } from "./client.ts";
import { Collection, type CollectedPicture } from "./collection.ts";
import { keys } from "./keys.ts";

interface AskedRun {
  ask: PoolAsk;
  /** Those that are still wanted here. */
  seeds: Set<Seed>;
  collection: Collection | undefined;
}

interface AskedOptions {
  client: PoolClient;
  address: PoolAddress;
  /** Whose turn it is. */
  user: string;
  /** What people call a checkpoint, and what its pictures must say of it where it is here, too. */
  modelOf: (hash: string) => Promise<{ name: string; sampled?: string }>;
  emit: <Name extends "step" | "picture" | "failed" | "log">(name: Name, event: PoolServiceEvents[Name]) => void;
  lookEvery?: number | undefined;
}

export class AskedRuns {
  readonly #options: AskedOptions;
  readonly #redis: Redis;
  readonly #runs = new Set<AskedRun>();
  /** By run: what is put into the queue and taken out of it comes there in the order in which it was said. */
  readonly #changes = new Map<string, Turns>();
  /** Pictures that are on their way into a project. */
  readonly #onTheirWay = new Map<string, PromiseWithResolvers<undefined>>();

  constructor(options: AskedOptions) {
    this.#options = options;
    this.#redis = options.client.redis;
  }

  /** What is still owed, as it was asked for. */
  get owed(): PoolAsk[] {
    return [...this.#runs].flatMap(({ ask, seeds }) => (seeds.size === 0 ? [] : { ...ask, seeds: [...seeds] }));
  }

  async ask(ask: PoolAsk): Promise<void> {
    const asked: AskedRun = { ask, seeds: new Set(ask.seeds), collection: undefined };
    this.#runs.add(asked);
    try {
      const collection = await this.#turnsOf(ask.run).take(() => this.#submit(asked));
      if (!collection) return;
      asked.collection = collection;
      void collection.ended.then(() => this.#runs.delete(asked));
      await collection.start();
    } catch (error) {
      this.#runs.delete(asked);
      throw isAppError(error) ? error : connectionProblem(error, this.#options.address);
    }
  }

  async #submit(asked: AskedRun): Promise<Collection | undefined> {
    const { client, user, emit, lookEvery, modelOf } = this.#options;
    const { hash, run, scene, seeds, prediction, previewEvery, attention, start } = asked.ask;
    const model = { hash, ...(await modelOf(hash)), ...(prediction ? { prediction } : {}) };
    const request = { run, user, urgency: "usual" as const, model, scene, seeds, previewEvery, attention };
    const told = await client.submit({ ...request, ...(start ? { start } : {}) });
    if (asked.seeds.size === 0) {
      this.#runs.delete(asked);
      return undefined; // cancelled meanwhile
    }
    return new Collection({
      ...{ client, run, model, scene: told.scene, seeds: [...asked.seeds] },
      ...(lookEvery === undefined ? {} : { lookEvery }),
      onStep: (seed, { step, steps, elapsed, left, obedience, preview }) => {
        const pixels = preview === undefined ? undefined : previewOf(preview);
        emit("step", { run, seed, step, steps, elapsed, left, obedience, ...(pixels ? { preview: pixels } : {}) });
      },
      onPicture: (picture) => this.#bring(asked, picture),
      onFailed: (seed, why) => {
        asked.seeds.delete(seed);
        emit("failed", { run, seed, why });
      },
      onProblem: (problem) => emit("log", { message: problem }),
    });
  }

  /** Resolves when it is in the project. */
  async #bring(asked: AskedRun, { seed, pixels, record, seconds, attention }: CollectedPicture): Promise<void> {
    const { run } = asked.ask;
    const kept = Promise.withResolvers<undefined>();
    this.#onTheirWay.set(`${run} ${seed}`, kept);
    this.#options.emit("picture", { run, seed, pixels, record, seconds, ...(attention ? { attention } : {}) });
    try {
      await kept.promise;
      asked.seeds.delete(seed);
    } finally {
      this.#onTheirWay.delete(`${run} ${seed}`);
    }
  }

  kept(run: string, seed: Seed): void {
    this.#onTheirWay.get(`${run} ${seed}`)?.resolve(undefined);
  }

  /** Nobody here waits for these any more; with `cancel` they are not drawn either. */
  async drop(run: string, seeds: readonly Seed[], cancel: boolean): Promise<void> {
    const hashes = new Set<string>();
    for (const asked of this.#runs) {
      if (asked.ask.run !== run) continue;
      const own = seeds.filter((seed) => asked.seeds.delete(seed));
      if (own.length === 0) continue;
      hashes.add(asked.ask.hash);
      asked.collection?.drop(own);
    }
    for (const seed of seeds) {
      const why = new AppError("cancelled", `The picture of seed ${seed} was not taken.`, {});
      this.#onTheirWay.get(`${run} ${seed}`)?.reject(why);
    }
    if (!cancel) return;
    await this.#turnsOf(run).take(async () => {
      for (const hash of hashes) await this.#options.client.cancel(run, hash, seeds);
    });
  }

  #turnsOf(run: string): Turns {
    const known = this.#changes.get(run) ?? new Turns();
    this.#changes.set(run, known);
    return known;
  }

  /** What was asked for stays in the pool. */
  async stop(): Promise<void> {
    for (const { reject } of this.#onTheirWay.values()) reject(new AppError("cancelled", "The pool was left.", {}));
    await Promise.all([...this.#runs].flatMap(({ collection }) => collection?.stop() ?? []));
    this.#runs.clear();
  }

  /** Failed pictures are drawn again, from the beginning. */
  async retry(failures: readonly { hash: string; job: string }[]): Promise<void> {
    for (const { hash, job } of failures) {
      // What somebody cancelled meanwhile must not be drawn by this.
      const [run] = job.split(/_(?=\d+$)/);
      if (run !== undefined) await this.#redis.srem(keys.unwanted(run), job);
      await this.#options.client.retry(hash, job);
    }
  }
}

/** Undefined where it is none that could be shown; a picture of many pixels may be a small file. */
function previewOf(base64: string): Pixels | undefined {
  try {
    const png = new Uint8Array(Buffer.from(base64, "base64"));
    const { width, height } = statedSize(png);
    return Math.max(width, height) > LIMITS.pixels ? undefined : decodePng(png).pixels;
  } catch (error) {
    process.stderr.write(`info: a preview is left out: ${messageOf(error)}\n`);
    return undefined;
  }
}
