/** Bytes in a pool's Redis: requests, pictures, states. Their size is asked before they are fetched, and what they are known by checked. */
import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import type { AttentionMaps } from "../api/engine.ts";
import * as v from "valibot";
import { LIMITS } from "../api/engineMessages.ts";
import { AppError } from "../wire/errors.ts";
import { LARGEST_ATTENTION, readText } from "./messages.ts";

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The bytes at a key; undefined where there are none, or more than `largest`. */
export async function readBlob(
  redis: Redis,
  key: string,
  largest: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const size = await redis.strlen(key).catch((error: unknown) => {
    if (isWrongType(error)) return 0;
    throw error;
  });
  if (size === 0 || size > largest) return undefined;
  const bytes = await redis.getBuffer(key);
  return bytes === null || bytes.length > largest ? undefined : new Uint8Array(bytes);
}

/** Whether Redis refused because something else lies at the key: a list, a hash. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("WRONGTYPE");
}

export async function writeBlob(redis: Redis, key: string, bytes: Uint8Array | string, stays: number): Promise<void> {
  await redis.set(key, typeof bytes === "string" ? bytes : Buffer.from(bytes), "EX", stays);
}

const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.pixels));
const attentionSchema = v.strictObject({
  width: side,
  height: side,
  regions: v.record(v.pipe(v.string(), v.maxLength(LIMITS.id)), v.pipe(v.string(), v.maxLength(LARGEST_ATTENTION))),
});

/** Where phrases look, as text. */
export function packAttention({ width, height, regions }: AttentionMaps): string {
  const packed = Object.entries(regions).map(([id, map]) => {
    return [id, Buffer.from(map.buffer, map.byteOffset, map.byteLength).toString("base64")];
  });
  return JSON.stringify({ width, height, regions: Object.fromEntries(packed) as object });
}

/** Throws `pool-failed` where it is not whole. */
export function unpackAttention(text: string): AttentionMaps {
  const what = "Where the picture's phrases look";
  const { width, height, regions } = readText(attentionSchema, text, what, LARGEST_ATTENTION);
  const maps = Object.entries(regions).map(([id, base64]) => {
    const bytes = new Uint8Array(Buffer.from(base64, "base64"));
    // No memory for what is only said to be there.
    if (bytes.length !== width * height * 4) {
      throw new AppError("pool-failed", `${what} cannot be read: a map is not ${width} x ${height}`, { address: "" });
    }
    return [id, new Float32Array(bytes.buffer)] as const;
  });
  return { width, height, regions: Object.fromEntries(maps) };
}
