/**
 * Fetches what comes of a run. What is told while it happens may be missed, when the connection is cut or nobody listens, so that every
 * few seconds it is looked at what there is; so does whoever asks again after a restart. A picture stays in the pool until it is where it
 * belongs.
 */
import type { Redis } from "ioredis";
import type { AttentionMaps, Pixels, RunRecord } from "../api/engine.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import { plainLine } from "../wire/plainLine.ts";
import { isWrongType, readBlob, unpackAttention } from "./blobs.ts";
import { addCut } from "./bounded.ts";
import type { PoolClient } from "./client.ts";
import { channels, jobId, keys, queueKey, queueName } from "./keys.ts";
import {
  eventSchema,
  LARGEST_ATTENTION,
  LARGEST_PICTURE,
  outcomeSchema,
  type PoolEvent,
  type PoolOutcome,
  readIfSound,
  readText,
} from "./messages.ts";
import { oneAtATime } from "./oneAtATime.ts";
import { verifiedPicture } from "./verify.ts";

/** Milliseconds between two looks at what nobody told of. */
const LOOK_EVERY = 5_000;
/** Jobs looked at together. */
const AT_ONCE = 500;
/** Characters of why a picture failed. */
const LONGEST_WHY = 2_000;

export interface CollectedPicture {
  seed: Seed;
  pixels: Pixels;
  record: RunRecord;
  seconds: number;
  attention: AttentionMaps | undefined;
  worker: string;
}

export interface CollectionOptions {
  client: PoolClient;
  run: string;
  model: { hash: string; name: string; sampled?: string };
  /** As `submit` gave it. */
  scene: Scene;
  seeds: readonly Seed[];
  onStep?: (seed: Seed, step: Extract<PoolEvent, { kind: "step" }>) => void;
  /** Resolves when the picture is where it belongs; it is in the pool until then, and comes again where this rejects. */
  onPicture: (picture: CollectedPicture) => Promise<void>;
  onFailed: (seed: Seed, why: string) => void;
  onProblem: (problem: string) => void;
  lookEvery?: number;
}

export class Collection {
  readonly #options: CollectionOptions;
  readonly #redis: Redis;
  readonly #owed: Map<string, Seed>;
  readonly #ended = Promise.withResolvers<undefined>();
  #taking: Promise<void> = Promise.resolve();
  /** A picture that is on its way to where it belongs. */
  #handing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopHearing: (() => void) | undefined;
  #isStopped = false;
  #isOver = false;

  constructor(options: CollectionOptions) {
    this.#options = options;
    this.#redis = options.client.redis;
    this.#owed = new Map(options.seeds.map((seed) => [jobId(options.run, seed), seed]));
  }

  /** Seeds that are still to come. */
  get owed(): Seed[] {
    return [...this.#owed.values()];
  }

  /** Resolves when every picture has come or failed, or it was stopped. */
  get ended(): Promise<undefined> {
    return this.#ended.promise;
  }

  async start(): Promise<void> {
    const { client, run, lookEvery = LOOK_EVERY } = this.#options;
    const look = oneAtATime(() => this.#look([...this.#owed.keys()]));
    const stopHearing = await client.listener.hear(channels.run(run), {
      onMessage: (json) => this.#onEvent(json),
      onReady: look, // what came while it was cut off
    });
    if (this.#isStopped) {
      stopHearing();
      return;
    }
    this.#stopHearing = stopHearing;
    look();
    this.#timer = setInterval(look, lookEvery);
  }

  /** What is on its way still comes; of a pool that cannot be reached nothing is waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#stopHearing?.();
    await this.#takenOrAway();
    this.#isOver = true;
    await this.#handing;
    this.#ended.resolve(undefined);
  }

  async #takenOrAway(): Promise<void> {
    if (this.#redis.status !== "ready") return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const cut = () => resolve(undefined);
    this.#redis.once("close", cut);
    await Promise.race([this.#taking, promise]);
    this.#redis.off("close", cut);
  }

  /** Nobody waits for these any more. */
  drop(seeds: readonly Seed[]): void {
    for (const seed of seeds) this.#owed.delete(jobId(this.#options.run, seed));
    this.#endIfDone();
  }

  #onEvent(json: string): void {
    const event = readIfSound(eventSchema, json);
    const seed = event && this.#owed.get(event.job);
    if (!event || seed === undefined) return;
    if (event.kind === "step") this.#options.onStep?.(seed, event);
    else void this.#look([event.job]);
  }

  /** One look after the other: a picture is taken once. */
  #look(ids: readonly string[]): Promise<void> {
    return (this.#taking = this.#taking
      .then(() => this.#take(ids))
      .catch((error: unknown) => this.#options.onProblem(messageOf(error))));
  }

  async #take(ids: readonly string[]): Promise<void> {
    const queue = queueName(this.#options.model.hash);
    for (let from = 0; from < ids.length && !this.#isStopped; from += AT_ONCE) {
      const some = ids.slice(from, from + AT_ONCE).filter((id) => this.#owed.has(id));
      const batch = this.#redis.pipeline();
      const asked = ["name", "finishedOn", "returnvalue", "failedReason"];
      for (const id of some) addCut(batch, "HMGET", queueKey(queue, id), asked);
      const told = (await batch.exec()) ?? [];
      for (const [i, id] of some.entries()) {
        if (!this.#owed.has(id)) continue;
        const [error, fields] = told[i] ?? [];
        if (error && isWrongType(error)) {
          this.#fail(id, "Something else lies in its place in the pool.");
          continue;
        }
        if (error) throw error;
        const [name, finishedOn, returnvalue, failedReason] = fields as (string | null)[];
        if (name === null)
          this.#fail(id, "It is no longer in the pool: somebody removed it, or nobody fetched it in time.");
        else if (finishedOn === null) continue;
        else if (returnvalue !== null && returnvalue !== undefined) await this.#fetch(id, returnvalue);
        else this.#fail(id, failedReason ?? "It failed, and nobody said why.");
      }
    }
    this.#endIfDone();
  }

  async #fetch(id: string, returnvalue: string): Promise<void> {
    const { client, scene, model, onPicture, onProblem } = this.#options;
    const seed = this.#owed.get(id)!;
    let outcome: PoolOutcome;
    let picture: CollectedPicture;
    try {
      outcome = readText(outcomeSchema, returnvalue, "What a worker says of a picture");
      const png = await readBlob(this.#redis, keys.picture(id, outcome.picture), LARGEST_PICTURE);
      if (!png) throw new AppError("pool-failed", "The picture is no longer in the pool: nobody fetched it in time.", { address: "" }); // prettier-ignore
      const { pixels, record } = verifiedPicture(png, outcome.picture, { scene, seed, model });
      const maps = outcome.attention ? await readBlob(this.#redis, keys.attention(id), LARGEST_ATTENTION) : undefined;
      const attention = maps && unpackAttention(Buffer.from(maps).toString("utf8"));
      picture = { seed, pixels, record, seconds: outcome.seconds, attention, worker: outcome.worker };
    } catch (error) {
      // What Redis says, such as that it is starting, is no fault of the picture's, which is there as it was.
      if (!isAppError(error)) throw error;
      await client.settle(model.hash, id); // whoever asks again has it drawn anew
      this.#fail(id, messageOf(error));
      return;
    }
    if (this.#isOver || !this.#owed.has(id)) return; // nobody waits for it any more
    try {
      const handing = onPicture(picture);
      this.#handing = handing.catch(() => undefined);
      await handing;
    } catch (error) {
      onProblem(messageOf(error)); // it is in the pool still, and comes with the next look
      return;
    }
    this.#owed.delete(id);
    await client.settle(model.hash, id, outcome.picture);
  }

  #fail(id: string, why: string): void {
    const seed = this.#owed.get(id);
    if (seed === undefined) return;
    this.#owed.delete(id);
    this.#options.onFailed(seed, plainLine(why.slice(0, LONGEST_WHY)));
  }

  #endIfDone(): void {
    if (this.#owed.size > 0 || this.#isStopped) return;
    void this.#taking.then(() => this.stop());
  }
}
