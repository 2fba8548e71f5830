/**
 * 10,000 damaged files, from a fixed seed: each is read or refused with an `AppError`, and what is read is checked again
 * here by other means than the reader's.
 */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isAppError } from "../../src-main/wire/errors.ts";
import { type Header, parseHeader } from "../../src-main/checkpoint/header.ts";
import { readSafetensors } from "../../src-main/checkpoint/safetensors.ts";
import { safetensors, temporary } from "./folders.ts";

/** Numbers from 0 to n - 1, the same at every run (mulberry32). */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const SOUND = safetensors(
  {
    "conv_in.weight": [[3, 2, 1, 1]],
    "conv_in.bias": [[3], "F16"],
    empty: [[0, 4], "BF16"],
    scalar: [[], "I64"],
    "up_blocks.0.x": [[5], "I8"],
  },
  { format: "pt" },
);
const NUMBERS = ["0", "1", "-1", "-0", "1.5", "1.0", "1e3", "01", "2", "4", "24", "255", "4294967296", "9007199254740991", "9007199254740993", "18446744073709551616", "9".repeat(300), '"1"', "null", "[]", "true"]; // prettier-ignore
const SCRAPS = ["{", "}", "[", "]", ",", ":", '"', "\\", "\\u0000", "\ud83d\ude00", "null", " ", "\n", "\0", '"__proto__":', '"__metadata__":', '"dtype":"F32"', '"shape":[1]', '"data_offsets":[0,4]', '"U8"', '"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},']; // prettier-ignore

type Damage = (file: Buffer, pick: (n: number) => number) => Buffer;

/** Changes the header's text, and its length with it. */
function rewrite(change: (text: string, pick: (n: number) => number) => string): Damage {
  return (file, pick) => {
    const length = Number(file.readBigUInt64LE());
    const header = Buffer.from(change(file.toString("utf8", 8, 8 + length), pick));
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([start, header, file.subarray(8 + length)]);
  };
}

const DAMAGES: Damage[] = [
  (file, pick) => {
    const copy = Buffer.from(file);
    for (let n = 1 + pick(3); n > 0; n--) copy[pick(copy.length)]! ^= 1 << pick(8);
    return copy;
  },
  (file, pick) => file.subarray(0, pick(file.length + 1)),
  (file, pick) => Buffer.concat([file, Buffer.alloc(1 + pick(40))]),
  (file, pick) => {
    const copy = Buffer.from(file);
    copy.writeBigUInt64LE([0n, 1n, BigInt(pick(600)), 2n ** 63n, 2n ** 64n - 1n, 25_000_000n][pick(6)]!);
    return copy;
  },
  rewrite((text, pick) => {
    const numbers = [...text.matchAll(/\d+/g)];
    const number = numbers[pick(numbers.length)];
    if (!number) return text;
    const { 0: old, index } = number;
    return text.slice(0, index) + NUMBERS[pick(NUMBERS.length)]! + text.slice(index + old.length);
  }),
  rewrite((text, pick) => {
    const at = pick(text.length + 1);
    return text.slice(0, at) + SCRAPS[pick(SCRAPS.length)]! + text.slice(at);
  }),
  rewrite((text, pick) => {
    const at = pick(text.length);
    return text.slice(0, at) + text.slice(at + 1 + pick(12));
  }),
  rewrite((text, pick) => {
    const [a, b, to] = [pick(text.length), pick(text.length), pick(text.length)];
    return text.slice(0, to) + text.slice(Math.min(a, b), Math.max(a, b)) + text.slice(to);
  }),
  // Whole entries in another order, or twice: often still sound.
  rewrite((text, pick) => {
    const entries = [...text.matchAll(/"[^"]+":\{[^}]*\}/g)].map(([entry]) => entry);
    entries.splice(pick(entries.length), 0, ...entries.splice(pick(entries.length), 1 + pick(2)));
    if (pick(4) === 0) entries.push(entries[pick(entries.length)]!);
    return `{${entries.join([",", " , ", "\n,"][pick(3)])}}`;
  }),
  rewrite((text, pick) => text.replaceAll(/[,:{}]/g, (mark) => (pick(5) === 0 ? ` ${mark}\t` : mark))),
];

/** As the file says it, by `JSON.parse` and sums over all bytes. */
function recheck(file: Buffer, { tensors, metadata }: Header): void {
  const headerBytes = Number(file.readBigUInt64LE());
  const text = file.toString("utf8", 8, 8 + headerBytes);
  const json = JSON.parse(text) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  const keys = Object.keys(json).filter((key) => key !== "__metadata__");
  expect([...tensors.keys()].sort()).toEqual(keys.sort());
  expect([...metadata.values()].every((value) => typeof value === "string")).toBe(true);
  // JSON.parse lost no entry behind another of the same name.
  const offsets = /"data_offsets"\s*:/g;
  expect(text.match(offsets)?.length).toBe(JSON.stringify(json).match(offsets)?.length);

  const owners = new Uint8Array(file.length - 8 - headerBytes);
  for (const [key, { offset, length, shape, type }] of tensors) {
    const said = json[key]!;
    expect([type, shape, offset - 8 - headerBytes, length]).toEqual([said.dtype, said.shape, said.data_offsets[0], said.data_offsets[1] - said.data_offsets[0]]); // prettier-ignore
    for (let i = 0; i < length; i++) owners[offset - 8 - headerBytes + i]!++;
  }
  expect(owners.every((count) => count === 1)).toBe(true);
}

test("10,000 damaged files are each read rightly or refused", async () => {
  const pick = random(20_261_123);
  const path = temporary("x.safetensors");
  let read = 0;
  for (let i = 0; i < 10_000; i++) {
    let file = SOUND;
    for (let n = 1 + pick(2); n > 0; n--)
      if (file.length >= 8 && wellFramed(file)) file = DAMAGES[pick(DAMAGES.length)]!(file, pick);
    try {
      // Every tenth goes through the file system, for the checks that come before the header.
      const onDisk = i % 10 === 0 || !wellFramed(file);
      if (onDisk) writeFileSync(path, file);
      recheck(file, onDisk ? await readSafetensors(path) : parseHeader(file.subarray(8, 8 + Number(file.readBigUInt64LE())), { file: path, size: file.length })); // prettier-ignore
      read++;
    } catch (error) {
      if (!isAppError(error, "checkpoint-invalid"))
        throw new Error(`file ${i}: ${file.toString("latin1")}`, { cause: error });
      expect(error.message).toContain(path);
    }
  }
  // Both happen often, or the test would show nothing.
  expect(read).toBeGreaterThan(1000);
  expect(read).toBeLessThan(5000);
});

/** Whether the header's length is true, so that the header can be changed or parsed by itself. */
function wellFramed(file: Buffer): boolean {
  return file.length >= 8 && file.readBigUInt64LE() <= BigInt(file.length - 8);
}
