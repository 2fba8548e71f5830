/** Words that embeddings (textual inversion) stand for in a prompt, and how they are found there. */
import { escapePattern } from "./characters.ts";

/** One embedding: what its word becomes, position by position, in each of the checkpoint's text encoders. */
export interface LearnedWord {
  /** As it is written in prompts, in any case. */
  word: string;
  /** Of its file; tells embeddings apart. */
  sha256: string;
  /** Positions that it takes. */
  count: number;
  /** By encoder: [count, width]. */
  vectors: readonly Float32Array<ArrayBuffer>[];
}

export class LearnedWords {
  readonly #words: ReadonlyMap<string, LearnedWord>;
  readonly #pattern: RegExp | undefined;

  constructor(words: readonly LearnedWord[] = []) {
    this.#words = new Map(words.map((one) => [one.word.toLowerCase(), one]));
    const longestFirst = [...this.#words.keys()].sort((a, b) => b.length - a.length);
    this.#pattern = words.length > 0 ? new RegExp(longestFirst.map(wholeWord).join("|"), "giu") : undefined;
  }

  /** Text and embeddings in turn; `start` counts code units of `text`. */
  split(text: string): { start: number; text: string; learned?: LearnedWord }[] {
    if (!this.#pattern) return [{ start: 0, text }];
    const pieces: { start: number; text: string; learned?: LearnedWord }[] = [];
    let from = 0;
    for (const match of text.matchAll(this.#pattern)) {
      const learned = this.#words.get(match[0].toLowerCase());
      if (!learned) continue; // letters whose lower case is another than the pattern's
      if (match.index > from) pieces.push({ start: from, text: text.slice(from, match.index) });
      pieces.push({ start: match.index, text: match[0], learned });
      from = match.index + match[0].length;
    }
    if (from < text.length) pieces.push({ start: from, text: text.slice(from) });
    return pieces;
  }
}

/** "bad" is not in "badly": beside a letter or digit of the word there stands no other. */
function wholeWord(word: string): string {
  const letter = String.raw`[\p{L}\p{N}]`;
  const isLetter = (character: string) => new RegExp(letter, "u").test(character);
  const before = isLetter(word[0]!) ? `(?<!${letter})` : "";
  const after = isLetter(word.at(-1)!) ? `(?!${letter})` : "";
  return `${before}${escapePattern(word)}${after}`;
}
