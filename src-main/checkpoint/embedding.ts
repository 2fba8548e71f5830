/**
 * Embeddings (textual inversion): a few learned vectors that a word of the prompt stands for. AUTOMATIC1111's files hold them as
 * `emb_params` or `string_to_param`, diffusers' under the word itself (`<cat-toy>`), Stable Diffusion XL's as a pair, `clip_l` and `clip_g`.
 */
import { open } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import type { Checkpoint } from "./checkpoint.ts";
import { decodeNumbers } from "./floats.ts";
import { quote, refuse, type TensorEntry } from "./header.ts";
import { orUnreadable, readExactly, readSafetensors, type SafetensorsFile } from "./safetensors.ts";

export interface Embedding {
  /** Words that it is written by: the file's name without its ending, and the one that diffusers keeps in it. */
  words: string[];
  count: number;
  /** By text encoder: [count, width]. */
  vectors: Float32Array<ArrayBuffer>[];
}

/** Widths of text encoders and whose they are. */
const WIDTH_OF: Record<number, string> = {
  768: "Stable Diffusion 1.x",
  1024: "Stable Diffusion 2.x",
  1280: "Stable Diffusion XL",
};
/** Keys that are none of diffusers' words. */
const PLAIN_KEY = /^(emb_params|string_to_param(\..*)?|\*)$/;

/**
 * Reads the embedding at `path` for a checkpoint whose prompts hold `most` tokens a chunk. Throws `file-unreadable` or
 * `checkpoint-invalid`, with the file and what to do.
 */
export async function readEmbedding(
  path: string,
  { text, text2 }: Pick<Checkpoint, "text" | "text2">,
  most: number,
): Promise<Embedding> {
  refusePickle(path);
  const source = await readSafetensors(resolve(path));
  const { entries, word } = entriesOf(source, text2 !== undefined);
  const widths = [text, ...(text2 ? [text2] : [])].map(({ config }) => config.hiddenSize);
  const counts = entries.map((entry, i) => countOf(entry, widths[i]!, most));
  if (new Set(counts).size > 1) {
    refuse(source.file, undefined, `its two halves have ${counts.join(" and ")} vectors; they must have as many`);
  }
  const handle = await orUnreadable(path, () => open(source.file, "r"));
  try {
    const vectors: Float32Array<ArrayBuffer>[] = [];
    for (const entry of entries) {
      const { file, key, offset, length, type } = entry;
      const numbers = decodeNumbers(await readExactly(handle, offset, length, file), type) ?? [];
      if (!numbers.every(Number.isFinite)) {
        refuse(file, key, "it holds numbers that are infinite or none (NaN): this embedding is damaged. Get it again");
      }
      vectors.push(Float32Array.from(numbers));
    }
    const name = basename(path, extname(path));
    return { words: [name, ...(word !== undefined && word !== name ? [word] : [])], count: counts[0]!, vectors };
  } finally {
    await handle.close();
  }
}

function refusePickle(path: string): void {
  if (/\.safetensors$/i.test(path)) return;
  const isPickle = /\.(pt|pth|bin|ckpt)$/i.test(path);
  const why = isPickle
    ? "this is a pickle, which can run programs when it is read, so it is not. Get its .safetensors version, or convert it where it comes from"
    : "an embedding is one .safetensors file here. Get that version of it";
  refuse(path, undefined, why, { expected: ".safetensors", found: basename(path) });
}

/** The vectors' tensors, by encoder. */
function entriesOf({ file, tensors }: SafetensorsFile, isXl: boolean): { entries: TensorEntry[]; word?: string } {
  const [large, small] = [tensors.get("clip_g"), tensors.get("clip_l")];
  if (large && small && tensors.size === 2) {
    if (!isXl)
      refuse(
        file,
        undefined,
        "this embedding is for Stable Diffusion XL (clip_l and clip_g), and the checkpoint is not",
      );
    return { entries: [small, large] };
  }
  const keys = [...tensors.keys()];
  const [key, ...others] = keys;
  if (key === undefined || others.length > 0) {
    const what =
      keys.length > 2
        ? `${keys.length} tensors, such as ${quote(keys[0]!)}`
        : keys.map(quote).join(" and ") || "nothing";
    refuse(
      file,
      undefined,
      `expected the vectors of one word, or of one for XL (clip_l and clip_g), found ${what}: this is no embedding, or one of several words. Choose a file with one`,
    );
  }
  if (isXl) {
    refuse(
      file,
      key,
      "this embedding has vectors for one text encoder, and the checkpoint, Stable Diffusion XL, has two: get the version for XL",
      { expected: "clip_l and clip_g" },
    );
  }
  return {
    entries: [tensors.get(key)!],
    ...(PLAIN_KEY.test(key) || key.trim() === "" ? {} : { word: key.trim().slice(0, 200) }),
  };
}

function countOf({ file, key, type, shape }: TensorEntry, width: number, most: number): number {
  if (type !== "F32" && type !== "F16" && type !== "BF16") {
    refuse(file, key, `numbers of type ${type} are not read. Get this embedding in float16 or float32`, {
      expected: "F32, F16 or BF16",
      found: type,
    });
  }
  const found = `[${shape.join(", ")}]`;
  const [count, own] = shape.length === 1 ? [1, shape[0]!] : [shape[0] ?? 0, shape[1] ?? 0];
  if (shape.length > 2 || shape.length === 0 || own !== width) {
    const whose = WIDTH_OF[own] === undefined || shape.length > 2 ? "" : `: it was made for ${WIDTH_OF[own]}`;
    refuse(
      file,
      key,
      `expected vectors of ${width} numbers, as this checkpoint's text encoder reads them, found ${found}${whose}`,
      { expected: `[n, ${width}]`, found },
    );
  }
  if (count < 1 || count > most) {
    refuse(file, key, `expected 1 to ${most} vectors, which a prompt has room for, found ${count}`, {
      expected: `1 to ${most}`,
      found,
    });
  }
  return count;
}
