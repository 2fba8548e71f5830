/** Who is in a pool: workers say so every few seconds, and who is not heard of any more is gone. */
import type { Redis } from "ioredis";
import { addCut, answersOf, listCut } from "./bounded.ts";
import { keys, STAYS } from "./keys.ts";
import { MOST_WORKERS, type Presence, presenceSchema, readIfSound } from "./messages.ts";

/** Of a worker; longer ones are nobody's. */
const LONGEST_ID = 100;

export async function writePresence(redis: Redis, presence: Presence): Promise<void> {
  await redis
    .multi()
    .set(keys.worker(presence.id), JSON.stringify(presence), "EX", STAYS.worker)
    .zadd(keys.workers, Date.now(), presence.id)
    .exec();
}

export async function removePresence(redis: Redis, id: string): Promise<void> {
  await redis.multi().del(keys.worker(id)).zrem(keys.workers, id).exec();
}

/** Those who are there, with the milliseconds since each was heard of. What is no presence is left out. */
export async function readPresences(redis: Redis): Promise<(Presence & { silent: number })[]> {
  const now = Date.now();
  const heard = await listCut(redis, "ZREVRANGE", keys.workers, [0, MOST_WORKERS - 1, "WITHSCORES"], {
    ...{ largest: LONGEST_ID, most: 2 * MOST_WORKERS },
  });
  const ids = heard.filter((_, i) => i % 2 === 0).map(String);
  if (ids.length === 0) return [];
  const batch = redis.pipeline();
  for (const id of ids) addCut(batch, "GET", keys.worker(id));
  const told = (await answersOf(batch)) as (string | null)[];
  const gone = ids.filter((_, i) => told[i] === null);
  if (gone.length > 0) await redis.zrem(keys.workers, ...gone);
  return told.flatMap((json, i) => {
    const presence = readIfSound(presenceSchema, json);
    return presence ? [{ ...presence, silent: Math.max(0, now - Number(heard[2 * i + 1])) }] : [];
  });
}
