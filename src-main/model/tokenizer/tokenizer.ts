/**
 * CLIP's tokenizer, as transformers 5 has it (CLIPTokenizer): prompt to token ids, where every token keeps the range of
 * the prompt it came from. Phrases are bound to tokens by these ranges, never by comparing words: so repeated words,
 * phrases of several tokens, punctuation and scripts without spaces all come out right.
 */
import type { Character } from "../../scene/composed.ts";
import { AppError } from "../../wire/errors.ts";
import type { TextSpan } from "../../scene/scene.ts";
import type { TextConfig } from "../../checkpoint/config.ts";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import type { TokenizerFiles, Vocabulary } from "../../checkpoint/tokenizerFiles.ts";
import { BytePairs } from "./bytePairs.ts";
import { escapePattern, uniform } from "./characters.ts";
import { CLIP_VOCABULARY_SIZE, clipVocabulary } from "./clipVocabulary.ts";

/** A token, the text it was made of, and where that stands. */
export interface Token {
  id: number;
  text: string;
  span: TextSpan;
}

/** Splits uniform text into words, before byte pairs. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;

/** The tokenizer of a checkpoint; where it brings no vocabulary, CLIP's own. */
export async function createTokenizer(
  files: TokenizerFiles,
  config: Pick<TextConfig, "maxPositions" | "vocabSize">,
): Promise<Tokenizer> {
  if (files.vocabulary) return new Tokenizer(files, files.vocabulary, config.maxPositions);
  if (config.vocabSize < CLIP_VOCABULARY_SIZE) {
    const problem = `${files.path}: there is no tokenizer, and the ${config.vocabSize} tokens are not CLIP's ${CLIP_VOCABULARY_SIZE}`;
    throw new AppError("checkpoint-invalid", problem, { path: files.path, expected: "vocab.json and merges.txt" });
  }
  return new Tokenizer(files, await clipVocabulary(), config.maxPositions);
}

/** The tokenizers of a checkpoint's text encoders, in their order. */
export type Tokenizers = readonly [Tokenizer, ...Tokenizer[]];

export async function createTokenizers({ text, text2 }: Pick<Checkpoint, "text" | "text2">): Promise<Tokenizers> {
  const first = await createTokenizer(text.tokenizer, text.config);
  return text2 ? [first, await createTokenizer(text2.tokenizer, text2.config)] : [first];
}

export class Tokenizer {
  /** Positions, start and end marks included. */
  readonly maxTokens: number;
  /** Ids of the marks before and behind the text, and of what fills the rest. */
  readonly start: number;
  readonly end: number;
  readonly pad: number;
  /** Of a comma that stands alone, where the vocabulary has one. */
  readonly comma: number | undefined;
  readonly #bytePairs: BytePairs;
  /** Tokens that are found in the prompt as they are written, before anything else. */
  readonly #literals: ReadonlyMap<string, number>;
  readonly #literalPattern: RegExp;
  readonly #unknown: number;

  constructor(files: TokenizerFiles, vocabulary: Vocabulary, maxPositions: number) {
    this.maxTokens = Math.min(files.maxTokens ?? maxPositions, maxPositions);
    this.#bytePairs = new BytePairs(vocabulary);
    const idOf = (token: string): number => {
      const id = vocabulary.ids.get(token) ?? files.added.get(token);
      if (id !== undefined) return id;
      const problem = `${files.path}: the vocabulary has no ${token}`;
      throw new AppError("checkpoint-invalid", problem, { path: files.path, expected: token });
    };
    this.start = idOf(files.start);
    this.end = idOf(files.end);
    this.pad = idOf(files.pad);
    this.#unknown = idOf(files.unknown);
    this.comma = vocabulary.ids.get(",</w>");
    // Special tokens are among them: SD 2 pads with "!", and so reads every "!" of a prompt as padding, in diffusers too.
    const special = [files.start, files.end, files.pad, files.unknown];
    this.#literals = new Map([...files.added, ...special.map((token) => [token, idOf(token)] as const)]);
    const longestFirst = [...this.#literals.keys()].sort((a, b) => b.length - a.length);
    this.#literalPattern = new RegExp(longestFirst.map(escapePattern).join("|"), "gu");
  }

  /** The tokens of a text, however many; marks and padding are none of them. */
  tokens(text: string): Token[] {
    const all: Token[] = [];
    let from = 0;
    for (const match of text.matchAll(this.#literalPattern)) {
      const [literal] = match;
      const span = { start: match.index, end: match.index + literal.length };
      this.#words(text, { start: from, end: span.start }, all);
      all.push({ id: this.#literals.get(literal)!, text: literal, span });
      from = span.end;
    }
    this.#words(text, { start: from, end: text.length }, all);
    return all;
  }

  /** Adds the tokens of a part of the prompt that holds no literal ones. */
  #words(prompt: string, part: TextSpan, out: Token[]): void {
    const characters = uniform(prompt, part);
    let at = 0; // index of the character, and
    let offset = 0; // of its first code unit in `text`
    const text = characters.map((each) => each.text).join("");
    for (const { 0: word, index } of text.matchAll(WORD)) {
      while (offset < index) offset += characters[at++]!.text.length;
      const first = at;
      while (offset < index + word.length) offset += characters[at++]!.text.length;
      this.#word(prompt, characters.slice(first, at), out);
    }
  }

  #word(prompt: string, characters: readonly Character[], out: Token[]): void {
    const bytes: number[] = [];
    const source: Character[] = []; // of each byte
    for (const character of characters) {
      for (const byte of new TextEncoder().encode(character.text)) {
        bytes.push(byte);
        source.push(character);
      }
    }
    let done = 0;
    for (const piece of this.#bytePairs.encode(Uint8Array.from(bytes))) {
      // A token may be some bytes of a character: its range is then all of the character.
      const span = { start: source[done]!.start, end: source[done + piece.bytes - 1]!.end };
      out.push({ id: piece.id ?? this.#unknown, text: prompt.slice(span.start, span.end), span });
      done += piece.bytes;
    }
  }
}
