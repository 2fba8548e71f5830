/** What a LoRA's metadata say of it: which model it is made for and which words call it. Its maker's text: bounded, and not to be trusted. */
import type { Family } from "../single/family.ts";

/** Characters of a list of tags that are read; real ones have up to some hundred thousand. */
const MOST_JSON = 4_000_000;
const MOST_WORDS = 12;
const MOST_CHARACTERS = 80;

const BASES: readonly (readonly [RegExp, Family])[] = [
  [/^(sdxl|stable-diffusion-xl)/, "sdxl"],
  [/^(sd_?v?2|stable-diffusion-v2)/, "sd2"],
  [/^(sd_?v?1|stable-diffusion-v1)/, "sd1"],
];

/** What it says it was made for, as the words stand there; `family` where that is one that opens here. */
export interface StatedBase {
  text: string;
  family?: Family;
}

export function statedBase(metadata: ReadonlyMap<string, string>): StatedBase | undefined {
  for (const key of ["ss_base_model_version", "modelspec.architecture"]) {
    const text = plain(metadata.get(key) ?? "");
    if (text === "") continue;
    const family = BASES.find(([pattern]) => pattern.test(text.toLowerCase()))?.[1];
    return { text, ...(family ? { family } : {}) };
  }
  return undefined;
}

/**
 * The words that call the LoRA: the phrase that its maker states, else the tags that most of its training pictures had
 * (`ss_tag_frequency`: by folder, how often each tag stood), the commonest first.
 */
export function triggerWords(metadata: ReadonlyMap<string, string>): string[] {
  const stated = plain(metadata.get("modelspec.trigger_phrase") ?? "", 400);
  if (stated !== "") return wordsOf(stated.split(","));
  const text = metadata.get("ss_tag_frequency") ?? "";
  if (text === "" || text.length > MOST_JSON) return [];
  const counts = tagCounts(text);
  const most = Math.max(0, ...counts.values());
  const common = [...counts].filter(([, count]) => count * 2 >= most).sort(([, a], [, b]) => b - a);
  return wordsOf(common.map(([tag]) => tag));
}

function tagCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const tags of values(parsed(text))) {
    if (typeof tags !== "object" || tags === null || Array.isArray(tags)) continue;
    for (const [tag, count] of Object.entries(tags)) {
      if (typeof count !== "number" || !Number.isFinite(count) || count <= 0) continue;
      const word = plain(tag);
      if (word !== "") counts.set(word, (counts.get(word) ?? 0) + count);
    }
  }
  return counts;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // words that nobody can read are no reason to refuse the LoRA
  }
}

function values(value: unknown): unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}

function wordsOf(words: readonly string[]): string[] {
  const clean = words.map((word) => plain(word)).filter((word) => word !== "");
  return [...new Set(clean)].slice(0, MOST_WORDS);
}

/** On one line, without control characters, not long. */
function plain(text: string, most = MOST_CHARACTERS): string {
  return text
    .slice(0, most * 4)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, most);
}
