import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { decode as independentDecode, encode as independentEncode } from "fast-png";
import { describe, expect, test } from "vitest";
import type { Pixels } from "../../src-main/api/engine.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { decodePng, encodePng, readPngTexts, withTexts } from "../../src-main/image/png.ts";
import { readChunks, writeChunks, type Chunk } from "../../src-main/image/pngChunks.ts";

function picture(width: number, height: number, value: (i: number) => number): Pixels {
  return { width, height, data: Uint8Array.from({ length: width * height * 4 }, (_, i) => value(i)) };
}
const small = picture(3, 2, (i) => i * 10);
const opaque = picture(5, 4, (i) => (i % 4 === 3 ? 255 : (i * 37) % 256));

function problem(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError && error.code === "image-invalid") return error.message;
    throw error;
  }
  return "accepted";
}

describe("a PNG", () => {
  const pixels = fc
    .record({ width: fc.integer({ min: 1, max: 20 }), height: fc.integer({ min: 1, max: 20 }), opaque: fc.boolean() })
    .chain(({ width, height, opaque }) =>
      fc.uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 }).map((bytes) => ({
        width,
        height,
        data: Uint8Array.from(bytes, (byte, i) => (opaque && i % 4 === 3 ? 255 : byte)),
      })),
    );

  test("gives back the pixels it was made of", () => {
    fc.assert(
      fc.property(pixels, (pixels) => {
        expect(decodePng(encodePng(pixels)).pixels).toEqual(pixels);
      }),
    );
  });

  test("is read alike by an independent decoder", () => {
    fc.assert(
      fc.property(pixels, (pixels) => {
        const other = independentDecode(encodePng(pixels), { checkCrc: true });
        expect([other.width, other.height, other.depth]).toEqual([pixels.width, pixels.height, 8]);
        const kept = pixels.data.filter((_, i) => other.channels === 4 || i % 4 !== 3);
        expect([...other.data]).toEqual([...kept]);
      }),
    );
  });

  test("has no alpha channel when all of it is opaque", () => {
    const colourType = (png: Uint8Array) => readChunks(png)[0]!.data[9];
    expect(colourType(encodePng(opaque))).toBe(2);
    expect(colourType(encodePng(small))).toBe(6);
  });

  test.each([
    [1, 8, [7, 9], [7, 7, 7, 255, 9, 9, 9, 255]],
    [2, 8, [7, 100, 9, 200], [7, 7, 7, 100, 9, 9, 9, 200]],
    [3, 16, [257, 514, 65535, 0, 0, 65535], [1, 2, 255, 255, 0, 0, 255, 255]],
  ] as const)("of another program with %i channels of %i bits is read", (channels, depth, data, rgba) => {
    const samples = depth === 16 ? Uint16Array.from(data) : Uint8Array.from(data);
    const png = independentEncode({ width: 2, height: 1, channels, depth, data: samples });
    expect([...decodePng(png).pixels.data]).toEqual([...rgba]);
  });

  test("with a palette of 2 bits and transparency is read", () => {
    const png = handMade([3, 1, 2, 3], {
      rows: [[0, 0b00_01_10_00]],
      PLTE: [1, 2, 3, 40, 50, 60, 7, 8, 9],
      tRNS: [255, 128],
    });
    expect([...decodePng(png).pixels.data]).toEqual([1, 2, 3, 255, 40, 50, 60, 128, 7, 8, 9, 255]);
  });

  test("with interlace puts every pass in its place", () => {
    // 3 x 3 gray pixels numbered by row: passes 1, 4, 5, 6 and 7 of Adam7 are not empty.
    const png = handMade([3, 3, 8, 0, 1], {
      rows: [
        [0, 1],
        [0, 3],
        [0, 7, 9],
        [0, 2],
        [0, 8],
        [0, 4, 5, 6],
      ],
    });
    const gray = decodePng(png).pixels.data.filter((_, i) => i % 4 === 0);
    expect([...gray]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

/** A PNG from its header (width, height, depth, colour type, interlace), rows as filtered, and other chunks. */
function handMade(
  header: number[],
  { rows, ...others }: Record<string, number[] | number[][]> & { rows: number[][] },
): Uint8Array {
  const [width, height, depth, colour, interlace = 0] = header;
  const ihdr = [0, 0, 0, width!, 0, 0, 0, height!, depth!, colour!, 0, 0, interlace];
  const chunk = (type: string, data: ArrayLike<number>): Chunk => ({ type, data: Uint8Array.from(data), offset: 0 });
  return writeChunks([
    chunk("IHDR", ihdr),
    ...Object.entries(others).map(([type, data]) => chunk(type, data as number[])),
    chunk("IDAT", deflateSync(Uint8Array.from(rows.flat()))),
    chunk("IEND", []),
  ]);
}

describe("texts", () => {
  const unicode = "chat rouge, “猫” 🐈";

  test("in ASCII are tEXt, all else is uncompressed iTXt, and both stand before the pixels", () => {
    const png = encodePng(small, [
      { keyword: "parameters", text: "a cat\nSteps: 3" },
      { keyword: "diorama", text: unicode },
    ]);
    const chunks = readChunks(png);
    expect(chunks.map(({ type }) => type)).toEqual(["IHDR", "tEXt", "iTXt", "IDAT", "IEND"]);
    expect(Buffer.from(chunks[1]!.data).toString("latin1")).toBe("parameters\0a cat\nSteps: 3");
    expect(Buffer.from(chunks[2]!.data).toString("utf8")).toBe(`diorama\0\0\0\0\0${unicode}`);
  });

  test("come back, whatever they say", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const [read] = decodePng(encodePng(small, [{ keyword: "k", text }])).texts;
        expect(read).toEqual({ keyword: "k", text: Buffer.from(text.replaceAll("\0", "")).toString() });
      }),
    );
  });

  test("of other programs are read: compressed, Latin-1, UTF-8 in tEXt, behind the pixels, without NUL, repeated", () => {
    const [header, ...rest] = readChunks(encodePng(small));
    const text = (type: string, ...parts: (string | Uint8Array)[]): Chunk => ({
      type,
      offset: 0,
      data: Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
    });
    const png = writeChunks([
      header!,
      text("zTXt", "packed\0\0", deflateSync("caf\xe9")),
      text("iTXt", "both\0\x01\0fr\0titre\0", deflateSync(unicode)),
      text("tEXt", "latin\0caf\xe9"),
      text("tEXt", "utf8\0", Buffer.from("café")),
      text("tEXt", "alone"),
      ...rest.slice(0, -1),
      text("tEXt", "late\0first"),
      text("tEXt", "late\0second"),
      rest.at(-1)!,
    ]);
    const { texts, problems } = readPngTexts(png);
    expect(Object.fromEntries(texts.map(({ keyword, text }) => [keyword, text]))).toEqual({
      packed: "café",
      both: unicode,
      latin: "café",
      utf8: "café",
      alone: "",
      late: "second",
    });
    expect(problems).toEqual([]);
  });

  test("that would inflate beyond the limit are left out and reported, the picture is still read", () => {
    const [header, ...rest] = readChunks(encodePng(small));
    const bomb = Buffer.concat([Buffer.from("k\0\0"), deflateSync(Buffer.alloc(17 * 2 ** 20))]);
    const png = writeChunks([header!, { type: "zTXt", data: bomb, offset: 0 }, ...rest]);
    expect(readPngTexts(png).problems).toEqual([expect.stringMatching(/^chunk zTXt at byte 33: /)]);
    expect(decodePng(png).pixels).toEqual(small);
  });

  test("are replaced without touching the rest of the file", () => {
    const [header, ...rest] = readChunks(
      encodePng(small, [
        { keyword: "old", text: "1" },
        { keyword: "kept", text: "2" },
      ]),
    );
    const foreign = writeChunks([header!, { type: "gAMA", data: Uint8Array.of(0, 0, 177, 143), offset: 0 }, ...rest]);
    const png = withTexts(foreign, [{ keyword: "old", text: "3" }]);
    expect(readChunks(png).map(({ type }) => type)).toEqual(["IHDR", "tEXt", "gAMA", "tEXt", "IDAT", "IEND"]);
    expect(decodePng(png)).toEqual({
      pixels: small,
      texts: [
        { keyword: "old", text: "3" },
        { keyword: "kept", text: "2" },
      ],
    });
  });
});

describe("more data than the picture needs is ignored:", () => {
  const pixel = decodePng(handMade([1, 1, 8, 0], { rows: [[0, 7]] })).pixels;
  test.each([
    ["a byte", [3]],
    ["a row", [0, 5]],
    ["a megabyte", new Array<number>(2 ** 20).fill(1)],
    ["a megabyte that packs badly", Array.from({ length: 2 ** 20 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255)],
  ])("%s", (_name, more) => {
    expect(decodePng(handMade([1, 1, 8, 0], { rows: [[0, 7], more] })).pixels).toEqual(pixel);
  });

  test("bytes behind the end of the zlib stream", () => {
    const chunks = readChunks(handMade([1, 1, 8, 0], { rows: [[0, 7]] }));
    const more: Chunk = { type: "IDAT", data: Uint8Array.of(1, 2, 3), offset: 0 };
    expect(decodePng(writeChunks([...chunks.slice(0, -1), more, chunks.at(-1)!])).pixels).toEqual(pixel);
  });

  test("256 MB that pack into a quarter of one, in bounded memory", () => {
    const bomb = deflateSync(Buffer.alloc(2 ** 28)); // black pixels, and no end of them
    const [header] = readChunks(handMade([1, 1, 8, 0], { rows: [[0, 7]] }));
    const chunk = (type: string, data: Uint8Array): Chunk => ({ type, data, offset: 0 });
    const png = writeChunks([header!, chunk("IDAT", bomb), chunk("IEND", new Uint8Array())]);
    const begun = performance.now();
    expect(decodePng(png).pixels.data).toEqual(Uint8Array.of(0, 0, 0, 255));
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

describe("a broken file", () => {
  const good = encodePng(opaque, [{ keyword: "k", text: "v" }]);
  const with_ = (index: number, byte: number) => good.with(index, byte);

  test("says what is wrong and where", () => {
    expect(problem(() => decodePng(Buffer.from("GIF89a")))).toBe(
      "not a PNG: the file does not begin with the PNG signature",
    );
    expect(problem(() => decodePng(new Uint8Array()))).toMatch(/^not a PNG/);
    expect(problem(() => decodePng(good.subarray(0, good.length - 12)))).toMatch(
      /before its IEND chunk: it was cut off$/,
    );
    expect(problem(() => decodePng(good.subarray(0, 70)))).toMatch(
      /^PNG chunk IDAT at byte 48: its \d+ bytes reach beyond/,
    );
    expect(problem(() => decodePng(with_(20, 9)))).toBe(
      "PNG chunk IHDR at byte 8: its checksum is wrong: the file is damaged",
    );
    expect(problem(() => decodePng(with_(37, 0)))).toBe('PNG chunk "\\u0000EXt" at byte 33: this is no chunk type');
    expect(problem(() => decodePng(handMade([3, 0, 8, 0], { rows: [] })))).toMatch(
      /^PNG chunk IHDR at byte 8: a picture of 3 x 0/,
    );
    expect(problem(() => decodePng(handMade([1, 1, 3, 2], { rows: [] })))).toMatch(
      /colour type 2 with 3 bits does not exist$/,
    );
    expect(problem(() => decodePng(handMade([1, 1, 8, 0, 2], { rows: [] })))).toMatch(/interlace 2 does not exist$/);
    expect(problem(() => decodePng(handMade([2, 2, 8, 0], { rows: [[0, 1, 2]] })))).toMatch(
      /the pixels end after 3 of 6 bytes$/,
    );
    expect(problem(() => decodePng(handMade([2, 1, 8, 0], { rows: [[5, 1, 2]] })))).toMatch(
      /row 0 has the unknown filter 5$/,
    );
    expect(problem(() => decodePng(handMade([1, 1, 8, 3], { rows: [[0, 0]] })))).toBe("the PNG has no PLTE chunk");
  });

  test.each([
    ["a comment whose checksum is stale", "tEXt"],
    ["a physical size", "pHYs"],
    ["a private chunk", "diOr"],
  ])("in %s alone is left out, and told", (_name, type) => {
    const [header, ...rest] = readChunks(good);
    const chunk: Chunk = { type, data: Buffer.from("Comment\0hi"), offset: 0 };
    const png = writeChunks([header!, chunk, ...rest]);
    png[33 + 8]! ^= 1; // the first byte of the chunk's data
    expect(decodePng(png)).toEqual(decodePng(good));
    const { texts, problems } = readPngTexts(png);
    expect(texts).toEqual([{ keyword: "k", text: "v" }]);
    expect(problems).toEqual([`chunk ${type} at byte 33: its checksum is wrong, so it was left out`]);
  });

  test("in a chunk that the picture needs is refused", () => {
    const idat = Buffer.from(good).indexOf("IDAT");
    expect(problem(() => decodePng(with_(idat + 5, good[idat + 5]! ^ 1)))).toMatch(/IDAT .* checksum is wrong/);
  });

  test("claiming a gigantic picture is refused before memory is taken", () => {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(30_000, 0);
    header.writeUInt32BE(30_000, 4);
    header.set([8, 6], 8);
    const chunks = readChunks(good);
    const png = writeChunks([{ ...chunks[0]!, data: header }, ...chunks.slice(1)]);
    expect(problem(() => decodePng(png))).toMatch(/a picture of 30000 x 30000 pixels is not read/);
  });

  test("with any byte changed or any length is an AppError or a picture, never another error", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (index, byte, length) => {
        problem(() => decodePng(with_(index, byte)));
        problem(() => decodePng(good.subarray(0, length)));
      }),
      { numRuns: 500 },
    );
  });
});
