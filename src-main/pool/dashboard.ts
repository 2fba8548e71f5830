/** How a pool is doing: its workers, what waits, what failed and why. */
import type { Redis } from "ioredis";
import type { PoolFailure, PoolQueueState, PoolState, PoolWorkerState } from "../api/pool.ts";
import { addCut, answersOf, listCut } from "./bounded.ts";
import { queueKey, queueName } from "./keys.ts";
import { type AskedModel, FORM, jobSchema, readIfSound } from "./messages.ts";
import { readPresences } from "./presence.ts";

/** Failures of a checkpoint that are told of. */
const MOST_FAILURES = 100;
/** Jobs that are looked at for whose they are: more need not be counted one by one. */
const MOST_COUNTED = 2_000;
/** Bytes of a name, of what a job holds, of why it failed. */
const SHORT = { largest: 4_000 };

export async function stateOf(redis: Redis, models: readonly AskedModel[]): Promise<Omit<PoolState, "failures">> {
  const presences = await readPresences(redis);
  const workers = presences.map((presence): PoolWorkerState => {
    const { form, silent, drawing, ...rest } = presence;
    return { ...rest, drawing, isReadable: form === FORM, silent: silent / 1_000 };
  });
  const batch = redis.pipeline();
  for (const { hash } of models) {
    const key = (type: string) => queueKey(queueName(hash), type);
    batch.llen(key("wait")).zcard(key("prioritized")).llen(key("active"));
  }
  const counts = ((await batch.exec()) ?? []).map(([, count]) => Number(count));
  const queues = models.map(({ hash, name }, i): PoolQueueState => {
    const has = presences.filter((one) => one.form === FORM && one.models.some((model) => model.hash === hash));
    const [left = 0, inTurn = 0, drawing = 0] = counts.slice(3 * i, 3 * i + 3);
    return { model: { hash, name }, waiting: left + inTurn, drawing, workers: has.length };
  });
  return {
    workers,
    queues: queues.filter(({ waiting, drawing }) => waiting + drawing > 0),
    users: await usersOf(redis, models),
  };
}

/** Who waits for how much, of the first jobs of each checkpoint. */
async function usersOf(redis: Redis, models: readonly AskedModel[]): Promise<PoolState["users"]> {
  const waiting = new Map<string, number>();
  for (const { hash } of models) {
    const queue = queueName(hash);
    const ids = await listCut(redis, "ZRANGE", queueKey(queue, "prioritized"), [0, MOST_COUNTED - 1], SHORT);
    const batch = redis.pipeline();
    for (const id of ids) addCut(batch, "HGET", queueKey(queue, id!), ["data"], SHORT);
    for (const json of await answersOf(batch)) {
      const job = readIfSound(jobSchema, json as string | null);
      if (job) waiting.set(job.user, (waiting.get(job.user) ?? 0) + 1);
    }
  }
  return [...waiting].map(([user, count]) => ({ user, waiting: count })).sort((a, b) => b.waiting - a.waiting);
}

export async function failuresOf(redis: Redis, models: readonly AskedModel[]): Promise<PoolFailure[]> {
  const failures: PoolFailure[] = [];
  for (const { name, hash } of models) {
    const queue = queueName(hash);
    const ids = await listCut(redis, "ZREVRANGE", queueKey(queue, "failed"), [0, MOST_FAILURES - 1], SHORT);
    const batch = redis.pipeline();
    for (const id of ids) addCut(batch, "HMGET", queueKey(queue, id!), ["data", "failedReason", "finishedOn"], SHORT);
    for (const [i, told] of (await answersOf(batch)).entries()) {
      const [data = null, why = null, at] = told as (string | null)[];
      if (why === null) continue; // it is gone by now
      const { run, seed, user } = readIfSound(jobSchema, data) ?? { run: "", seed: "", user: "" };
      const words = { why: why.slice(0, 1_000), at: Number(at) || 0 };
      failures.push({ job: ids[i]!, model: name, hash, run, seed, user, ...words });
    }
  }
  return failures.sort((a, b) => b.at - a.at).slice(0, MOST_FAILURES);
}
