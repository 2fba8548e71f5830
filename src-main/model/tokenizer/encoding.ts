/**
 * A prompt as chunks of a text encoder's length, as AUTOMATIC1111's web UI makes them (modules/sd_hijack_clip.py): 75 tokens between a
 * start and an end mark. Where the 75th would part a phrase, what stands behind a comma in the last 20 tokens goes to the next chunk;
 * `BREAK` begins one; the vectors of an embedding are never parted. A phrase knows its columns among those of all chunks.
 */
import type { PromptTokens } from "../../api/engine.ts";
import type { TextSpan } from "../../scene/scene.ts";
import { promptParts } from "./fragments.ts";
import { LearnedWords, type LearnedWord } from "./learnedWords.ts";
import type { Tokenizer, Tokenizers } from "./tokenizer.ts";

/** One pass through a text encoder; every list has `maxTokens` places. */
export interface TextChunk {
  /** The start mark, tokens, the end mark, padding. */
  ids: number[];
  /** Factor on each position's states; 1 for marks and padding. */
  weights: number[];
  /** Positions whose vectors an embedding gives: the `row`-th of its own. */
  learned: { position: number; word: LearnedWord; row: number }[];
  /** Position of the mark behind the text. */
  end: number;
}

/** What a prompt became. `count` and `tokens` include those beyond the limit, which are marked lost and come last. */
export interface Encoding extends PromptTokens {
  parts: TextChunk[];
  /** Column of each token that is not lost, in all chunks' states side by side. */
  columns: number[];
}

/** How a prompt is to be read. */
export interface PromptSyntax {
  /** Whether brackets are weights, and BREAK a break. */
  weights: boolean;
  embeddings?: LearnedWords;
  /** Chunks that are read. */
  mostChunks?: number;
}

/** 600 tokens; every chunk is 77 more columns of all attention. */
export const MOST_CHUNKS = 8;
/** How far back a comma is looked for, in tokens. */
const COMMA_REACH = 20;

interface Token {
  id: number;
  text: string;
  span: TextSpan;
  weight: number;
  learned?: { word: LearnedWord; row: number };
}

const PLAIN: PromptSyntax = { weights: false };
const NO_WORDS = new LearnedWords();

export function encode(tokenizer: Tokenizer, prompt: string, syntax: PromptSyntax = PLAIN): Encoding {
  const { weights, embeddings = NO_WORDS, mostChunks = MOST_CHUNKS } = syntax;
  const size = tokenizer.maxTokens - 2;
  const chunks = new Chunks(size, tokenizer.comma);
  const found: PromptTokens["embeddings"] = [];
  for (const fragment of promptParts(prompt, weights)) {
    if (fragment === "break") {
      chunks.next();
      continue;
    }
    const spanOf = (start: number, end: number) => ({ start: fragment.at[start]!, end: fragment.at[end - 1]! + 1 });
    for (const { start, text, learned } of embeddings.split(fragment.text)) {
      if (learned) {
        const span = spanOf(start, start + text.length);
        found.push({ word: learned.word, span, vectors: learned.count });
        const rows = Array.from({ length: learned.count }, (_, row) => ({ word: learned, row }));
        chunks.addTogether(rows.map((row) => ({ id: 0, text, span, weight: fragment.weight, learned: row })));
        continue;
      }
      for (const { id, span } of tokenizer.tokens(text)) {
        const place = spanOf(start + span.start, start + span.end);
        chunks.add({ id, text: prompt.slice(place.start, place.end), span: place, weight: fragment.weight });
      }
    }
  }

  const filled = chunks.done();
  const seen = filled.slice(0, mostChunks);
  const tokens = filled.flatMap((chunk, i) =>
    chunk.map(({ id, text, span }) => ({ id, text, span, lost: i >= mostChunks })),
  );
  const columns = seen.flatMap((chunk, i) => chunk.map((_, j) => i * tokenizer.maxTokens + 1 + j));
  const parts = seen.map((chunk) => textChunk(tokenizer, chunk));
  const made = { parts, columns, count: tokens.length, chunks: seen.length, limit: size * seen.length, tokens, embeddings: found }; // prettier-ignore
  const lost = tokens.filter((token) => token.lost);
  if (lost.length === 0) return made;
  const span = { start: lost[0]!.span.start, end: lost.at(-1)!.span.end };
  return { ...made, lost: { span, text: prompt.slice(span.start, span.end) } };
}

class Chunks {
  readonly #size: number;
  readonly #comma: number | undefined;
  readonly #full: Token[][] = [];
  #current: Token[] = [];
  /** Where the last comma stands in the current chunk. */
  #lastComma = -1;

  constructor(size: number, comma: number | undefined) {
    this.#size = size;
    this.#comma = comma;
  }

  next(): void {
    this.#full.push(this.#current);
    this.#current = [];
    this.#lastComma = -1;
  }

  add(token: Token): void {
    const { length } = this.#current;
    if (token.id === this.#comma) this.#lastComma = length;
    else if (length === this.#size && this.#lastComma >= 0 && length - this.#lastComma <= COMMA_REACH) {
      const moved = this.#current.splice(this.#lastComma + 1);
      this.next();
      this.#current = moved;
    }
    if (this.#current.length === this.#size) this.next();
    this.#current.push(token);
  }

  addTogether(tokens: readonly Token[]): void {
    if (this.#current.length + tokens.length > this.#size) this.next();
    this.#current.push(...tokens);
  }

  done(): Token[][] {
    if (this.#current.length > 0 || this.#full.length === 0) this.next();
    return this.#full;
  }
}

function textChunk(tokenizer: Tokenizer, tokens: readonly Token[]): TextChunk {
  const { start, end, pad, maxTokens } = tokenizer;
  const padding = maxTokens - 2 - tokens.length;
  return {
    ids: [start, ...tokens.map(({ id }) => id), end, ...Array.from({ length: padding }, () => pad)],
    weights: [1, ...tokens.map(({ weight }) => weight), 1, ...Array.from({ length: padding }, () => 1)],
    learned: tokens.flatMap(({ learned }, i) => (learned ? [{ position: i + 1, ...learned }] : [])),
    end: tokens.length + 1,
  };
}

/** A prompt's chunks for each text encoder, as many for one as for another. */
export function chunksOf(tokenizers: Tokenizers, prompt: string, syntax: PromptSyntax = PLAIN): TextChunk[][] {
  const all = tokenizers.map((tokenizer) => encode(tokenizer, prompt, syntax).parts);
  const most = Math.max(...all.map((chunks) => chunks.length));
  return all.map((chunks, i) => [
    ...chunks,
    ...Array.from({ length: most - chunks.length }, () => textChunk(tokenizers[i]!, [])),
  ]);
}

/** Columns of the tokens that overlap a range of the prompt; tokens beyond the limit have none. */
export function tokensOfSpan(encoding: Encoding, span: TextSpan): number[] {
  return overlapping(encoding, span).flatMap((i) => encoding.columns[i] ?? []);
}

/** How much of a phrase is beyond the limit. A range that no token overlaps, such as a space, has nothing to lose. */
export function lossOfSpan(encoding: Encoding, span: TextSpan): "none" | "part" | "all" {
  const tokens = overlapping(encoding, span);
  const lost = tokens.filter((i) => encoding.tokens[i]!.lost).length;
  return lost === 0 ? "none" : lost < tokens.length ? "part" : "all";
}

function overlapping({ tokens }: Encoding, span: TextSpan): number[] {
  const found: number[] = [];
  for (const [i, token] of tokens.entries()) {
    const shared = Math.min(token.span.end, span.end) - Math.max(token.span.start, span.start);
    if (shared > 0) found.push(i);
  }
  return found;
}
