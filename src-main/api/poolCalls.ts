/**
 * A pool as a window sees it and asks of it: which one, how it stands, what it can draw. A checkpoint there is named by a path of its own
 * form, `pool:ID/HASH`, wherever a checkpoint here is named by its file's; what is told of workers and queues is in pool.ts.
 */
import * as v from "valibot";
import { PROVIDERS, type ProviderName } from "../scene/scene.ts";
import { listOf } from "../wire/lists.ts";
import type { Schemas } from "../wire/rpc.ts";
import type { LoadRequest } from "./engine.ts";
import type { ModelFamily } from "./models.ts";
import type { PoolCheck, PoolModel, PoolState, PoolWorkerState } from "./pool.ts";

/** `lost`: there was a connection, or none could be made, for `problem`; it is tried again by itself. */
export type PoolConnection = "connecting" | "connected" | "lost";

/** A checkpoint that workers have. */
export interface PoolCheckpoint extends PoolModel {
  family: ModelFamily | null;
  /** Workers that have it. */
  workers: number;
}

/** The pool that this machine's windows may draw in. */
export interface Pool {
  /** By its address: pictures that one pool owes are not asked of another. */
  id: string;
  /** Without its password. */
  address: string;
  connection: PoolConnection;
  /** What is wrong and what to do, for a person. */
  problem: string | null;
  /** Workers that read what this version asks. */
  workers: number;
  /** What most of them draw with. */
  provider: ProviderName;
  /** As they were heard of last, by name. */
  models: PoolCheckpoint[];
}

/** Calls that main serves to a window; see main.ts. */
export interface PoolCalls {
  /** Begins to connect. Null: there is none. */
  readPool(): Promise<Pool | null>;
  /** Connects once, looks, and keeps nothing. */
  checkPool(request: PoolAddressRequest): Promise<PoolCheck>;
  /** The same, and takes it from now on, in place of the one before. */
  usePool(request: PoolAddressRequest): Promise<PoolCheck>;
  /** What it draws for this machine is drawn on, and stays there for days. */
  forgetPool(): Promise<void>;
  /** Everything there at this moment; `pool-failed` where it cannot be reached. */
  poolState(): Promise<PoolState>;
  /** Tries failed pictures again, from the beginning. */
  retryInPool(request: { failures: { hash: string; job: string }[] }): Promise<void>;
}

export interface PoolAddressRequest {
  /** `rediss://user:password@host:port`. */
  address: string;
  /** Certificates (PEM) that signed the server's, where the system does not know them. */
  ca: string | null;
}

/** Characters of certificates. */
export const LONGEST_CERTIFICATES = 100_000;
/** Failed pictures that are tried again together. */
const MOST_RETRIED = 200;
const HASH = /^[0-9a-f]{64}$/;
const nothing = v.undefined("expected no argument");
/** How long an address may be is said in words, where it is read. */
const access = v.strictObject({
  address: v.pipe(v.string(), v.maxLength(10_000)),
  ca: v.nullable(v.pipe(v.string(), v.maxLength(LONGEST_CERTIFICATES))),
});

export const poolSchemas = {
  readPool: nothing,
  checkPool: access,
  usePool: access,
  forgetPool: nothing,
  poolState: nothing,
  retryInPool: v.strictObject({
    failures: listOf(
      v.strictObject({ hash: v.pipe(v.string(), v.regex(HASH)), job: v.pipe(v.string(), v.maxLength(300)) }),
      MOST_RETRIED,
    ),
  }),
} satisfies Schemas<PoolCalls>;

export function poolPath(id: string, hash: string): string {
  return `pool:${id}/${hash}`;
}

/** The pool and checkpoint of such a path; undefined where it is another one. */
export function readPoolPath(path: string): { id: string; hash: string } | undefined {
  const found = /^pool:([0-9a-f]{16})\/([0-9a-f]{64})$/.exec(path);
  return found ? { id: found[1]!, hash: found[2]! } : undefined;
}

export function isInPool({ path }: Pick<LoadRequest, "path">): boolean {
  return readPoolPath(path) !== undefined;
}

/** What most workers draw with: their devices begin with its name. */
export function providerOf(workers: readonly Pick<PoolWorkerState, "device">[]): ProviderName {
  const counts = PROVIDERS.map(
    (name) => [name, workers.filter(({ device }) => device.startsWith(name)).length] as const,
  );
  return counts.reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}
