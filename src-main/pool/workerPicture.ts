/** The picture of a worker's job: what was asked for is read and drawn, steps are told of, and what came of it is laid into the pool. */
import { type Job, UnrecoverableError } from "bullmq";
import type { Redis } from "ioredis";
import type { Pixels } from "../api/engine.ts";
import { metadataTexts } from "../image/metadata.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import { packAttention, readBlob, sha256Of, writeBlob } from "./blobs.ts";
import type { DrawTask, Task, TaskPicture, TaskStep } from "./drawing.ts";
import { channels, keys, queueKey, queueName, STAYS } from "./keys.ts";
import {
  FORM,
  LARGEST_ATTENTION,
  LARGEST_PICTURE,
  LARGEST_POOL_STATE,
  LARGEST_PREVIEW,
  LARGEST_REQUEST,
  type PoolEvent,
  type PoolJob,
  type PoolOutcome,
  type PoolRequest,
  readText,
  requestSchema,
} from "./messages.ts";
import { advanceTurns } from "./turns.ts";

/** Milliseconds between two steps that are told of. */
const TELL_EVERY = 500;

/** Another worker came to the end of the job first. */
export class TakenError extends Error {
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

export async function drawNew(
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
  const key = queueKey(bull.queueName, id);
  if ((await redis.hexists(key, "name")) === 0) throw cancelled();
  if ((await redis.hexists(key, "finishedOn")) === 1) throw new TakenError();
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

export async function isUnwanted(redis: Redis, run: string, job: string): Promise<boolean> {
  const [all, one] = await redis.smismember(keys.unwanted(run), "*", job);
  return all === 1 || one === 1;
}

export function cancelled(): AppError {
  return new AppError("cancelled", "Cancelled.", {});
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

export function publish(redis: Redis, run: string, event: PoolEvent): Promise<number> {
  return redis.publish(channels.run(run), JSON.stringify(event));
}
