/**
 * Where words begin and end. Scripts with spaces say it themselves; in those without (Japanese, Chinese, Thai …) a
 * dictionary divides the words (Intl.Segmenter), and a person may mean any part of what stands together.
 */
import type { TextSpan } from "./scene.ts";

/** At each place between two characters: inside a word, inside a run of a script without spaces, or between words. */
export const INSIDE = 0;
/** No end of a word for the dictionary; but dictionaries differ, and what a person marks or names here is meant. */
export const LOOSE = 1;
export const BETWEEN = 2;

const letter = /^[\p{L}\p{N}_]/u;
/** The scripts that are written without spaces, and what is used in them alone (the long vowel mark "ー"). */
const unspaced =
  /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u;
/** Accents, variation selectors, joiners: they are what the character before them is. */
const extender = /^[\p{M}\p{Cf}]/u;
/** Join the words of a phrase that is marked ("well-known", "cat's"), but not those of one that is looked for. */
const joiner = /^['’-]/u;

/** What a character is part of: nothing, a word between spaces, or a run without them. */
type Kind = "other" | "spaced" | "unspaced";

function kindOf(point: string, before: Kind, joins: boolean): Kind {
  if (extender.test(point)) return before;
  if (letter.test(point)) return unspaced.test(point) ? "unspaced" : "spaced";
  return joins && joiner.test(point) ? "spaced" : "other";
}

const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });
const dictionary = new Intl.Segmenter("und", { granularity: "word" });

/** The latest answers, with and without joiners: a prompt is asked about once for each of its phrases. */
const latest: { text: string; breaks: Uint8Array }[] = [];

/** INSIDE, LOOSE or BETWEEN for each of the `text.length + 1` places of a text. */
export function wordBreaks(text: string, { joins = false } = {}): Uint8Array {
  const known = latest[Number(joins)];
  if (known?.text === text) return known.breaks;
  const breaks = findBreaks(text, joins);
  latest[Number(joins)] = { text, breaks };
  return breaks;
}

function findBreaks(text: string, joins: boolean): Uint8Array {
  const breaks = new Uint8Array(text.length + 1);
  breaks[0] = breaks[text.length] = BETWEEN;
  let before: Kind = "other";
  let anyLoose = false;
  for (const { segment, index } of graphemes.segment(text)) {
    let kind: Kind = before;
    let isFirst = true;
    for (const point of segment) {
      const next = kindOf(point, isFirst ? "other" : kind, joins);
      if (isFirst && index > 0) {
        const place = next !== before || next === "other" ? BETWEEN : next === "unspaced" ? LOOSE : INSIDE;
        breaks[index] = place;
        anyLoose ||= place === LOOSE;
      }
      kind = next;
      isFirst = false;
    }
    before = kind;
  }
  if (anyLoose) {
    for (const { index } of dictionary.segment(text)) if (breaks[index] === LOOSE) breaks[index] = BETWEEN;
  }
  return breaks;
}

/** The words of a text from the left; a script without spaces is divided by the dictionary. */
export function wordsOf(text: string, options: { joins?: boolean } = {}): TextSpan[] {
  const breaks = wordBreaks(text, options);
  const words: TextSpan[] = [];
  for (let start = 0; start < text.length;) {
    let end = start + 1;
    while (breaks[end] !== BETWEEN) end++;
    if (letter.test(text.slice(start, start + 2))) words.push({ start, end });
    start = end;
  }
  return words;
}

/** Whether `inserted`, typed right behind `text`, goes on with its last word: letters do, but in a script without spaces. */
export function continuesWord(text: string, inserted: string): boolean {
  const both = text + inserted;
  return wordBreaks(both, { joins: true })[text.length] === INSIDE;
}
