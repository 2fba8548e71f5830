/**
 * Byte-pair encoding: a word starts as single bytes, and the pair that comes first in the merge table is joined again
 * and again (Sennrich et al. 2016). Bytes are written as printable characters, GPT-2's alphabet; the last one of a word
 * carries `</w>` (openai/CLIP, clip/simple_tokenizer.py).
 */
import type { Vocabulary } from "../../checkpoint/tokenizerFiles.ts";

const WORD_END = "</w>";

/** Character for each byte: printable Latin-1 as it is, the others from U+0100 on, in order. */
const BYTE_CHARACTERS: readonly string[] = (() => {
  const printable = (b: number): boolean => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
})();

/** A token and how many bytes of the word it covers; `id` is undefined for a byte the vocabulary lacks. */
export interface Piece {
  readonly id: number | undefined;
  readonly bytes: number;
}

export class BytePairs {
  readonly #ids: ReadonlyMap<string, number>;
  /** By "left right"; neither holds a space, which the alphabet writes as another character. */
  readonly #ranks: ReadonlyMap<string, number>;

  constructor({ ids, merges }: Vocabulary) {
    this.#ids = ids;
    this.#ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  }

  encode(word: Uint8Array): Piece[] {
    const texts = Array.from(word, (byte) => BYTE_CHARACTERS[byte]!);
    if (texts.length > 0) texts.push(texts.pop()! + WORD_END);
    const sizes = texts.map(() => 1);
    const rankAt = (i: number): number => this.#ranks.get(`${texts[i]!} ${texts[i + 1] ?? ""}`) ?? Infinity;
    const ranks = texts.map((_, i) => rankAt(i)); // of the pair that begins at i
    for (;;) {
      let best = Infinity;
      for (const rank of ranks) if (rank < best) best = rank;
      if (best === Infinity) break;
      // Join every pair of this rank, from the left, moving what stays to the front.
      let to = 0;
      for (let from = 0; from < texts.length; to++) {
        const join = ranks[from] === best;
        texts[to] = join ? texts[from]! + texts[from + 1]! : texts[from]!;
        sizes[to] = join ? sizes[from]! + sizes[from + 1]! : sizes[from]!;
        // A joined pair, and the piece before one, get new neighbours; -1 marks their ranks for renewal.
        ranks[to] = join ? -1 : ranks[from]!;
        if (join && to > 0) ranks[to - 1] = -1;
        from += join ? 2 : 1;
      }
      texts.length = sizes.length = ranks.length = to;
      for (let i = 0; i < to; i++) if (ranks[i] === -1) ranks[i] = rankAt(i);
    }
    return texts.map((text, i) => ({ id: this.#ids.get(text), bytes: sizes[i]! }));
  }
}
