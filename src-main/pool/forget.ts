/** What lies in a pool of a job besides the job itself: its picture, its state, where its phrases look. */
import type { Redis } from "ioredis";
import { readCut } from "./bounded.ts";
import { keys } from "./keys.ts";
import { outcomeSchema, readIfSound } from "./messages.ts";

/** Takes it all away. `picture`: the SHA-256 of its picture, where the caller knows it. */
export async function forgetJob(redis: Redis, id: string, picture?: string): Promise<void> {
  const drawn = readIfSound(outcomeSchema, await readCut(redis, keys.drawn(id)))?.picture;
  const pictures = new Set([picture, drawn].flatMap((one) => (one === undefined ? [] : [keys.picture(id, one)])));
  await redis.del(keys.state(id), keys.attention(id), keys.drawn(id), ...pictures);
}
