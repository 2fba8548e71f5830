/** Who is in a pool: workers say so every few seconds, and who is not heard of any more is gone. */
import type { Redis } from "ioredis";
import { keys, STAYS } from "./keys.ts";
import { MOST_WORKERS, type Presence, presenceSchema, readIfSound } from "./messages.ts";

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
  const heard = await redis.zrevrange(keys.workers, 0, MOST_WORKERS - 1, "WITHSCORES");
  const ids = heard.filter((_, i) => i % 2 === 0);
  if (ids.length === 0) return [];
  const told = await redis.mget(ids.map((id) => keys.worker(id)));
  const gone = ids.filter((_, i) => told[i] === null);
  if (gone.length > 0) await redis.zrem(keys.workers, ...gone);
  return told.flatMap((json, i) => {
    const presence = readIfSound(presenceSchema, json ?? null);
    return presence ? [{ ...presence, silent: Math.max(0, now - Number(heard[2 * i + 1])) }] : [];
  });
}
