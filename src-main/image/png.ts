/**
 * PNG files with texts: 8-bit RGB or RGBA is written, every kind of PNG is read. Pixels go through node:zlib, which
 * is many times faster than an inflater in JavaScript and can cap what a hostile file inflates to.
 */
import { constants, deflateSync, inflateSync } from "node:zlib";
import type { Pixels } from "../api/engine.ts";
import { AppError, invariant } from "../wire/errors.ts";
import { imageProblem, readChunks, writeChunks, type Chunk } from "./pngChunks.ts";
import { filterRow, unfilterRow } from "./pngFilters.ts";
import { readTexts, textChunks, type PngText } from "./pngText.ts";

const LARGEST_SIDE = 32_768;
/** Bytes of pixels that are looked for in a stream of more: twice what the largest picture of ours has. Looking takes several goes. */
const MOST_WITH_MORE = 32 * 2 ** 20;
const MOST_PIXELS = 64 * 2 ** 20;

/** A PNG of `pixels`, without an alpha channel when all of them are opaque. */
export function encodePng(pixels: Pixels, texts: readonly PngText[] = []): Uint8Array<ArrayBuffer> {
  const { width, height, data } = pixels;
  invariant(width > 0 && height > 0 && data.length === width * height * 4, `pixels are not ${width} x ${height} RGBA`);
  const isOpaque = isAllOpaque(data);
  const channels = isOpaque ? 3 : 4;
  const rowLength = width * channels;
  const filtered = new Uint8Array(height * (rowLength + 1));
  let above = new Uint8Array(rowLength);
  let row = new Uint8Array(rowLength);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) row[x * channels + c] = data[(y * width + x) * 4 + c]!;
    }
    filterRow(row, above, channels, filtered.subarray(y * (rowLength + 1), (y + 1) * (rowLength + 1)));
    [above, row] = [row, above];
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, isOpaque ? 2 : 6, 0, 0, 0], 8); // bit depth, colour type, compression, filter method, no interlace
  return writeChunks([
    { type: "IHDR", data: header, offset: 0 },
    ...textChunks(texts),
    { type: "IDAT", data: deflateSync(filtered), offset: 0 },
    { type: "IEND", data: new Uint8Array(), offset: 0 },
  ]);
}

/** The pixels of a PNG as 8-bit RGBA, and its texts. */
export function decodePng(bytes: Uint8Array): { pixels: Pixels; texts: PngText[] } {
  const chunks = readChunks(bytes);
  return { pixels: decodePixels(chunks), texts: readTexts(chunks).texts };
}

/** The texts of a PNG alone, and what could not be read of them. */
export function readPngTexts(bytes: Uint8Array): { texts: PngText[]; problems: string[] } {
  const damaged: string[] = [];
  const { texts, problems } = readTexts(readChunks(bytes, damaged));
  return { texts, problems: [...damaged, ...problems] };
}

/** The same picture with `texts` in place of those with the same keywords; all else of the file is carried over. */
export function withTexts(bytes: Uint8Array, texts: readonly PngText[]): Uint8Array<ArrayBuffer> {
  const replaced = new Set(texts.map(({ keyword }) => keyword));
  const [header, ...rest] = readChunks(bytes);
  const kept = rest.filter((chunk) => !readTexts([chunk]).texts.some(({ keyword }) => replaced.has(keyword)));
  return writeChunks([header!, ...textChunks(texts), ...kept]);
}

interface Header {
  width: number;
  height: number;
  depth: number;
  colour: number;
  isInterlaced: boolean;
}

/** Channels and allowed bit depths by colour type: gray, RGB, palette, gray with alpha, RGBA. */
const COLOUR_TYPES: Record<number, { channels: number; depths: readonly number[] } | undefined> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** First pixel and step of the seven passes of Adam7 (section 8.2), and of a picture without interlace. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const ONE_PASS = [[0, 0, 1, 1]] as const;

function decodePixels(chunks: readonly Chunk[]): Pixels {
  const header = readHeader(chunks[0]!);
  const { width, height, depth } = header;
  const { channels } = COLOUR_TYPES[header.colour]!;
  const passes = (header.isInterlaced ? ADAM7 : ONE_PASS)
    .map(([x0, y0, dx, dy]) => ({ x0, y0, dx, dy, w: Math.ceil((width - x0) / dx), h: Math.ceil((height - y0) / dy) }))
    .filter(({ w, h }) => w > 0 && h > 0);
  const rowBytes = (w: number) => Math.ceil((w * channels * depth) / 8);
  const raw = inflatePixels(
    chunks,
    passes.reduce((sum, { w, h }) => sum + h * (rowBytes(w) + 1), 0),
  );

  const toRgba = pixelReader(header, chunks);
  const data = new Uint8Array(width * height * 4);
  const stride = Math.max(1, (channels * depth) >> 3); // bytes back to the pixel on the left
  let offset = 0;
  for (const { x0, y0, dx, dy, w, h } of passes) {
    const length = rowBytes(w);
    let above = new Uint8Array(length);
    for (let j = 0; j < h; j++) {
      const row = raw.subarray(offset + 1, offset + 1 + length);
      if (!unfilterRow(raw[offset]!, row, above, stride)) {
        throw imageProblem(firstOf(chunks, "IDAT"), `row ${y0 + j * dy} has the unknown filter ${raw[offset]!}`);
      }
      for (let i = 0; i < w; i++) toRgba(row, i, data, ((y0 + j * dy) * width + x0 + i * dx) * 4);
      above = row;
      offset += length + 1;
    }
  }
  return { width, height, data };
}

function readHeader(chunk: Chunk): Header {
  const { data } = chunk;
  if (data.length !== 13) throw imageProblem(chunk, `expected 13 bytes, got ${data.length}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = [8, 9, 10, 11, 12].map((i) => data[i]!) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (width < 1 || height < 1 || width > LARGEST_SIDE || height > LARGEST_SIDE || width * height > MOST_PIXELS) {
    throw imageProblem(
      chunk,
      `a picture of ${width} x ${height} pixels is not read; at most ${MOST_PIXELS} pixels are`,
    );
  }
  if (!COLOUR_TYPES[colour]?.depths.includes(depth)) {
    throw imageProblem(chunk, `colour type ${colour} with ${depth} bits does not exist`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw imageProblem(chunk, `compression ${compression}, filter ${filter} or interlace ${interlace} does not exist`);
  }
  return { width, height, depth, colour, isInterlaced: interlace === 1 };
}

function firstOf(chunks: readonly Chunk[], type: string): Chunk {
  const chunk = chunks.find((chunk) => chunk.type === type);
  if (!chunk) throw new AppError("image-invalid", `the PNG has no ${type} chunk`, {});
  return chunk;
}

/** The filtered rows: all IDAT chunks are one zlib stream of `expected` bytes; what it holds beyond them is ignored. */
function inflatePixels(chunks: readonly Chunk[], expected: number): Uint8Array<ArrayBuffer> {
  const first = firstOf(chunks, "IDAT");
  const stream = Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  let raw: Buffer<ArrayBuffer>;
  try {
    raw = inflateStream(stream, expected);
  } catch (error) {
    throw imageProblem(first, `the pixels cannot be unpacked: ${(error as Error).message}`, error);
  }
  if (raw.length < expected) throw imageProblem(first, `the pixels end after ${raw.length} of ${expected} bytes`);
  return raw.subarray(0, expected);
}

function inflateStream(stream: Buffer, expected: number): Buffer<ArrayBuffer> {
  try {
    return inflateSync(stream, inOnePiece(expected));
  } catch (error) {
    if (!isTooLong(error) || expected > MOST_WITH_MORE) throw error;
    return inflateBeginning(stream, expected);
  }
}

/** Output in one buffer: in pieces it would be there twice, for the moment in which they are put together. */
function inOnePiece(most: number): { maxOutputLength: number; chunkSize: number } {
  return { maxOutputLength: most, chunkSize: most + 64 };
}

function isTooLong(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

/**
 * At least `expected` bytes of a stream that holds more, never more than twice of them and a little: node:zlib gives all
 * or nothing, so a beginning of the stream is looked for that inflates to enough and not too much.
 */
function inflateBeginning(stream: Buffer, expected: number): Buffer<ArrayBuffer> {
  const maxOutputLength = 2 * expected + 2 ** 16;
  let [tooShort, tooLong] = [0, stream.length + 1];
  for (;;) {
    const length = (tooShort + tooLong) >> 1;
    try {
      // A flush at the end: this stream is meant to break off.
      const raw = inflateSync(stream.subarray(0, length), {
        ...inOnePiece(maxOutputLength),
        finishFlush: constants.Z_SYNC_FLUSH,
      });
      if (raw.length >= expected || length === tooShort) return raw;
      tooShort = length;
    } catch (error) {
      if (!isTooLong(error)) throw error;
      tooLong = length;
    }
  }
}

/** A function that writes pixel `i` of an unfiltered row to `out` at `at`, for the header's kind of PNG. */
function pixelReader({ depth, colour }: Header, chunks: readonly Chunk[]) {
  const { channels } = COLOUR_TYPES[colour]!;
  const transparent = chunks.find(({ type }) => type === "tRNS")?.data;
  const palette = colour === 3 ? firstOf(chunks, "PLTE").data : undefined;
  const largest = 2 ** depth - 1;
  /** Sample `index` of the row as stored. */
  const sample = (row: Uint8Array, index: number): number => {
    if (depth === 8) return row[index]!;
    if (depth === 16) return (row[index * 2]! << 8) | row[index * 2 + 1]!;
    const bit = index * depth;
    return (row[bit >> 3]! >> (8 - depth - (bit & 7))) & largest;
  };
  const to8 = depth === 8 ? (value: number) => value : (value: number) => Math.round((value * 255) / largest);
  const key = (c: number) =>
    transparent && transparent.length >= 2 * c + 2 ? (transparent[2 * c]! << 8) | transparent[2 * c + 1]! : -1;

  return (row: Uint8Array, i: number, out: Uint8Array, at: number): void => {
    const first = i * channels;
    if (palette) {
      const index = sample(row, first);
      for (let c = 0; c < 3; c++) out[at + c] = palette[index * 3 + c] ?? 0;
      out[at + 3] = transparent?.[index] ?? 255;
      return;
    }
    const isColour = channels >= 3;
    let isKey = channels % 2 === 1 && transparent !== undefined;
    for (let c = 0; c < 3; c++) {
      const value = sample(row, first + (isColour ? c : 0));
      out[at + c] = to8(value);
      isKey &&= value === key(isColour ? c : 0);
    }
    out[at + 3] = channels % 2 === 0 ? to8(sample(row, first + channels - 1)) : isKey ? 0 : 255;
  };
}

function isAllOpaque(data: Uint8Array): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}
