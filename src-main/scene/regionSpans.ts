/** How a box of a scene file names its part of the prompt: by phrase and occurrence, or by a range of characters. */
import { isRecord, join, show, type Problem } from "./fields.ts";
import { MOST_SPANS } from "./limits.ts";
import { findPhrase, isFoundEverywhere, nearestPhrase } from "./phrases.ts";
import type { TextSpan } from "./scene.ts";

/** The fields of a box that `readSpans` reads and `writeSpans` writes. */
export interface PhraseForm {
  phrase?: string | string[];
  /** Which of several places of the phrase, from 1; a list where `phrase` is one. */
  occurrence?: number | number[];
  /** Character ranges, for what is not a phrase between word boundaries. */
  span?: [number, number] | [number, number][];
}

/** The spans of one box. Without a prompt (it was itself wrong) only the form is checked. */
export function readSpans(
  box: Record<string, unknown>,
  prompt: string | undefined,
  at: string,
  problems: Problem[],
): TextSpan[] | undefined {
  const before = problems.length;
  let spans: (TextSpan | undefined)[];
  if (box.span !== undefined) {
    spans = readRanges(box.span, prompt, join(at, "span"), problems);
    if (box.occurrence !== undefined) {
      problems.push({ at: join(at, "occurrence"), message: `"span" says already where; leave "occurrence" out` });
    }
    if (box.phrase !== undefined && prompt !== undefined && problems.length === before) {
      reportDifference(box.phrase, spans, prompt, join(at, "phrase"), problems);
    }
  } else if (box.phrase !== undefined) {
    spans = readPhrases(box.phrase, box.occurrence, prompt, at, problems);
  } else {
    problems.push({ at, message: `"phrase" is missing: the words of the prompt that belong in the box` });
    return undefined;
  }
  if (problems.length > before) return undefined;

  const found = spans.filter((span) => span !== undefined);
  const sorted = found.toSorted((a, b) => a.start - b.start);
  const overlap = sorted.findIndex((span, i) => i > 0 && span.start < sorted[i - 1]!.end);
  if (overlap > 0) {
    const words = show(prompt?.slice(sorted[overlap]!.start, sorted[overlap]!.end));
    problems.push({ at, message: `${words} is named twice in this box` });
    return undefined;
  }
  return found;
}

function readPhrases(
  phrase: unknown,
  occurrence: unknown,
  prompt: string | undefined,
  at: string,
  problems: Problem[],
): (TextSpan | undefined)[] {
  const isList = Array.isArray(phrase);
  const phrases = isList ? (phrase as unknown[]) : [phrase];
  const where = join(at, "phrase");
  if (phrases.length === 0 || phrases.length > MOST_SPANS) {
    problems.push({ at: where, message: `expected 1 to ${MOST_SPANS} phrases, got ${phrases.length}` });
    return [];
  }
  if (isList ? occurrence !== undefined && !sameLength(occurrence, phrases) : Array.isArray(occurrence)) {
    const message = isList
      ? `expected a list of ${phrases.length}, one number for each phrase, got ${show(occurrence)}`
      : `expected a number, got ${show(occurrence)}`;
    problems.push({ at: join(at, "occurrence"), message });
    return [];
  }
  return phrases.map((item, i) => {
    const index = isList ? `[${i}]` : "";
    const nth = Array.isArray(occurrence) ? (occurrence as unknown[])[i] : occurrence;
    return readPhrase(item, nth, prompt, where + index, join(at, "occurrence") + index, problems);
  });
}

function sameLength(value: unknown, list: readonly unknown[]): boolean {
  return Array.isArray(value) && value.length === list.length;
}

function readPhrase(
  phrase: unknown,
  occurrence: unknown,
  prompt: string | undefined,
  at: string,
  occurrenceAt: string,
  problems: Problem[],
): TextSpan | undefined {
  if (typeof phrase !== "string" || phrase.trim() === "") {
    problems.push({ at, message: `expected words of the prompt, got ${show(phrase)}` });
    return undefined;
  }
  if (occurrence !== undefined && !(Number.isSafeInteger(occurrence) && (occurrence as number) >= 1)) {
    problems.push({ at: occurrenceAt, message: `expected a whole number from 1, got ${show(occurrence)}` });
    return undefined;
  }
  if (prompt === undefined) return undefined;

  const places = findPhrase(prompt, phrase);
  if (places.length === 0) {
    const near = nearestPhrase(prompt, phrase);
    const help = near === undefined ? `; it must be in ${show(prompt)}` : `; did you mean "${near}"?`;
    problems.push({ at, message: `${show(phrase)} is not in the prompt${help}` });
    return undefined;
  }
  // Taking the first of several silently would bind a box to the wrong cat and show only in the picture.
  if (occurrence === undefined && places.length > 1) {
    const message = `${show(phrase)} is in the prompt ${places.length} times; say which with "occurrence": 1 to ${places.length}`;
    problems.push({ at, message });
    return undefined;
  }
  const place = places[((occurrence ?? 1) as number) - 1];
  if (place === undefined) {
    const times = places.length === 1 ? "once" : `${places.length} times`;
    problems.push({
      at: occurrenceAt,
      message: `${show(phrase)} is in the prompt ${times} only, got ${show(occurrence)}`,
    });
  }
  return place;
}

function readRanges(
  value: unknown,
  prompt: string | undefined,
  at: string,
  problems: Problem[],
): (TextSpan | undefined)[] {
  const isList = Array.isArray(value) && value.every((item) => Array.isArray(item));
  const ranges = isList ? value : [value];
  if (ranges.length === 0 || ranges.length > MOST_SPANS) {
    problems.push({ at, message: `expected [start, end] in characters of the prompt, or 1 to ${MOST_SPANS} of these` });
    return [];
  }
  return ranges.map((range, i) => readRange(range, prompt, isList ? `${at}[${i}]` : at, problems));
}

function readRange(range: unknown, prompt: string | undefined, at: string, problems: Problem[]): TextSpan | undefined {
  const [start, end] = isRecord(range) ? [range.start, range.end] : Array.isArray(range) ? (range as unknown[]) : [];
  const isForm = isRecord(range) || (Array.isArray(range) && range.length === 2);
  const limit = prompt?.length ?? Infinity;
  if (!isForm || !Number.isSafeInteger(start) || !Number.isSafeInteger(end)) {
    problems.push({ at, message: `expected [start, end] in characters of the prompt, got ${show(range)}` });
    return undefined;
  }
  const span = { start: start as number, end: end as number };
  if (span.start < 0 || span.start >= span.end || span.end > limit) {
    const fits = prompt === undefined ? "" : ` of the prompt's 0 to ${prompt.length}`;
    problems.push({ at, message: `[${span.start}, ${span.end}] is no range${fits}` });
  } else if (prompt?.slice(span.start, span.end).trim() === "") {
    problems.push({ at, message: `[${span.start}, ${span.end}] holds no word of the prompt` });
  }
  return span;
}

/** A phrase beside a span is a comment for people; it must not lie. */
function reportDifference(
  phrase: unknown,
  spans: readonly (TextSpan | undefined)[],
  prompt: string,
  at: string,
  problems: Problem[],
): void {
  const found = spans.map((span) => (span ? prompt.slice(span.start, span.end) : ""));
  const written = Array.isArray(phrase) ? (phrase as unknown[]) : [phrase];
  const same =
    written.length === found.length &&
    written.every((text, i) => typeof text === "string" && plain(text) === plain(found[i]!));
  if (!same)
    problems.push({
      at,
      message: `"span" covers ${found.map(show).join(", ")}; correct it or leave one of the two out`,
    });
}

function plain(text: string): string {
  return text.trim().replace(/\s+/g, " ").normalize("NFC").toLowerCase();
}

/** Spans as a scene keeps them: without those that hold no word, and with those that overlap made one. */
export function tidySpans(prompt: string, spans: readonly TextSpan[]): TextSpan[] {
  const tidy: TextSpan[] = [];
  for (const { start, end } of spans) {
    if (prompt.slice(start, end).trim() === "") continue;
    const span = { start, end };
    // What it joins may reach others: they are looked through again.
    for (let i = tidy.findIndex((one) => meet(one, span)); i >= 0; i = tidy.findIndex((one) => meet(one, span))) {
      const [one] = tidy.splice(i, 1);
      span.start = Math.min(span.start, one!.start);
      span.end = Math.max(span.end, one!.end);
    }
    tidy.push(span);
  }
  return tidy;
}

const meet = (a: TextSpan, b: TextSpan) => a.start < b.end && b.start < a.end;

/** The fields that `readSpans` reads back as `spans`: phrases where they say it, else ranges. */
export function writeSpans(prompt: string, spans: readonly TextSpan[]): PhraseForm {
  const places = spans.map((span) => {
    const phrase = prompt.slice(span.start, span.end);
    const all = findPhrase(prompt, phrase);
    const nth = all.findIndex((place) => place.start === span.start && place.end === span.end);
    return { phrase, nth: isFoundEverywhere(prompt, phrase) ? nth + 1 : 0, count: all.length };
  });
  if (places.some(({ nth }) => nth === 0)) {
    const ranges = spans.map((span): [number, number] => [span.start, span.end]);
    return { span: ranges.length === 1 ? ranges[0]! : ranges };
  }
  const phrases = places.map(({ phrase }) => phrase);
  const occurrences = places.map(({ nth }) => nth);
  const isRepeated = places.some(({ count }) => count > 1);
  if (places.length === 1) return { phrase: phrases[0]!, ...(isRepeated ? { occurrence: occurrences[0]! } : {}) };
  return { phrase: phrases, ...(isRepeated ? { occurrence: occurrences } : {}) };
}
