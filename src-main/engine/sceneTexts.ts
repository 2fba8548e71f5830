/** A scene's texts as the network reads them: columns of states for both halves of guidance, as many for one as for the other. */
import type { Scene } from "../api/scene.ts";
import { chunksOf, encode, type Encoding } from "../model/tokenizer/encoding.ts";
import type { LearnedWords } from "../model/tokenizer/learnedWords.ts";
import type { Tokenizers } from "../model/tokenizer/tokenizer.ts";
import type { TextEncoders } from "./sessions/textEncoders.ts";
import { everywhere, padded, type TextColumns } from "./textColumns.ts";

/** What turns words into columns. */
export interface Readers {
  tokenizers: Tokenizers;
  embeddings: LearnedWords;
  encode: TextEncoders["encode"];
  /** Of the network's text states. */
  width: number;
}

export interface HalfText extends TextColumns {
  /** Of the whole text, where the network reads it. */
  pooled?: Float32Array<ArrayBuffer>;
}

export interface SceneTexts {
  /** Which columns the prompt's tokens have. */
  encoding: Encoding;
  columns: number;
  /** Embeddings that the texts name, by the SHA-256 of their files. */
  learned: ReadonlySet<string>;
  prompt: HalfText;
  negative: HalfText;
}

/** Reads the texts of a scene. Throws `scene-invalid` where the text encoders have too few layers for its clip skip. */
export async function readTexts(scene: Scene, { tokenizers, embeddings, ...readers }: Readers): Promise<SceneTexts> {
  const { clipSkip, promptWeights, guidanceScale } = scene.settings;
  const syntax = { weights: promptWeights, embeddings };
  const learned = new Set<string>();
  const read = async (text: string): Promise<HalfText> => {
    const chunks = chunksOf(tokenizers, text, syntax);
    for (const { word } of chunks[0]!.flatMap((chunk) => chunk.learned)) learned.add(word.sha256);
    const { context, pooled } = await readers.encode(chunks, clipSkip);
    return { ...everywhere(context, readers.width), ...(pooled ? { pooled } : {}) };
  };
  const prompt = await read(scene.prompt);
  // At scale 1 there is no second half, and what is left out adds nothing.
  const negative = await read(guidanceScale === 1 ? "" : scene.negativePrompt);
  const columns = Math.max(prompt.reach.length, negative.reach.length);
  return {
    encoding: encode(tokenizers[0], scene.prompt, syntax),
    columns,
    learned,
    prompt: { ...prompt, ...padded(prompt, columns, readers.width) },
    negative: { ...negative, ...padded(negative, columns, readers.width) },
  };
}
