/** Connections to a pool: one that is tried once and says in words what is wrong, and ones that last and come back by themselves. */
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { Redis } from "ioredis";
import type { PoolCheck } from "../api/pool.ts";
import { connectionOptions, connectionProblem, type PoolAddress, readAddress, shownAddress } from "./address.ts";

/** Milliseconds until a server that does not answer is given up. */
const PATIENCE = 4_000;
/** Milliseconds without an answer after which a connection counts as cut: a network may fail without saying so. */
const SILENCE = 10_000;

export interface Access {
  address: PoolAddress;
  ca?: string | undefined;
}

export function accessOf(address: string, ca?: string): Access {
  return { address: readAddress(address), ...(ca === undefined ? {} : { ca }) };
}

/** Connects once and looks at the server; rejects with `pool-failed`, which says what to do. */
export async function checkPool(access: Access, patience = PATIENCE): Promise<PoolCheck> {
  const redis = new Redis({
    ...connectionOptions(access.address, access.ca),
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: patience,
    commandTimeout: patience,
    maxRetriesPerRequest: 0,
  });
  let seen: unknown;
  redis.on("error", (error) => (seen ??= error));
  try {
    await redis.connect();
    const info = fieldsOf(await redis.info());
    return { address: shownAddress(access.address), ...describeServer(info) };
  } catch (error) {
    const why = seen ?? error;
    throw connectionProblem(why, access.address, await answersOtherwise(access.address, why, patience));
  } finally {
    redis.disconnect();
  }
}

/** A connection that lasts: what is asked while it is cut waits until it is back. `onProblem` hears each new reason in words. */
export function openConnection(access: Access, onProblem: (problem: string) => void): Redis {
  const redis = new Redis({
    ...connectionOptions(access.address, access.ca),
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
    connectTimeout: PATIENCE,
    socketTimeout: SILENCE,
    keepAlive: SILENCE,
    retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 6), 5_000),
  });
  let last = "";
  redis.on("error", (error) => {
    const { message } = connectionProblem(error, access.address);
    if (message !== last) onProblem((last = message));
  });
  redis.on("ready", () => (last = ""));
  return redis;
}

/** Whether a server that says nothing would have answered with TLS, or without. */
function answersOtherwise({ host, port, tls }: PoolAddress, error: unknown, patience: number): Promise<boolean> {
  const { code, name } = error as NodeJS.ErrnoException;
  const isAnswer = name === "ReplyError" || /CERT|ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(code ?? "");
  if (isAnswer) return Promise.resolve(false);
  return new Promise((resolve) => {
    // Nothing secret is sent: whose certificate it is does not matter yet.
    const socket = tls ? connect(port, host) : connectTls({ host, port, rejectUnauthorized: false });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patience, () => end(false));
    socket.once("error", () => end(false));
    socket.once("secureConnect", () => end(true));
    if (tls) socket.once("connect", () => socket.write("PING\r\n")).once("data", () => end(true));
  });
}

function fieldsOf(info: string): Map<string, string> {
  return new Map(
    info.split("\r\n").flatMap((line) => {
      const at = line.indexOf(":");
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
}

/** What of a server matters to a pool. */
function describeServer(info: ReadonlyMap<string, string>): Pick<PoolCheck, "server" | "notes"> {
  const notes: string[] = [];
  const version = info.get("valkey_version") ?? info.get("redis_version") ?? "of unknown version";
  const policy = info.get("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    notes.push(
      `Its maxmemory-policy is ${policy}: short of memory it forgets jobs without a word. Set it to noeviction.`,
    );
  }
  if (info.get("aof_enabled") === "0") {
    notes.push(
      "It keeps no log of changes (appendonly no): what was asked for in the last minutes is lost if it stops.",
    );
  }
  return { server: `${info.has("valkey_version") ? "Valkey" : "Redis"} ${version}`, notes };
}
