/** How a pool is doing: its workers, what waits, what failed and why. */
import type { Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { PoolFailure, PoolQueueState, PoolState, PoolWorkerState } from "../api/pool.ts";
import { queueKey, queueName } from "./keys.ts";
import { type AskedModel, FORM, jobSchema, readIfSound } from "./messages.ts";
import { readPresences } from "./presence.ts";

/** Failures of a checkpoint that are told of. */
const MOST_FAILURES = 100;
/** Jobs that are looked at for whose they are: more need not be counted one by one. */
const MOST_COUNTED = 2_000;

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
    const ids = await redis.zrange(queueKey(queue, "prioritized"), 0, String(MOST_COUNTED - 1));
    const batch = redis.pipeline();
    for (const id of ids) batch.hget(queueKey(queue, id), "data");
    for (const [, json] of (await batch.exec()) ?? []) {
      const job = readIfSound(jobSchema, json as string | null);
      if (job) waiting.set(job.user, (waiting.get(job.user) ?? 0) + 1);
    }
  }
  return [...waiting].map(([user, count]) => ({ user, waiting: count })).sort((a, b) => b.waiting - a.waiting);
}

export async function failuresOf(queues: readonly (readonly [AskedModel, Queue])[]): Promise<PoolFailure[]> {
  const failures: PoolFailure[] = [];
  for (const [{ name, hash }, queue] of queues) {
    const jobs = (await queue.getJobs(["failed"], 0, MOST_FAILURES - 1)) as Job[];
    for (const { id, data, failedReason, finishedOn } of jobs) {
      const job = readIfSound(jobSchema, JSON.stringify(data));
      const { run, seed, user } = job ?? { run: "", seed: "", user: "" };
      const why = failedReason.slice(0, 1_000);
      failures.push({ ...{ job: String(id), model: name, hash, run, seed, user, why, at: finishedOn ?? 0 } });
    }
  }
  return failures.sort((a, b) => b.at - a.at).slice(0, MOST_FAILURES);
}
