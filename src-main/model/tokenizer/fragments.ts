/**
 * A prompt as AUTOMATIC1111's web UI reads it (modules/prompt_parser.py, `parse_prompt_attention`): `(words)` weigh 1.1, `[words]` 1/1.1,
 * `(words:1.3)` 1.3, nested ones are multiplied; a backslash makes the bracket behind it a bracket; `BREAK` begins a new chunk. Every
 * fragment knows which characters of the prompt it is made of, so that phrases keep their tokens.
 */
import { findLoras } from "../../scene/promptMarkup.ts";

/** Text that is tokenised by itself, all of one weight. */
export interface Fragment {
  text: string;
  /** Offset in the prompt of each code unit of `text`, ascending. */
  at: readonly number[];
  weight: number;
}

/** `break`: what follows goes to the next chunk. */
export type PromptPart = Fragment | "break";

const MARKS = /\\[()[\]\\]|\\|[([]|:\s*([+-]?[.\d]+)\s*\)|[)\]]|[^\\()[\]:]+|:/g;
/** The spaces around it are no tokens, and may stay. */
const BREAK = /(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])/gu;
const ROUND = 1.1;
const SQUARE = 1 / 1.1;
/** Far beyond what leaves a picture; a product of more would leave the number range. */
const HEAVIEST = 100;

/** The parts of a prompt without the tags of LoRAs; where `weights` is false, brackets are brackets and all is one fragment. */
export function promptParts(prompt: string, weights: boolean): PromptPart[] {
  const whole = untagged(prompt);
  return weights ? weighted(whole) : [{ ...whole, weight: 1 }];
}

interface Text {
  text: string;
  at: readonly number[];
}

function untagged(prompt: string): Text {
  const at: number[] = [];
  let from = 0;
  for (const { span } of [...findLoras(prompt), { span: { start: prompt.length, end: prompt.length } }]) {
    for (; from < span.start; from++) at.push(from);
    from = span.end;
  }
  return { text: at.map((i) => prompt[i]!).join(""), at };
}

function part({ text, at }: Text, start: number, end: number): Fragment {
  return { text: text.slice(start, end), at: at.slice(start, end), weight: 1 };
}

function weighted(whole: Text): PromptPart[] {
  const parts: PromptPart[] = [];
  const round: number[] = []; // of each open bracket, the first part behind it
  const square: number[] = [];
  const multiply = (first: number, factor: number) => {
    for (let i = first; i < parts.length; i++) {
      const one = parts[i]!;
      if (one !== "break") one.weight *= factor;
    }
  };
  for (const { 0: mark, 1: number, index } of whole.text.matchAll(MARKS)) {
    const end = index + mark.length;
    const factor = number === undefined ? NaN : Number(number);
    if (mark.startsWith("\\")) parts.push(part(whole, index + 1, end));
    else if (mark === "(") round.push(parts.length);
    else if (mark === "[") square.push(parts.length);
    else if (!Number.isNaN(factor) && round.length > 0) multiply(round.pop()!, factor);
    else if (mark === ")" && round.length > 0) multiply(round.pop()!, ROUND);
    else if (mark === "]" && square.length > 0) multiply(square.pop()!, SQUARE);
    else parts.push(...broken(whole, index, end));
  }
  // A bracket that is never closed holds all that follows it.
  const factors = new Map<number, number>();
  for (const [firsts, factor] of [
    [round, ROUND],
    [square, SQUARE],
  ] as const) {
    for (const first of firsts) factors.set(first, (factors.get(first) ?? 1) * factor);
  }
  let all = 1;
  parts.forEach((one, i) => {
    all *= factors.get(i) ?? 1;
    if (one !== "break") one.weight *= all;
  });
  return merged(parts).map((one) => (one === "break" ? one : { ...one, weight: bounded(one.weight) }));
}

function bounded(weight: number): number {
  return Math.max(-HEAVIEST, Math.min(HEAVIEST, weight));
}

/** Text between marks, at every BREAK in it. */
function broken(whole: Text, start: number, end: number): PromptPart[] {
  const parts: PromptPart[] = [];
  let from = start;
  for (const match of whole.text.slice(start, end).matchAll(BREAK)) {
    parts.push(part(whole, from, start + match.index), "break");
    from = start + match.index + match[0].length;
  }
  return [...parts, part(whole, from, end)];
}

/** Neighbours of one weight are read as one text. */
function merged(parts: readonly PromptPart[]): PromptPart[] {
  const out: PromptPart[] = [];
  let run: Fragment[] = [];
  const close = () => {
    const [first] = run;
    if (first) {
      out.push({ text: run.map(({ text }) => text).join(""), at: run.flatMap(({ at }) => at), weight: first.weight });
    }
    run = [];
  };
  for (const one of parts) {
    if (one === "break") {
      close();
      out.push(one);
      continue;
    }
    if (run.length > 0 && run[0]!.weight !== one.weight) close();
    run.push(one);
  }
  close();
  return out;
}
