/**
 * Text in PNG files so that every known reader gets it right. Pillow takes tEXt for Latin-1 and ComfyUI for UTF-8, so
 * only ASCII goes there; ComfyUI skips the compression flag of iTXt and Pillow limits what it inflates, so nothing is
 * compressed; several readers stop at the pixels, so text stands before IDAT.
 */
import { inflateSync } from "node:zlib";
import { invariant } from "../wire/errors.ts";
import type { Chunk } from "./pngChunks.ts";

export interface PngText {
  keyword: string;
  text: string;
}

/** Longest text that is read, inflated, and all texts of a file together, in bytes. What is inflated in vain counts, too. */
const LONGEST_TEXT = 16 * 2 ** 20;
const LONGEST_TEXTS = 32 * 2 ** 20;
/** Texts of a file that are read at most; programs write a handful. */
const MOST_TEXTS = 1_000;

/** Chunks for `texts`: ASCII as tEXt, all else as uncompressed iTXt. */
export function textChunks(texts: readonly PngText[]): Chunk[] {
  const keywords = new Set(texts.map(({ keyword }) => keyword));
  invariant(keywords.size === texts.length, "one text per keyword: readers keep the last");
  return texts.map(({ keyword, text }) => {
    // 1 to 79 printable characters, no space at an end (section 11.3.3.1); ours are ASCII too.
    invariant(/^(?! )[\x20-\x7e]{1,79}(?<! )$/.test(keyword), `"${keyword}" is no PNG keyword`);
    const clean = text.replaceAll("\0", ""); // NUL ends fields and must not be in a text
    const isAscii = Buffer.byteLength(clean) === clean.length;
    const head = isAscii ? `${keyword}\0` : `${keyword}\0\0\0\0\0`; // iTXt: no compression, method 0, no language, no translation
    return { type: isAscii ? "tEXt" : "iTXt", data: new Uint8Array(Buffer.from(head + clean)), offset: 0 };
  });
}

/**
 * All texts among `chunks`. A text that cannot be read is no reason to refuse the picture: it is left out and
 * `problems` says why. Where a keyword is repeated the last one counts.
 */
export function readTexts(chunks: readonly Chunk[]): { texts: PngText[]; problems: string[] } {
  const texts = new Map<string, string>();
  const problems: string[] = [];
  let left = LONGEST_TEXTS;
  let read = 0;
  for (const chunk of chunks) {
    const readText = textReaders[chunk.type];
    if (!readText) continue;
    const most = Math.min(left, LONGEST_TEXT);
    if (most === 0 || ++read > MOST_TEXTS) {
      problems.push(`chunk ${chunk.type} at byte ${chunk.offset}: texts from here on are too many to be read`);
      break;
    }
    try {
      const { keyword, bytes, encoding } = readText(chunk.data, most);
      if (bytes.length > most) throw new Error("too long");
      left -= bytes.length;
      texts.delete(keyword);
      texts.set(keyword, decodeText(bytes, encoding));
    } catch (error) {
      left -= most; // at its worst: so much was inflated before it was given up
      problems.push(`chunk ${chunk.type} at byte ${chunk.offset}: ${(error as Error).message}`);
    }
  }
  return { texts: [...texts].map(([keyword, text]) => ({ keyword, text })), problems };
}

interface RawText {
  keyword: string;
  bytes: Uint8Array;
  encoding: "utf-8" | "utf-8 or latin1";
}

/** Each inflates `most` bytes at most. */
const textReaders: Record<string, ((data: Uint8Array, most: number) => RawText) | undefined> = {
  tEXt: (data) => {
    const [keyword, bytes] = splitAtNul(data);
    return { keyword: latin1(keyword), bytes, encoding: "utf-8 or latin1" };
  },
  zTXt: (data, most) => {
    const [keyword, rest] = splitAtNul(data);
    return { keyword: latin1(keyword), bytes: inflate(rest.subarray(1), most), encoding: "utf-8 or latin1" };
  },
  iTXt: (data, most) => {
    const [keyword, rest] = splitAtNul(data);
    const isDeflated = rest[0] === 1;
    const [, afterLanguage] = splitAtNul(rest.subarray(2));
    const [, text] = splitAtNul(afterLanguage);
    return { keyword: latin1(keyword), bytes: isDeflated ? inflate(text, most) : text, encoding: "utf-8" };
  },
};

/** What is before the first NUL and what after; a file without one has all in the first part. */
function splitAtNul(data: Uint8Array): [Uint8Array, Uint8Array] {
  const end = data.indexOf(0);
  return end < 0 ? [data, new Uint8Array()] : [data.subarray(0, end), data.subarray(end + 1)];
}

function inflate(data: Uint8Array, most: number): Uint8Array {
  return inflateSync(data, { maxOutputLength: most });
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function decodeText(bytes: Uint8Array, encoding: RawText["encoding"]): string {
  try {
    return new TextDecoder("utf-8", { fatal: encoding !== "utf-8" }).decode(bytes);
  } catch {
    return latin1(bytes);
  }
}
