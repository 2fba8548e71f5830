/** The checkpoints that somebody asked a pool for pictures of, by the queues of their jobs. */
import type { Redis } from "ioredis";
import { listCut } from "./bounded.ts";
import { keys } from "./keys.ts";
import { type AskedModel, askedModelSchema, MOST_MODELS, readIfSound } from "./messages.ts";

/** Of whatever form; what is no checkpoint is left out. */
export async function readAsked(redis: Redis): Promise<AskedModel[]> {
  const all = await listCut(redis, "HVALS", keys.models, [], { largest: 4_000, most: MOST_MODELS });
  return all.flatMap((json) => readIfSound(askedModelSchema, json) ?? []);
}
