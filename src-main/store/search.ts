/** The search over prompts: SQLite's FTS5 (table `run_text`), asked in a person's words and answered in marked pieces of text. */
import type { TextPart } from "../api/store.ts";

/** Words that are looked for at most. More tell no two prompts apart. */
const MOST_WORDS = 32;
/** Characters of a word that count. */
const LONGEST_WORD = 100;

/** The words of what a person typed, each once. Of a whole prompt that is pasted they are the first ones. */
export function wordsOf(text: string): string[] {
  const words = new Map<string, string>();
  for (const [word] of text.normalize("NFC").matchAll(/[\p{L}\p{N}]+/gu)) {
    const start = word.slice(0, LONGEST_WORD).replace(/[\ud800-\udbff]$/, ""); // no half of a character
    words.set(fold(start), start);
    if (words.size === MOST_WORDS) break;
  }
  return [...words.values()];
}

/** The question to the search: all words, each as the beginning of one, in quotes, so that nothing a person types is an operator. */
export function toMatch(words: readonly string[]): string {
  return words.map((word) => `"${word}"*`).join(" ");
}

/** Words that a piece of a text has at most. */
const PIECE = 24;
/** A word of a text, about as FTS5's tokenizer sees it. */
const WORD = /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu;

/**
 * The piece of a text with the most of the words that were looked for, those marked; its beginning where none is there. FTS5's own
 * `snippet` takes a time that grows with the square of how often a word stands in a text, and a stranger's prompt can be one word only.
 */
export function pieceOf(text: string, words: readonly string[]): TextPart[] {
  const sought = words.map(fold);
  const tokens = [...text.matchAll(WORD)].map(({ 0: word, index }) => {
    const folded = fold(word);
    return { start: index, end: index + word.length, found: sought.findIndex((one) => folded.startsWith(one)) };
  });
  const first = bestStart(tokens.map(({ found }) => found));
  const last = Math.min(first + PIECE, tokens.length) - 1;
  let at = first === 0 ? 0 : tokens[first]!.start;
  const end = last < 0 || last === tokens.length - 1 ? text.length : tokens[last]!.end;
  const parts: TextPart[] = [];
  const add = (part: string, marked: boolean) => {
    if (part !== "") parts.push({ text: part, marked });
  };
  if (first > 0) add("…", false);
  for (const token of tokens.slice(first, last + 1)) {
    if (token.found < 0) continue;
    add(text.slice(at, token.start), false);
    add(text.slice(token.start, token.end), true);
    at = token.end;
  }
  add(text.slice(at, end) + (end < text.length ? "…" : ""), false);
  return parts;
}

/** Where a piece begins best: with the most different words in it, then with the most of them, then as early as can be. */
function bestStart(found: readonly number[]): number {
  const counts = new Map<number, number>();
  let marked = 0;
  const count = (which: number | undefined, change: 1 | -1) => {
    if (which === undefined || which < 0) return;
    marked += change;
    const now = (counts.get(which) ?? 0) + change;
    if (now === 0) counts.delete(which);
    else counts.set(which, now);
  };
  for (const which of found.slice(0, PIECE)) count(which, 1);
  let [best, start] = [[counts.size, marked] as const, 0];
  for (let i = 1; i + PIECE <= found.length; i++) {
    count(found[i - 1], -1);
    count(found[i + PIECE - 1], 1);
    if (counts.size > best[0] || (counts.size === best[0] && marked > best[1]))
      [best, start] = [[counts.size, marked], i];
  }
  return start;
}

/** Without accents and case, as the tokenizer compares words. */
function fold(word: string): string {
  return word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
