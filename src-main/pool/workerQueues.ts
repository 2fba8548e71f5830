/** The jobs that a worker could do: a queue of BullMQ for each of its checkpoints, asked by hand, so that it is the worker who chooses. */
import { type Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { PoolModel } from "../api/pool.ts";
import { messageOf } from "../wire/errors.ts";
import type { Offer } from "./choice.ts";
import { readAsked } from "./asked.ts";
import { PREFIX, queueKey, queueName } from "./keys.ts";
import { type AskedModel, FORM } from "./messages.ts";
import { placeOfScore } from "./turns.ts";

export interface QueueTimes {
  /** Milliseconds for which a job is its worker's without a sign of life. */
  lock: number;
  /** Milliseconds between two looks for jobs whose worker has died. */
  lookEvery: number;
}

/** Deaths of workers over a picture, without one of them getting further with it, that are put down to chance. */
export const MOST_DEATHS = 4;

export class WorkerQueues {
  readonly #redis: Redis;
  readonly #times: QueueTimes;
  readonly #name: string;
  readonly #onProblem: (problem: string) => void;
  readonly #open = new Map<string, Worker>();

  constructor(redis: Redis, name: string, times: QueueTimes, onProblem: (problem: string) => void) {
    this.#redis = redis;
    this.#name = name;
    this.#times = times;
    this.#onProblem = onProblem;
  }

  /** What waits, by checkpoint. `openBy`: how many other workers have it open. */
  async offers(models: readonly PoolModel[], openBy: ReadonlyMap<string, number>): Promise<Offer[]> {
    const batch = this.#redis.pipeline();
    for (const { hash } of models) {
      const key = (type: string) => queueKey(queueName(hash), type);
      batch.llen(key("wait")).zcard(key("prioritized")).zrange(key("prioritized"), 0, "0", "WITHSCORES");
    }
    const told = ((await batch.exec()) ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    });
    return models.map(({ hash }, i) => {
      const [left, inTurn, first] = told.slice(3 * i, 3 * i + 3) as [number, number, string[]];
      // What another worker left lies before all that has a turn.
      const place = left > 0 || first[1] === undefined ? { urgency: 0, turn: -1 } : placeOfScore(Number(first[1]));
      return { hash, waiting: left + inTurn, ...place, openElsewhere: openBy.get(hash) ?? 0 };
    });
  }

  /** The first job of a checkpoint, which is this worker's from now on. */
  async take(hash: string, token: string): Promise<Job | undefined> {
    return (await this.#of(hash)).getNextJob(token, { block: false });
  }

  /** Also jobs that nobody can be heard of any more are looked for. */
  async watch(models: readonly PoolModel[]): Promise<void> {
    for (const { hash } of models) await this.#of(hash);
  }

  /** Checkpoints that somebody asked for, of whatever form. */
  async asked(): Promise<AskedModel[]> {
    return readAsked(this.#redis);
  }

  /** Jobs that wait of a checkpoint, also of another form. */
  async waiting(hash: string, form = FORM): Promise<number> {
    const key = (type: string) => queueKey(queueName(hash, form), type);
    const [left, inTurn] = await Promise.all([this.#redis.llen(key("wait")), this.#redis.zcard(key("prioritized"))]);
    return left + inTurn;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((worker) => worker.close(true)));
  }

  async #of(hash: string): Promise<Worker> {
    const known = this.#open.get(hash);
    if (known) return known;
    const { lock, lookEvery } = this.#times;
    const worker = new Worker(queueName(hash), null, {
      ...{ connection: this.#redis, prefix: PREFIX, name: this.#name, autorun: false },
      ...{ lockDuration: lock, stalledInterval: lookEvery, maxStalledCount: MOST_DEATHS },
    });
    worker.on("error", (error) => this.#onProblem(messageOf(error)));
    this.#open.set(hash, worker);
    await worker.startStalledCheckTimer();
    return worker;
  }
}
