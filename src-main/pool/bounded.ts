/**
 * What others wrote to a pool, fetched no further than it may be long: each text of an answer is cut by Redis itself, one byte beyond its
 * bound, so that whoever checks its length afterwards sees that it is too long, and nobody has had memory for the rest.
 */
import type { ChainableCommander, Redis } from "ioredis";
import { LARGEST_NOTE, LARGEST_PREVIEW } from "./messages.ts";

/** Bytes of one text, and texts of one answer. */
const LARGEST = LARGEST_PREVIEW * 2 + LARGEST_NOTE;

/** ARGV: bytes of a text, texts of the answer, the command and what follows its key. */
const CUT = `
local told = redis.call(ARGV[3], KEYS[1], unpack(ARGV, 4))
local function cut(text)
  if type(text) == "string" then return string.sub(text, 1, ARGV[1] + 1) end
  return text
end
if type(told) ~= "table" then return cut(told) end
local some = {}
for i = 1, math.min(#told, tonumber(ARGV[2])) do some[i] = cut(told[i]) end
return some`;

type Answer = (string | null)[];
type Command = "GET" | "HGET" | "HMGET" | "HVALS" | "ZRANGE" | "ZREVRANGE";

interface Bounds {
  /** Bytes of each text. */
  largest?: number;
  /** Texts of the answer. */
  most?: number;
}

function words(command: Command, key: string, more: readonly (string | number)[], { largest, most }: Bounds) {
  return [CUT, 1, key, largest ?? LARGEST, most ?? 10_000, command, ...more] as const;
}

/** One text; null where there is none. */
export async function readCut(redis: Redis, key: string, bounds: Bounds = {}): Promise<string | null> {
  return (await redis.eval(...words("GET", key, [], bounds))) as string | null;
}

/** Fields, members or values: whatever the command gives. */
export async function listCut(
  redis: Redis,
  command: Exclude<Command, "GET" | "HGET">,
  key: string,
  more: readonly (string | number)[] = [],
  bounds: Bounds = {},
): Promise<Answer> {
  return (await redis.eval(...words(command, key, more, bounds))) as Answer;
}

/** Likewise as one of many commands; its answer is the batch's. */
export function addCut(
  batch: ChainableCommander,
  command: Command,
  key: string,
  more: readonly (string | number)[] = [],
  bounds: Bounds = {},
): void {
  batch.eval(...words(command, key, more, bounds));
}

/** The answers of a batch; throws the first that is an error. */
export async function answersOf(batch: ChainableCommander): Promise<unknown[]> {
  return ((await batch.exec()) ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}
