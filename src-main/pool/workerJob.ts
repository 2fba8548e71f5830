/**
 * One job of a worker, from taking it to its end. While it is drawn its lock is renewed; a worker that cannot do so in time, cut off from
 * the pool, has lost the job to another one and stops. What came of a job lies in the pool before the job is said to be done, so that
 * whoever takes it over finds it there and draws nothing twice.
 */
import { type Job, UnrecoverableError } from "bullmq";
import type { Redis } from "ioredis";
import type { Pixels } from "../api/engine.ts";
import { metadataTexts } from "../image/metadata.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import { packAttention, readBlob, sha256Of, writeBlob } from "./blobs.ts";
import type { DrawTask, Task, TaskPicture, TaskStep } from "./drawing.ts";
import { channels, jobId, keys, queueKey, queueName, STAYS } from "./keys.ts";
import {
  FORM,
  jobSchema,
  LARGEST_ATTENTION,
  LARGEST_PICTURE,
  LARGEST_POOL_STATE,
  LARGEST_PREVIEW,
  LARGEST_REQUEST,
  outcomeSchema,
  type PoolEvent,
  type PoolJob,
  type PoolOutcome,
  type PoolRequest,
  readFrom,
  readIfSound,
  readText,
  requestSchema,
} from "./messages.ts";
import { advanceTurns } from "./turns.ts";
import { MOST_DEATHS } from "./workerQueues.ts";

/** Milliseconds between two steps that are told of. */
const TELL_EVERY = 500;

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

/** Another worker came to the end of the job first. */
class TakenError extends Error {
  override readonly name = "TakenError";
}

export interface JobWorker {
  redis: Redis;
  name: string;
  app: string;
  draw: DrawTask;
  /** Milliseconds; see QueueTimes. */
  lock: number;
  keepEvery: number;
  /** The worker is asked to go. */
  leaving: AbortSignal;
  /** What is drawn, as others are shown it. */
  onBegin: (job: PoolJob, request: PoolRequest, unwanted: AbortController) => void;
  onStep: (step: TaskStep) => void;
  onProblem: (problem: string) => void;
}

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
    const found = readIfSound(outcomeSchema, await redis.get(keys.drawn(id)));
    const outcome = found ?? (await drawNew(bull, job, worker, { leaving, unwanted }));
    return await complete(bull, token, outcome, worker);
  } catch (error) {
    if (error instanceof TakenError) return { kind: "lost" }; // what the other one made of it must stay
    if (unwanted.signal.aborted || (isAppError(error, "cancelled") && !leaving.signal.aborted)) {
      await giveUp(bull, token, redis);
      return { kind: "unwanted" };
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

async function drawNew(
  bull: Job,
  job: PoolJob,
  worker: JobWorker,
  { leaving, unwanted }: { leaving: AbortController; unwanted: AbortController },
): Promise<PoolOutcome> {
  const { redis, keepEvery } = worker;
  const id = bull.id!;
  const request = await readRequest(redis, job.request, bull.queueName, worker.app);
  const begun = await readBlob(redis, keys.state(id), LARGEST_POOL_STATE);
  const start = request.start === undefined ? undefined : await readStart(redis, request.start);
  await advanceTurns(redis, job.urgency, job.turn);
  worker.onBegin(job, request, unwanted);
  // Who said so a moment ago was not heard yet: from here on the worker knows which job is meant.
  if (await isUnwanted(redis, job.run, id)) throw cancelled();

  let writing: Promise<unknown> = Promise.resolve();
  const inTurn = (write: () => Promise<unknown>) => {
    writing = writing.then(write).catch((error: unknown) => worker.onProblem(messageOf(error)));
  };
  const tell = teller(bull, job.run, worker);
  const control = {
    unwanted: unwanted.signal,
    leaving: leaving.signal,
    onStep: (step: TaskStep) => {
      worker.onStep(step);
      tell(step);
    },
    onState: (state: Uint8Array<ArrayBuffer>) => {
      if (state.length > LARGEST_POOL_STATE) return;
      inTurn(() => writeBlob(redis, keys.state(id), state, STAYS.state));
      // Whoever gets further with it each time may die as often as it likes.
      inTurn(() => redis.hdel(queueKey(bull.queueName, id), "stc"));
    },
  };
  const { model, scene, previewEvery, attention } = request;
  const task: Task = {
    ...{ model, scene, seed: job.seed, previewEvery, attention, keepEvery },
    ...(start ? { start } : {}),
  };
  let picture: TaskPicture;
  try {
    picture = await worker.draw(begun ? { ...task, from: begun } : task, control).catch((error: unknown) => {
      // Another device, or another version, began it: its seed is drawn from the start.
      if (!begun || !isAppError(error, "state-invalid")) throw error;
      return worker.draw(task, control);
    });
  } finally {
    await writing; // what was kept of it is there before somebody else takes it
  }
  const png = encodePng(picture.pixels, metadataTexts(picture.record));
  if (png.length > LARGEST_PICTURE) {
    throw new UnrecoverableError(`The picture has ${png.length} bytes, more than a pool takes (${LARGEST_PICTURE}).`);
  }
  // Cut off for long, the worker may come too late: what was asked for was fetched from another one.
  const [name, finishedOn] = await redis.hmget(queueKey(bull.queueName, id), "name", "finishedOn");
  if (name === null) throw cancelled();
  if (finishedOn !== null) throw new TakenError();
  const sha256 = sha256Of(png);
  const maps = picture.attention && attention ? packAttention(picture.attention) : undefined;
  const hasMaps = maps !== undefined && maps.length <= LARGEST_ATTENTION;
  if (hasMaps) await writeBlob(redis, keys.attention(id), maps, STAYS.run);
  await writeBlob(redis, keys.picture(id, sha256), png, STAYS.run);
  const outcome: PoolOutcome = {
    ...{
      form: FORM,
      picture: sha256,
      bytes: png.length,
      seconds: picture.seconds,
      worker: worker.name,
      attention: hasMaps,
    },
  };
  await writeBlob(redis, keys.drawn(id), JSON.stringify(outcome), STAYS.run);
  return outcome;
}

/** What the run's pictures have in common. */
async function readRequest(redis: Redis, sha256: string, queue: string, app: string): Promise<PoolRequest> {
  const bytes = await readBlob(redis, keys.request(sha256), LARGEST_REQUEST);
  if (!bytes || sha256Of(bytes) !== sha256) {
    throw new UnrecoverableError("What was asked for is no longer in the pool, or too large for it. Ask for it again.");
  }
  const json = Buffer.from(bytes).toString("utf8");
  let request: PoolRequest;
  try {
    request = readText(requestSchema, json, "What was asked for", LARGEST_REQUEST);
  } catch (error) {
    throw new UnrecoverableError(
      `${messageOf(error)}. This worker is Diorama ${app}; was it asked for by another one?`,
    );
  }
  if (queueName(request.model.hash) === queue) return request;
  throw new UnrecoverableError("What was asked for is for another checkpoint than the queue that it came in.");
}

async function readStart(redis: Redis, sha256: string): Promise<Pixels> {
  const png = await readBlob(redis, keys.start(sha256), LARGEST_PICTURE);
  if (png && sha256Of(png) === sha256) return decodePng(png).pixels;
  throw new UnrecoverableError("The picture that the scene goes on from is no longer in the pool. Ask for it again.");
}

async function isUnwanted(redis: Redis, run: string, job: string): Promise<boolean> {
  const [all, one] = await redis.smismember(keys.unwanted(run), "*", job);
  return all === 1 || one === 1;
}

async function complete(bull: Job, token: string, outcome: PoolOutcome, { redis }: JobWorker): Promise<JobEnd> {
  const { run } = bull.data as PoolJob;
  try {
    await bull.moveToCompleted(outcome, token, false);
  } catch (error) {
    // Sent again after the connection was cut, it may have been done the first time; or another worker was faster.
    if ((await redis.hget(queueKey(bull.queueName, bull.id!), "finishedOn")) === null) throw error;
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

async function giveUp(bull: Job, token: string, redis: Redis): Promise<void> {
  const id = bull.id!;
  await bull.moveToFailed(new UnrecoverableError("Cancelled."), token, false).catch(() => undefined); // gone already
  await bull.remove().catch(() => undefined);
  await redis.del(keys.state(id), keys.drawn(id), keys.attention(id));
}

function afterDeaths({ stalledCounter }: Job): string {
  const times = Math.max(stalledCounter, MOST_DEATHS + 1);
  return `${times} workers died or fell silent over this picture, so it is not tried again. Is it larger than their memory?`;
}

function cancelled(): AppError {
  return new AppError("cancelled", "Cancelled.", {});
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

/** Tells listeners of steps, and everybody how far the job is, from time to time. */
function teller(bull: Job, run: string, { redis, name, onProblem }: JobWorker): (step: TaskStep) => void {
  let last = -Infinity;
  let isTelling = false;
  return ({ step, steps, elapsed, secondsLeft, obedience, preview }) => {
    const now = performance.now();
    if (isTelling || (now - last < TELL_EVERY && step < steps)) return;
    last = now;
    isTelling = true;
    const packed = preview && encodePng(preview);
    const event: PoolEvent = {
      ...{ kind: "step", job: bull.id!, step, steps, elapsed, left: secondsLeft ?? null, obedience, worker: name },
      ...(packed && packed.length <= LARGEST_PREVIEW ? { preview: Buffer.from(packed).toString("base64") } : {}),
    };
    Promise.all([bull.updateProgress({ step, steps, worker: name }), publish(redis, run, event)])
      .catch((error: unknown) => onProblem(messageOf(error)))
      .finally(() => (isTelling = false));
  };
}

function publish(redis: Redis, run: string, event: PoolEvent): Promise<number> {
  return redis.publish(channels.run(run), JSON.stringify(event));
}
