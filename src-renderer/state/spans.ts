/** How the ranges of the prompt that boxes are tied to follow what is typed. */
import type { TextSpan } from "@scene/scene.ts";
import { BETWEEN, continuesWord, INSIDE, wordBreaks } from "@scene/wordBreaks.ts";

/** `removed` characters at `start` gave way to `inserted`. */
export interface TextEdit {
  start: number;
  removed: number;
  inserted: string;
}

/**
 * The one edit between two texts. Where several are possible ("aa" to "aaa"), `caret`, which stands behind what was
 * inserted, decides.
 */
export function textEdit(before: string, after: string, caret = after.length): TextEdit {
  const longest = Math.min(before.length, after.length);
  let suffix = 0;
  const suffixLimit = Math.min(longest, after.length - Math.min(caret, after.length));
  while (suffix < suffixLimit && before.at(-1 - suffix) === after.at(-1 - suffix)) suffix++;
  let prefix = 0;
  while (prefix < longest - suffix && before[prefix] === after[prefix]) prefix++;
  // The caret says where the edit ended; without it (undo, replace all) the rest that is equal was not touched.
  while (suffix < longest - prefix && before.at(-1 - suffix) === after.at(-1 - suffix)) suffix++;
  return {
    start: prefix,
    removed: before.length - prefix - suffix,
    inserted: after.slice(prefix, after.length - suffix),
  };
}

/**
 * `span` after `edit`, or undefined when its words are gone. Typing inside a phrase, or letters right behind it
 * ("cat" to "cats"), makes it longer, but not what begins another word ("猫" to "猫と"); replacing exactly its words
 * keeps it; text in front of it moves it.
 */
function followEdit(span: TextSpan, { start, removed, inserted }: TextEdit, after: string): TextSpan | undefined {
  const end = start + removed;
  const shift = inserted.length - removed;
  if (removed === 0) {
    if (start < span.start || start === span.start) return { start: span.start + shift, end: span.end + shift };
    const goesOn = start === span.end && continuesWord(after.slice(span.start, span.end), inserted);
    if (start < span.end || goesOn) return { start: span.start, end: span.end + shift };
    return span;
  }
  if (end <= span.start) return { start: span.start + shift, end: span.end + shift };
  if (start >= span.end) return span;
  if (start >= span.start && end <= span.end) {
    return span.end + shift > span.start ? { start: span.start, end: span.end + shift } : undefined;
  }
  if (start <= span.start && end >= span.end) return undefined;
  // The edit took one end of the phrase with it: what is left stays.
  if (start < span.start) return { start: start + inserted.length, end: span.end + shift };
  return { start: span.start, end: start };
}

/** All of a box's spans after `edit`, without white space at their ends, none blank, none twice. */
export function followEdits(spans: readonly TextSpan[], edit: TextEdit, after: string): TextSpan[] {
  const followed = spans.flatMap((span) => {
    const moved = followEdit(span, edit, after);
    const trimmed = moved && trimSpan(after, moved);
    return trimmed ? [trimmed] : [];
  });
  return mergeSpans(followed);
}

/** `span` without white space at its ends; undefined when nothing else is in it. */
function trimSpan(text: string, { start, end }: TextSpan): TextSpan | undefined {
  while (start < end && text[start]!.trim() === "") start++;
  while (end > start && text[end - 1]!.trim() === "") end--;
  return start < end ? { start, end } : undefined;
}

/**
 * The words that a selection touches, whole; a caret in a word means that word. Where no space divides the words, a
 * selection is what was marked, and the dictionary says which word a caret means.
 */
export function wordsAt(text: string, selection: TextSpan): TextSpan | undefined {
  const [start, end] = [Math.min(selection.start, text.length), Math.min(selection.end, text.length)];
  const breaks = wordBreaks(text, { joins: true });
  if (start < end) {
    const chosen = trimSpan(text, { start, end });
    if (!chosen) return undefined;
    while (breaks[chosen.start] === INSIDE) chosen.start--;
    while (breaks[chosen.end] === INSIDE) chosen.end++;
    return trimSpan(text, chosen);
  }
  // The word that the caret is in or in front of, else the one behind it.
  const before = (i: number) => {
    while (i > 0 && breaks[i] !== BETWEEN) i--;
    return i;
  };
  const after = (i: number) => {
    while (i < text.length && breaks[i] !== BETWEEN) i++;
    return i;
  };
  const words = [
    { start: before(start), end: after(Math.min(start + 1, text.length)) },
    { start: before(Math.max(0, start - 1)), end: start },
  ];
  return words.find((word) => /^[\p{L}\p{M}\p{N}_'’-]/u.test(text.slice(word.start, word.end)));
}

/** The kind of what is dragged when marked words leave the prompt, as `DataTransfer` calls it. */
export const WORDS_TYPE = "application/x-diorama-words";

/** In order, with those that touch or overlap made one. */
export function mergeSpans(spans: readonly TextSpan[]): TextSpan[] {
  const merged: TextSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && span.start < last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged;
}

/** The parts of a text between the starts and ends of some spans, each with the indices of those that cover it. */
export function segments(text: string, spans: readonly TextSpan[]): { start: number; end: number; covers: number[] }[] {
  const cuts = new Set([0, text.length]);
  for (const { start, end } of spans) cuts.add(Math.min(start, text.length)).add(Math.min(end, text.length));
  const at = [...cuts].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => {
    const start = at[i]!;
    const covers = spans.flatMap((span, index) => (span.start <= start && span.end >= end ? [index] : []));
    return { start, end, covers };
  });
}
