/**
 * A scene's texts as the network reads them: columns of states for both halves of guidance, as many for one as for the other. Words of a
 * box are read by themselves; of their states the words' own and the end mark's are further columns, attended to inside the box alone.
 * The start mark's is none of them: the prompt has one, and a second would take half of its attention.
 */
import type { Scene } from "../scene/scene.ts";
import { type Area, areasOf, isHidden } from "../guidance/areas.ts";
import type { TextPair } from "../guidance/method.ts";
import { chunksOf, encode, type Encoding } from "../model/tokenizer/encoding.ts";
import type { LearnedWords } from "../model/tokenizer/learnedWords.ts";
import type { Tokenizers } from "../model/tokenizer/tokenizer.ts";
import type { TextEncoders } from "./sessions/textEncoders.ts";
import { everywhere, joined, padded, type TextColumns } from "./textColumns.ts";

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
  /** Columns of the further words of boxes, by region id. */
  further: ReadonlyMap<string, number[]>;
  prompt: HalfText;
  negative: HalfText;
  /** Columns of the prompt that hold words. */
  words: readonly number[];
  /** The method's own, by name. */
  pairs: ReadonlyMap<string, OwnPair>;
}

export interface OwnPair {
  prompt: HalfText;
  negative: HalfText;
  /** Columns of the prompt that hold words. */
  words: readonly number[];
}

/** Reads the texts of a scene, and `own` ones of a method beside them. Throws `scene-invalid` where the text encoders have too few layers for its clip skip. */
export async function readTexts(
  scene: Scene,
  own: readonly TextPair[],
  { tokenizers, embeddings, ...readers }: Readers,
): Promise<SceneTexts> {
  const { clipSkip, promptWeights, guidanceScale } = scene.settings;
  const syntax = { weights: promptWeights, embeddings };
  const learned = new Set<string>();
  const further = new Map<string, number[]>();
  const read = async (text: string): Promise<HalfText> => {
    const chunks = chunksOf(tokenizers, text, syntax);
    for (const { word } of chunks[0]!.flatMap((chunk) => chunk.learned)) learned.add(word.sha256);
    const { context, pooled } = await readers.encode(chunks, clipSkip);
    return { ...everywhere(context, readers.width), ...(pooled ? { pooled } : {}) };
  };
  const wordsOf = (text: string) => encode(tokenizers[0], text, syntax).columns;
  const areas = areasOf(scene);
  const readInside = async (text: string, area: Area): Promise<TextColumns[]> => {
    const chunks = chunksOf(tokenizers, text, syntax);
    for (const { word } of chunks[0]!.flatMap((chunk) => chunk.learned)) learned.add(word.sha256);
    const { context } = await readers.encode(chunks, clipSkip);
    const { maxTokens } = tokenizers[0];
    return chunks[0]!.flatMap(({ end }, i) => {
      if (end === 1) return []; // nothing stands between the marks
      const states = context.slice((i * maxTokens + 1) * readers.width, (i * maxTokens + end + 1) * readers.width);
      return [{ states, reach: Array.from({ length: end }, () => (isHidden(area) ? "nowhere" : area)) }];
    });
  };
  const half = async (text: string, name: "words" | "avoid"): Promise<HalfText> => {
    const whole = await read(text);
    const parts: TextColumns[] = [];
    let at = whole.reach.length;
    for (const region of scene.regions) {
      const inside = await readInside(region[name] ?? "", areas.get(region.id)!);
      const first = at;
      for (const { reach } of inside) at += reach.length;
      if (name === "words" && at > first)
        further.set(
          region.id,
          Array.from({ length: at - first }, (_, i) => first + i),
        );
      parts.push(...inside);
    }
    return parts.length === 0 ? whole : { ...whole, ...joined([whole, ...parts]) };
  };
  const prompt = await half(scene.prompt, "words");
  // At scale 1 there is no second half, and what is left out adds nothing.
  const negative = guidanceScale === 1 ? await read("") : await half(scene.negativePrompt, "avoid");
  const pairs = new Map<string, OwnPair>();
  for (const pair of own) {
    pairs.set(pair.name, {
      prompt: await read(pair.prompt),
      negative: await read(guidanceScale === 1 ? "" : pair.negativePrompt),
      words: wordsOf(pair.prompt),
    });
  }
  const halves = [{ prompt, negative }, ...pairs.values()].flatMap((one) => [one.prompt, one.negative]);
  const needed = Math.max(...halves.map(({ reach }) => reach.length));
  // Whole chunks of them: the network's graph is made for a number of columns, and further words shall not make another each time.
  const columns = Math.ceil(needed / tokenizers[0].maxTokens) * tokenizers[0].maxTokens;
  const whole = (half: HalfText): HalfText => ({ ...half, ...padded(half, columns, readers.width) });
  return {
    encoding: encode(tokenizers[0], scene.prompt, syntax),
    columns,
    learned,
    further,
    prompt: whole(prompt),
    negative: whole(negative),
    words: wordsOf(scene.prompt),
    pairs: new Map(
      [...pairs].map(([name, pair]) => [
        name,
        { prompt: whole(pair.prompt), negative: whole(pair.negative), words: pair.words },
      ]),
    ),
  };
}
