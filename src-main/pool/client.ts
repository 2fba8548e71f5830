/** A pool as those see it who want pictures: runs are asked for, cancelled and looked at. What comes of them collection.ts fetches. */
import { Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { encodePng } from "../image/png.ts";
import type { Pixels } from "../api/engine.ts";
import type { PoolState, Urgency } from "../api/pool.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";
import { readAsked } from "./asked.ts";
import { sha256Of, writeBlob } from "./blobs.ts";
import { addCut, answersOf } from "./bounded.ts";
import { forgetJob } from "./forget.ts";
import { channels, jobId, keys, PREFIX, queueKey, queueName, STAYS } from "./keys.ts";
import {
  type AskedModel,
  FORM,
  jobSchema,
  LARGEST_PICTURE,
  LARGEST_REQUEST,
  type PoolCall,
  type PoolJob,
  type PoolRequest,
  readFrom,
  readIfSound,
  requestSchema,
} from "./messages.ts";
import { withoutPaths } from "./plainScene.ts";
import { giveBackTurns, priorityOf, reserveTurns, resetTurns } from "./turns.ts";
import { failuresOf, stateOf } from "./dashboard.ts";
import { Listener } from "./listener.ts";

/** Times that a picture is drawn whose worker's engine died over it. */
export const MOST_TRIES = 3;

/** Milliseconds between two looks whether a silent connection is still one. */
const PING_EVERY = 5_000;

/** Pictures of one scene. */
export interface RunRequest {
  /** The same run, asked for again, is the same: what is there already is not drawn again. Letters, digits and dashes. */
  run: string;
  user: string;
  urgency: Urgency;
  model: PoolRequest["model"];
  scene: Scene;
  seeds: readonly Seed[];
  previewEvery: number;
  attention: boolean;
  /** The picture that the scene goes on from. */
  start?: Pixels;
}

export class PoolClient {
  readonly redis: Redis;
  readonly #app: string;
  readonly #queues = new Map<string, Queue>();
  readonly #pingEvery: number;
  #listener: Listener | undefined;

  constructor(redis: Redis, app: string, pingEvery = PING_EVERY) {
    this.redis = redis;
    this.#app = app;
    this.#pingEvery = pingEvery;
  }

  /** What is told while it happens. */
  get listener(): Listener {
    return (this.#listener ??= new Listener(this.redis, this.#pingEvery));
  }

  /** Puts what is not there yet into the queue; what failed before is tried again. Gives the scene as workers are told it. */
  async submit({ run, user, urgency, seeds, start, ...asked }: RunRequest): Promise<{ scene: Scene; added: number }> {
    const { redis } = this;
    const scene = withoutPaths(asked.scene);
    const png = start && encodePng(start);
    if (png && png.length > LARGEST_PICTURE) throw tooLarge("The picture that it goes on from", png.length);
    const asking: PoolRequest = {
      ...{ form: FORM, app: this.#app, model: asked.model, scene },
      ...{ previewEvery: asked.previewEvery, attention: asked.attention },
      ...(png ? { start: sha256Of(png) } : {}),
    };
    const request = readFrom(requestSchema, asking, "What is asked of the pool");
    const json = JSON.stringify(request);
    if (json.length > LARGEST_REQUEST) throw tooLarge("The scene", json.length);
    const sha256 = sha256Of(json);
    await writeBlob(redis, keys.request(sha256), json, STAYS.run);
    if (png) await writeBlob(redis, keys.start(sha256Of(png)), png, STAYS.run);
    await this.#register(request.model);
    await redis.srem(keys.unwanted(run), "*", ...seeds.map((seed) => jobId(run, seed)));

    const queue = this.#queueOf(request.model.hash);
    const missing: Seed[] = [];
    const told = await this.#fieldsOf(queue.name, seeds.map((seed) => jobId(run, seed)), ["name", "finishedOn", "failedReason"]); // prettier-ignore
    for (const [i, seed] of seeds.entries()) {
      const [name, finishedOn, failedReason] = told[i]!;
      if (name === null) missing.push(seed);
      else if (finishedOn && failedReason) await this.retry(request.model.hash, jobId(run, seed));
    }
    if (missing.length > 0) {
      if (await this.#isIdle()) await resetTurns(redis);
      const first = await reserveTurns(redis, urgency, user, missing.length);
      const jobs = missing.map((seed, i) => {
        const turn = first + i;
        const data = readFrom(jobSchema, { form: FORM, run, seed, request: sha256, user, urgency, turn }, "A job");
        const opts = {
          ...{ jobId: jobId(run, seed), priority: priorityOf(urgency, turn), attempts: MOST_TRIES },
          ...{ removeOnComplete: { age: STAYS.run }, removeOnFail: { age: STAYS.run }, stackTraceLimit: 1 },
        };
        return { name: "picture", data, opts };
      });
      await queue.addBulk(jobs);
    }
    await this.#call({ kind: "asked" });
    return { scene: request.scene, added: missing.length };
  }

  /** Nobody wants these seeds of a run any more, or any of it: within a step they are not drawn, and what came of them is forgotten. */
  async cancel(run: string, hash: string, seeds: readonly Seed[]): Promise<void> {
    const { redis } = this;
    const ids = seeds.map((seed) => jobId(run, seed));
    if (ids.length === 0) return;
    await redis
      .multi()
      .sadd(keys.unwanted(run), ...ids)
      .expire(keys.unwanted(run), STAYS.run)
      .exec();
    for (const job of ids) await this.#call({ kind: "unwanted", run, job });
    const queue = this.#queueOf(hash);
    let owner: PoolJob | undefined;
    let waited = 0;
    const told = await this.#fieldsOf(queue.name, ids, ["name", "processedOn", "data"]);
    for (const [i, id] of ids.entries()) {
      const [name, processedOn, data = null] = told[i]!;
      // One that is drawn just now is locked: its worker removes it.
      if (name === null || (await queue.remove(id)) !== 1) continue;
      owner ??= readIfSound(jobSchema, data);
      if (!processedOn) waited++;
      await forgetJob(redis, id);
    }
    if (owner && waited > 0) await giveBackTurns(redis, owner.urgency, owner.user, waited);
  }

  /** A picture is where it belongs, or cannot be taken: the pool need not keep it. */
  async settle(hash: string, id: string, picture?: string): Promise<void> {
    await this.#queueOf(hash).remove(id); // 0 where it is gone already
    await forgetJob(this.redis, id, picture);
  }

  /** Tries a failed picture again, from the beginning. */
  async retry(hash: string, id: string): Promise<void> {
    const queue = this.#queueOf(hash);
    if ((await this.redis.exists(queueKey(queue.name, id))) === 0)
      throw new AppError("not-found", "This picture is no longer in the pool.", { what: "job", id });
    await forgetJob(this.redis, id);
    await this.redis.hdel(queueKey(queue.name, id), "defa", "stc");
    await new Job(queue, "picture", {}, {}, id).retry("failed", { resetAttemptsMade: true }); // by its name alone
    await this.#call({ kind: "asked" });
  }

  /** The whole pool at this moment. */
  async state(): Promise<PoolState> {
    const models = (await this.models()).filter(({ form }) => form === FORM);
    return { ...(await stateOf(this.redis, models)), failures: await failuresOf(this.redis, models) };
  }

  /** Checkpoints that somebody asked for. */
  models(): Promise<AskedModel[]> {
    return readAsked(this.redis);
  }

  async close(): Promise<void> {
    this.#listener?.close();
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  async #register({ hash, name, repo }: PoolRequest["model"]): Promise<void> {
    const model: AskedModel = { form: FORM, hash, name, app: this.#app, ...(repo === undefined ? {} : { repo }) };
    await this.redis.hset(keys.models, queueName(hash), JSON.stringify(model));
  }

  /** Nothing is drawn or waits. */
  async #isIdle(): Promise<boolean> {
    const batch = this.redis.pipeline();
    for (const { hash } of await this.models()) {
      const key = (type: string) => queueKey(queueName(hash), type);
      batch.llen(key("wait")).zcard(key("prioritized")).llen(key("active"));
    }
    return ((await batch.exec()) ?? []).every(([, count]) => count === 0);
  }

  /** Of each job the fields, null where it has none; of no field more than a job of ours could hold. */
  async #fieldsOf(queue: string, ids: readonly string[], fields: readonly string[]): Promise<(string | null)[][]> {
    const batch = this.redis.pipeline();
    for (const id of ids) addCut(batch, "HMGET", queueKey(queue, id), fields, { largest: 4_000 });
    return (await answersOf(batch)) as (string | null)[][];
  }

  async #call(call: PoolCall): Promise<void> {
    await this.redis.publish(channels.workers, JSON.stringify(call));
  }

  #queueOf(hash: string): Queue {
    const known = this.#queues.get(hash);
    if (known) return known;
    const queue = new Queue(queueName(hash), { connection: this.redis, prefix: PREFIX });
    queue.on("error", () => undefined); // the connection says it
    this.#queues.set(hash, queue);
    return queue;
  }
}

function tooLarge(what: string, bytes: number): AppError {
  return new AppError("bad-request", `${what} is too large for a pool (${bytes} bytes).`, { method: "pool" });
}
