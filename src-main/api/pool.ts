/** What is told of a pool, a queue on Redis that several workers draw from: to the window, and by the command line. */
import type { Seed } from "../scene/scene.ts";

/** Which pictures go first; within one, users take turns. */
export const URGENCIES = ["first", "usual", "later"] as const;
export type Urgency = (typeof URGENCIES)[number];

/** A checkpoint as a pool knows it, wherever it lies. */
export interface PoolModel {
  /** SHA-256 of its weights and of how they are read, in hexadecimal (checkpoint/contentHash.ts). */
  hash: string;
  name: string;
}

/** What a server was found to be. */
export interface PoolCheck {
  /** Without its password. */
  address: string;
  /** `Redis 7.0.15`. */
  server: string;
  /** What whoever runs it should know, a sentence each. */
  notes: string[];
}

/** A worker as it tells of itself. */
export interface PoolWorkerState {
  id: string;
  name: string;
  /** Version of Diorama. */
  app: string;
  /** It reads the jobs of this version. */
  isReadable: boolean;
  device: string;
  models: PoolModel[];
  /** The checkpoint that it has open. */
  open: string | null;
  drawing: { run: string; seed: Seed; user: string; model: string; step: number; steps: number } | null;
  done: number;
  failed: number;
  /** Of the pictures drawn lately; null before the first. */
  secondsEach: number | null;
  /** What it cannot draw and why, and what it does besides. */
  notes: string[];
  /** Seconds since it was heard of. */
  silent: number;
}

/** Jobs of one checkpoint. */
export interface PoolQueueState {
  model: PoolModel;
  waiting: number;
  drawing: number;
  /** Workers that have the checkpoint. */
  workers: number;
}

export interface PoolFailure {
  job: string;
  model: string;
  /** Of the checkpoint: two may have one name. */
  hash: string;
  run: string;
  seed: Seed;
  user: string;
  why: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** The whole pool at one moment. */
export interface PoolState {
  workers: PoolWorkerState[];
  queues: PoolQueueState[];
  /** The newest first; not all where there are very many. */
  failures: PoolFailure[];
  /** Pictures that wait, by user. */
  users: { user: string; waiting: number }[];
}
