/** Phrases of a prompt: where they are, and what was probably meant when they are not there. */
import { nearest } from "./nearest.ts";
import type { TextSpan } from "./scene.ts";

/** Letters of any script with their marks, digits and the underscore, as `\p{…}` class members. */
const WORD = String.raw`\p{L}\p{M}\p{N}_`;
const startsWithWord = new RegExp(`^[${WORD}]`, "u");
const endsWithWord = new RegExp(`[${WORD}]$`, "u");

/** Longest phrase of a prompt that is compared for a suggestion, in words; edit distance is quadratic. */
const MOST_SUGGESTED_WORDS = 12;

/**
 * Where `phrase` stands in `prompt`, from the left and without overlaps: at word boundaries ("cat" is not in
 * "category"), ignoring case, and with any white space where the phrase has some.
 */
export function findPhrase(prompt: string, phrase: string): TextSpan[] {
  const words = phrase.trim().split(/\s+/);
  if (words[0] === "") return [];
  const body = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)).join(String.raw`\s+`);
  // A boundary is only asked for beside a letter or digit: the phrase "(red)" ends with its bracket.
  const before = startsWithWord.test(words[0]!) ? `(?<![${WORD}])` : "";
  const after = endsWithWord.test(words.at(-1)!) ? `(?![${WORD}])` : "";
  const pattern = new RegExp(before + body + after, "giu");
  return [...prompt.matchAll(pattern)].map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

/** The run of as many words of `prompt` that is spelled most like `phrase`, or undefined when none is close. */
export function nearestPhrase(prompt: string, phrase: string): string | undefined {
  const wanted = phrase.trim().split(/\s+/).length;
  if (wanted > MOST_SUGGESTED_WORDS) return undefined;
  const words = [...prompt.matchAll(new RegExp(`[${WORD}](?:[${WORD}'’-]*[${WORD}])?`, "gu"))];
  const phrases: string[] = [];
  for (let i = 0; i + wanted <= words.length; i++) {
    const last = words[i + wanted - 1]!;
    phrases.push(prompt.slice(words[i]!.index, last.index + last[0].length));
  }
  return nearest(phrase.trim(), phrases);
}
