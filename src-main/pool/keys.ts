/** Where a pool's things lie in its Redis, and how long what nobody fetches stays. BullMQ's own keys are beside them, under the same prefix. */
import type { Seed } from "../scene/scene.ts";
import { FORM } from "./messages.ts";

export const PREFIX = "diorama";

/** Seconds. */
export const STAYS = {
  /** Requests, and pictures that nobody has fetched. */
  run: 7 * 24 * 3_600,
  /** What an unfinished picture goes on from. */
  state: 24 * 3_600,
  /** A worker that is not heard of any more. */
  worker: 20,
} as const;

/** BullMQ's name for the jobs of a checkpoint; other forms of messages have other queues, which are not read. */
export function queueName(hash: string, form = FORM): string {
  return `v${form}-${hash.slice(0, 32)}`;
}

/** A key of BullMQ's, of one of its lists or of a job. */
export function queueKey(queue: string, type: string): string {
  return `${PREFIX}:${queue}:${type}`;
}

/** The same run and seed are the same job, however often they are asked for. */
export function jobId(run: string, seed: Seed): string {
  return `${run}_${seed}`;
}

export const keys = {
  request: (sha256: string) => `${PREFIX}:request:${sha256}`,
  start: (sha256: string) => `${PREFIX}:start:${sha256}`,
  picture: (job: string, sha256: string) => `${PREFIX}:picture:${job}:${sha256}`,
  attention: (job: string) => `${PREFIX}:attention:${job}`,
  /** What came of a job, from when its picture lies there: also where the worker ends before it can say so. */
  drawn: (job: string) => `${PREFIX}:drawn:${job}`,
  state: (job: string) => `${PREFIX}:state:${job}`,
  /** Jobs of a run that nobody wants any more. */
  unwanted: (run: string) => `${PREFIX}:unwanted:${run}`,
  /** What checkpoints are, by hash: see about.ts. */
  about: `${PREFIX}:about`,
  /** Checkpoints by queue. */
  models: `${PREFIX}:models`,
  workers: `${PREFIX}:workers`,
  worker: (id: string) => `${PREFIX}:worker:${id}`,
  turns: (urgency: string) => `${PREFIX}:turns:${urgency}`,
} as const;

export const channels = {
  run: (run: string) => `${PREFIX}:run:${run}`,
  workers: `${PREFIX}:calls`,
} as const;
