/** PNG files that were made to keep their reader busy, or to fill its memory. */
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodePng, encodePng, readPngTexts } from "../../src-main/image/png.ts";
import { readChunks, statedSize, writeChunks, type Chunk } from "../../src-main/image/pngChunks.ts";
import { samplePixels } from "../support/projects.ts";

function withChunks(chunks: readonly Chunk[]): Uint8Array {
  const [header, ...rest] = readChunks(encodePng(samplePixels(), [{ keyword: "parameters", text: "a cat" }]));
  return writeChunks([header!, ...chunks, ...rest]);
}

const zTXt = (bytes: Uint8Array): Chunk => ({
  type: "zTXt",
  data: Buffer.concat([Buffer.from("k\0\0"), deflateSync(bytes)]),
  offset: 0,
});
const iTXt = (bytes: Uint8Array): Chunk => ({
  type: "iTXt",
  data: Buffer.concat([Buffer.from("k\0\x01\0\0\0"), deflateSync(bytes)]),
  offset: 0,
});

describe("many compressed texts", () => {
  const MB = 2 ** 20;
  const filled = (length: number) => Buffer.alloc(length, 65);

  test.each([
    ["zTXt, each just below the limit", zTXt(filled(16 * MB - 1))],
    ["iTXt, each just below the limit", iTXt(filled(16 * MB - 1))],
    ["zTXt, each inflated in vain", zTXt(filled(17 * MB))],
  ])("%s, are not all inflated", (_name, one) => {
    const png = withChunks(Array.from({ length: 1_500 }, () => one));
    const before = process.cpuUsage();
    const { problems } = readPngTexts(png);
    const { user } = process.cpuUsage(before);
    expect(problems.at(-1)).toMatch(/too many to be read/);
    expect(problems.length).toBeLessThan(5);
    expect(user / 1e6).toBeLessThan(2); // all of them take 10 to 60
  });

  test("more texts than any program writes are left alone", () => {
    const png = withChunks(Array.from({ length: 5_000 }, () => zTXt(filled(9))));
    const { texts, problems } = readPngTexts(png);
    expect(texts.map(({ text }) => text)).toEqual(["A".repeat(9)]);
    expect(problems).toHaveLength(1);
  });

  test("a few of ordinary length are all read", () => {
    const png = withChunks([zTXt(filled(MB)), iTXt(filled(MB))]);
    expect(readPngTexts(png).texts.map(({ keyword, text }) => [keyword, text.length])).toEqual([
      ["k", MB],
      ["parameters", 5],
    ]);
  });
});

test("the size that a PNG states is read from its first bytes alone", () => {
  const png = encodePng(samplePixels(7, 64, 48));
  expect(statedSize(png.subarray(0, 33))).toEqual({ width: 64, height: 48 });
  for (const bytes of [new Uint8Array(), png.subarray(0, 20), Buffer.from("GIF89a".repeat(9))]) {
    expect(() => statedSize(bytes)).toThrow(/not a PNG/);
  }
});

test("a large picture with pixels without an end is refused, not searched for its own", () => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(4096, 0);
  header.writeUInt32BE(4096, 4);
  header.set([16, 6, 0, 0, 0], 8); // 16-bit RGBA: 134 MB of pixels
  const endless = deflateSync(Buffer.alloc(2 ** 29), { level: 1 });
  const png = writeChunks([
    { type: "IHDR", data: header, offset: 0 },
    { type: "IDAT", data: endless, offset: 0 },
    { type: "IEND", data: new Uint8Array(), offset: 0 },
  ]);
  const before = process.cpuUsage();
  expect(() => decodePng(png)).toThrow(/the pixels cannot be unpacked/);
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(3);
});

test("more pixels than the picture needs, damaged where they go on, are refused in words", () => {
  const [header, ...rest] = readChunks(encodePng(samplePixels()));
  // Stored blocks of 1,000 bytes: one in the part that is looked at for the pixels does not say its length twice alike.
  const blocks = Array.from({ length: 120 }, (_, i) => {
    const block = Buffer.alloc(5 + 1_000);
    block[0] = i === 119 ? 1 : 0;
    block.writeUInt16LE(1_000, 1);
    block.writeUInt16LE(i === 30 ? 1_000 : 0xffff - 1_000, 3);
    return block;
  });
  const data = Buffer.concat([Buffer.of(0x78, 0x01), ...blocks]);
  const png = writeChunks([header!, { type: "IDAT", data, offset: 0 }, ...rest.filter(({ type }) => type !== "IDAT")]);
  expect(() => decodePng(png)).toThrow(/IDAT.*the pixels cannot be unpacked: invalid stored block lengths/);
});
