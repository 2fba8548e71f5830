/**
 * One job of a worker, from taking it to its end. While it is drawn its lock is renewed; a worker that cannot do so in time, cut off from
 * the pool, has lost the job to another one and stops. What came of a job lies in the pool before the job is said to be done, so that
 * whoever takes it over finds it there and draws nothing twice.
 */
import { type Job, UnrecoverableError } from "bullmq";
import type { Redis } from "ioredis";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import { readCut } from "./bounded.ts";
import { forgetJob } from "./forget.ts";
import { jobId, keys, queueKey } from "./keys.ts";
import { jobSchema, outcomeSchema, type PoolJob, type PoolOutcome, readFrom, readIfSound } from "./messages.ts";
import { cancelled, drawNew, isUnwanted, type JobWorker, publish, TakenError } from "./workerPicture.ts";
import { MOST_DEATHS } from "./workerQueues.ts";

/** What `doJob` came to. */
export type JobEnd =
  | { kind: "done" }
  | { kind: "failed"; why: string; isFinal: boolean }
  /** Nobody wants it any more. */
  | { kind: "unwanted" }
  /** The worker leaves: another one goes on. */
  | { kind: "left" }
  /** It is another worker's by now. */
  | { kind: "lost" };

/** `bull`: a job that was just taken with this token. Rejects only where the pool itself fails. */
export async function doJob(bull: Job, token: string, worker: JobWorker): Promise<JobEnd> {
  const { redis } = worker;
  const id = bull.id!;
  const leaving = new AbortController();
  const unwanted = new AbortController();
  const lock = keepLock(bull, token, worker, () => leaving.abort());
  const leave = () => leaving.abort();
  worker.leaving.addEventListener("abort", leave);
  if (worker.leaving.aborted) leave();
  let run: string | undefined;
  try {
    const job = readJob(bull, worker);
    ({ run } = job);
    if (await isUnwanted(redis, job.run, id)) throw cancelled();
    if (bull.deferredFailure) throw new UnrecoverableError(afterDeaths(bull));
    const found = readIfSound(outcomeSchema, await readCut(redis, keys.drawn(id)));
    const outcome = found ?? (await drawNew(bull, job, worker, { leaving, unwanted }));
    return await complete(bull, token, outcome, worker);
  } catch (error) {
    if (error instanceof TakenError) return { kind: "lost" }; // what the other one made of it must stay
    if (unwanted.signal.aborted || (isAppError(error, "cancelled") && !leaving.signal.aborted)) {
      return await giveUp(bull, token, redis);
    }
    if (lock.isLost) return { kind: "lost" };
    if (leaving.signal.aborted && isAppError(error, "cancelled")) {
      await bull.moveToWait(token);
      return { kind: "left" };
    }
    return await fail(bull, token, error, run, worker);
  } finally {
    lock.stop();
    worker.leaving.removeEventListener("abort", leave);
  }
}

function readJob(bull: Job, { app }: JobWorker): PoolJob {
  try {
    const job = readFrom(jobSchema, bull.data, "The job");
    if (bull.id === jobId(job.run, job.seed)) return job;
    throw new AppError("pool-failed", "The job cannot be read: its name is another one's", { address: "" });
  } catch (error) {
    throw new UnrecoverableError(
      `${messageOf(error)}. This worker is Diorama ${app}; was it asked for by another one?`,
    );
  }
}

async function complete(bull: Job, token: string, outcome: PoolOutcome, { redis }: JobWorker): Promise<JobEnd> {
  const { run } = bull.data as PoolJob;
  try {
    await bull.moveToCompleted(outcome, token, false);
  } catch (error) {
    // Sent again after the connection was cut, it may have been done the first time; or another worker was faster.
    if ((await redis.hexists(queueKey(bull.queueName, bull.id!), "finishedOn")) === 0) throw error;
  }
  await redis.del(keys.state(bull.id!));
  await publish(redis, run, { kind: "ended", job: bull.id! });
  return { kind: "done" };
}

async function fail(
  bull: Job,
  token: string,
  error: unknown,
  run: string | undefined,
  { redis, name, onProblem }: JobWorker,
): Promise<JobEnd> {
  const mayHelp = isAppError(error, "service-crashed") || isAppError(error, "out-of-memory");
  const isFinal = !mayHelp || bull.attemptsMade + 1 >= (bull.opts.attempts ?? 1);
  const tries = mayHelp && isFinal && bull.attemptsMade > 0 ? `Tried ${bull.attemptsMade + 1} times. ` : "";
  const why = `${tries}${messageOf(error)} (worker ${name})`;
  try {
    await bull.moveToFailed(mayHelp ? new Error(why) : new UnrecoverableError(why), token, false);
  } catch (problem) {
    onProblem(messageOf(problem)); // another worker has it by now
    return { kind: "lost" };
  }
  if (isFinal && run !== undefined) await publish(redis, run, { kind: "ended", job: bull.id! });
  return { kind: "failed", why, isFinal };
}

/** Nobody wants it: it goes, with all that was made of it, unless somebody asked for it again and another worker has it. */
async function giveUp(bull: Job, token: string, redis: Redis): Promise<JobEnd> {
  const id = bull.id!;
  await bull.moveToFailed(new UnrecoverableError("Cancelled."), token, false).catch(() => undefined); // gone, or another's
  await bull.remove().catch(() => undefined);
  if ((await redis.exists(queueKey(bull.queueName, id))) === 1) return { kind: "lost" };
  await forgetJob(redis, id);
  return { kind: "unwanted" };
}

function afterDeaths({ stalledCounter }: Job): string {
  const times = Math.max(stalledCounter, MOST_DEATHS + 1);
  return `${times} workers died or fell silent over this picture, so it is not tried again. Is it larger than their memory?`;
}

/** Renews the lock of a job until it is stopped; `onLost` where the job is not this worker's any more. */
function keepLock(bull: Job, token: string, { lock, onProblem }: JobWorker, onLost: () => void) {
  let isAsking = false;
  const state = { isLost: false, stop: () => clearInterval(timer) };
  const renew = async () => {
    if (isAsking) return; // the pool does not answer: the one question is enough
    isAsking = true;
    const isOurs = await bull.extendLock(token, lock).then(
      (answer) => answer === 1,
      (error: unknown) => {
        onProblem(messageOf(error));
        return false;
      },
    );
    isAsking = false;
    if (isOurs) return;
    state.isLost = true;
    state.stop();
    onLost();
  };
  const timer = setInterval(() => void renew(), lock / 3);
  return state;
}
