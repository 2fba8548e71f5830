/** Lists of seeds as people write them, `1,2,7-9`, `1 2 3`, `7;8`, `5-3`: to 64-bit seeds in text form, and back. */
import { LARGEST_SEED, show } from "./fields.ts";
import { MOST_SEEDS } from "./limits.ts";
import type { Seed } from "./scene.ts";

export { LARGEST_SEED } from "./fields.ts";

/** What was read, or what is wrong with it; the caller knows where it stood. */
export type SeedsResult = { seeds: Seed[] } | { problem: string };

/** What people put between seeds, of any script; two of them are one. */
const SEPARATORS = /[\s,;，、；]+/u;
/** Hyphen, dashes and the minus sign, and the white space around them. */
const DASH = /\s*[-‐-―−]\s*/gu;

/**
 * Seeds from `1,2,7-9`, in the order written, each once; a range counts down where it is written so. A number of
 * JavaScript is accepted in a list where it is a whole number that did not lose digits.
 */
export function readSeeds(value: unknown): SeedsResult {
  if (typeof value === "string") {
    const parts = value
      .replace(DASH, "-")
      .split(SEPARATORS)
      .filter((part) => part !== "");
    return parts.length > 0 ? readParts(parts) : { problem: 'a seed is missing: write seeds as "1,2,7-9"' };
  }
  if (typeof value === "number") return readParts([value]);
  if (Array.isArray(value) && value.length > 0) return readParts(value as unknown[]);
  return { problem: `expected seeds such as "1,2,7-9" or [1, 2, 7], got ${show(value)}` };
}

function readParts(parts: readonly unknown[]): SeedsResult {
  const seeds = new Set<Seed>();
  for (const part of parts) {
    const range = readRange(part);
    if ("problem" in range) return range;
    // Before it is written out: 0-18446744073709551615 would fill the memory.
    const step = range.last < range.first ? -1n : 1n;
    if ((range.last - range.first) * step >= BigInt(MOST_SEEDS)) return { problem: tooMany(String(part)) };
    for (let seed = range.first; seed !== range.last + step; seed += step) seeds.add(seed.toString());
    if (seeds.size > MOST_SEEDS) return { problem: tooMany(String(part)) };
  }
  return { seeds: [...seeds] };
}

function tooMany(part: string): string {
  return `"${part.trim()}" makes more than ${MOST_SEEDS.toLocaleString("en")} seeds; ask for fewer at a time`;
}

function readRange(part: unknown): { first: bigint; last: bigint } | { problem: string } {
  if (typeof part === "number") {
    if (!Number.isInteger(part)) return { problem: `${part} is not a whole number` };
    if (!Number.isSafeInteger(part)) {
      return { problem: "numbers above 2^53 lose digits in JSON; write this seed as text, in double quotes" };
    }
    return part < 0 ? outOfRange(String(part)) : { first: BigInt(part), last: BigInt(part) };
  }
  if (typeof part !== "string") return { problem: `expected a seed, got ${show(part)}` };

  const text = part.trim();
  if (text === "") return { problem: 'a seed is missing: write seeds as "1,2,7-9"' };
  const match = /^(\d{1,40})(?:-(\d{1,40}))?$/.exec(text.replace(DASH, "-"));
  if (!match) {
    if (/^-\d+$/.test(text)) return outOfRange(text);
    return { problem: `"${clip(text)}" is not a seed or a range of seeds such as 7-9` };
  }
  const first = BigInt(match[1]!);
  const last = BigInt(match[2] ?? match[1]!);
  if (first > LARGEST_SEED || last > LARGEST_SEED) return outOfRange(text);
  return { first, last };
}

function outOfRange(text: string): { problem: string } {
  return { problem: `${text} is out of range: seeds go from 0 to ${LARGEST_SEED}` };
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** The short text form: runs of three or more consecutive seeds become ranges. */
export function formatSeeds(seeds: readonly Seed[]): string {
  const parts: string[] = [];
  for (let i = 0; i < seeds.length;) {
    let j = i;
    while (j + 1 < seeds.length && BigInt(seeds[j + 1]!) === BigInt(seeds[j]!) + 1n) j++;
    if (j - i >= 2) parts.push(`${seeds[i]!}-${seeds[j]!}`);
    else parts.push(...seeds.slice(i, j + 1));
    i = j + 1;
  }
  return parts.join(",");
}
