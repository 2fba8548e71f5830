/**
 * Damaged pictures: PNGs of the program's own encoder with settings in them, changed byte by byte, or chunk by chunk with right checksums.
 * The claim: each is refused as `image-invalid`, or read honestly: where its pixels and its settings were left alone, they are what was
 * written; where bytes were damaged, checksums let nothing else through; settings that were changed pass the checks again. Every
 * twenty-fifth is taken into a project.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { crc32, deflateSync } from "node:zlib";
import type { Pixels, RunRecord } from "../../src-main/api/engine.ts";
import { isAppError } from "../../src-main/wire/errors.ts";
import { metadataTexts, parseRecord, readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng, encodePng } from "../../src-main/image/png.ts";
import { readChunks } from "../../src-main/image/pngChunks.ts";
import { importPicture } from "../../src-main/store/importPicture.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, sampleRecord, sampleScene } from "../support/projects.ts";
import { Fault, type Part } from "./part.ts";
import { damageBytes, joined, noise, oneOf, randomOf, type Pick } from "./random.ts";

const IMPORT_EVERY = 25;

interface Chunk {
  type: string;
  data: Uint8Array;
  /** In place of the right one. */
  crc?: number;
  /** In place of the right one. */
  length?: number;
}

interface Sound {
  pixels: Pixels;
  record: RunRecord;
  chunks: readonly Chunk[];
}

/** A picture after damage, and what of it must be as it was if it is read at all. */
interface Damaged {
  bytes: Uint8Array;
  pixels: boolean;
  record: boolean;
}

/** Pictures of several shapes, with few boxes and many, and prompts in and out of ASCII. */
function soundPictures(): Sound[] {
  const pick = randomOf(1, "pictures", 0);
  const shapes = [[1, 1], [64, 48], [48, 64], [128, 128], [257, 3]] as const; // prettier-ignore
  return shapes.flatMap(([width, height], i) =>
    [1, 0.5].map((opacity) => {
      const data = noise(pick, width * height * 4).map((byte, at) =>
        at % 4 === 3 ? byte * (1 - opacity) + 255 * opacity : byte >> 4,
      );
      const ids = Array.from({ length: [0, 1, 2, 12, 64][i]! }, (_value, n) => `box ${n}`);
      const prompt = oneOf(pick, ["a cat on a mat", "猫がマットの上に", "a cat 😀 and é"]);
      const scene = sampleScene(prompt, ids);
      const record = parseRecord({
        ...sampleRecord(
          scene,
          String(pick(1e9)),
          ids.map(() => 0.5),
        ),
        tokens: Object.fromEntries(ids.map((id) => [id, [2]])),
      });
      const pixels = { width, height, data: Uint8Array.from(data) };
      return { pixels, record, chunks: readChunks(encodePng(pixels, metadataTexts(record))) };
    }),
  );
}

function serialize(chunks: readonly Chunk[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)];
  for (const { type, data, crc, length } of chunks) {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(length ?? data.length);
    head.write(type, 4, "latin1");
    const end = Buffer.alloc(4);
    end.writeUInt32BE((crc ?? crc32(data, crc32(head.subarray(4)))) >>> 0);
    parts.push(head, data, end);
  }
  return joined(...parts);
}

const TYPES = [
  "tEXt",
  "zTXt",
  "iTXt",
  "tRNS",
  "PLTE",
  "IDAT",
  "gAMA",
  "eXIf",
  "acTL",
  "CgBI",
  "abcd",
  "AbCd",
  "ab d",
  "\0\0\0\0",
];
const keyed = (keyword: string, rest: Uint8Array | string) =>
  joined(Buffer.from(`${keyword}\0`), typeof rest === "string" ? Buffer.from(rest) : rest);

/** Chunks that a stranger may add: long ones, packed ones that are far larger than they look, and some that say nothing. */
const ADDITIONS: ((pick: Pick) => Chunk[])[] = [
  (pick) => [{ type: oneOf(pick, TYPES), data: noise(pick, pick(300)) }],
  (pick) => [
    {
      type: "zTXt",
      data: keyed(
        oneOf(pick, ["diorama", "parameters", "x"]),
        joined(Uint8Array.of(0), deflateSync(Buffer.alloc(1 + pick(3e6)))),
      ),
    },
  ],
  (pick) =>
    Array.from({ length: pick(60) }, (_value, i) => ({
      type: "zTXt",
      data: keyed(`k${i}`, joined(Uint8Array.of(0), deflateSync(Buffer.alloc(2e5)))),
    })),
  (pick) => Array.from({ length: pick(2_000) }, (_value, i) => ({ type: "tEXt", data: keyed(`k${i}`, "x") })),
  (pick) => [{ type: "iTXt", data: keyed("diorama", joined(Uint8Array.of(pick(3), pick(2)), noise(pick, 40))) }],
  (pick) => [
    {
      type: "tEXt",
      data: keyed(
        "diorama",
        oneOf(pick, ["", "{", "null", "[]", '{"version":2}', '{"version":1}', '{"__proto__":1}', "[".repeat(1e5)]),
      ),
    },
  ],
  (pick) => [{ type: "tEXt", data: noise(pick, pick(100)) }],
  (pick) => [{ type: "IDAT", data: oneOf(pick, [noise(pick, 50), new Uint8Array(), deflateSync(Buffer.alloc(1e6))]) }],
];

const headerWith = (chunk: Chunk, pick: Pick): Chunk => {
  const data = Buffer.from(chunk.data);
  if (pick(2) === 0)
    data.writeUInt32BE(
      oneOf(pick, [0, 1, 2, 63, 65, 4_096, 20_000, 32_768, 65_536, 2 ** 31, 2 ** 32 - 1]),
      4 * pick(2),
    );
  else data[8 + pick(5)] = oneOf(pick, [0, 1, 2, 3, 4, 6, 7, 8, 16, 255]);
  return { ...chunk, data };
};

/** The record's JSON with a number, a text or a name put in another's place. */
const recordWith = (chunk: Chunk, pick: Pick): Chunk => {
  const text = Buffer.from(chunk.data).toString("latin1");
  const places = [...text.matchAll(/-?\d+(\.\d+)?|"[^"]*"/g)];
  const place = places[pick(places.length)];
  if (!place) return chunk;
  const value = oneOf(pick, [
    "-1",
    "0",
    "1e999",
    "1e400",
    "99999999999999999999",
    '"\\u0000"',
    '"\\ud800"',
    "null",
    "[]",
    "{}",
    '"__proto__"',
    '"x"',
    `"${"x".repeat(3e4)}"`,
  ]);
  return {
    ...chunk,
    data: Buffer.from(text.slice(0, place.index) + value + text.slice(place.index + place[0].length), "latin1"),
  };
};

const isRecord = ({ type, data }: Chunk) =>
  type === "tEXt" && Buffer.from(data.subarray(0, 8)).toString("latin1") === "diorama\0";

function damaged({ chunks }: Sound, pick: Pick): Damaged {
  if (pick(3) === 0) return { bytes: damageBytes(serialize(chunks), pick), pixels: true, record: true };
  const changed: Chunk[] = [...chunks];
  const untouched = { pixels: true, record: true };
  for (let n = 1 + pick(2); n > 0; n--) {
    const i = pick(changed.length);
    const chunk = changed[i]!;
    switch (pick(8)) {
      case 0: // gone
        changed.splice(i, 1);
        break;
      case 1: // twice
        changed.splice(i, 0, chunk);
        if (chunk.type === "IDAT") untouched.pixels = false;
        break;
      case 2: // elsewhere
        changed.splice(pick(changed.length), 0, ...changed.splice(i, 1));
        break;
      case 3:
        changed[i] = { ...chunk, crc: pick(2 ** 31) };
        break;
      case 4:
        changed[i] = { ...chunk, length: oneOf(pick, [0, 1, chunk.data.length + 1, 2 ** 31 - 1, 2 ** 32 - 1]) };
        untouched.pixels = untouched.record = false;
        break;
      case 5:
        changed.splice(i, 0, ...oneOf(pick, ADDITIONS)(pick));
        untouched.pixels = untouched.record = false;
        break;
      case 6:
        if (changed[0]?.type !== "IHDR" || changed[0].data.length !== 13) break;
        changed[0] = headerWith(changed[0], pick);
        untouched.pixels = false;
        break;
      default: {
        const at = changed.findIndex(isRecord);
        if (at < 0 || pick(3) === 0) changed[i] = { ...chunk, data: damageBytes(chunk.data, pick) };
        else changed[at] = recordWith(changed[at]!, pick);
        untouched.pixels = untouched.record = false;
      }
    }
  }
  return { bytes: serialize(changed), ...untouched };
}

export const pngs: Part = {
  title: "damaged PNGs",
  count: 25_000,
  memory: "worker",
  prepare({ folder }) {
    mkdirSync(folder, { recursive: true });
    const pictures = soundPictures();
    const project = ProjectFile.create(join(folder, "imports.diorama"), sampleDraft());
    return Promise.resolve({
      run: (index: number, pick: Pick) => {
        const sound = oneOf(pick, pictures);
        const file = damaged(sound, pick);
        const outcome = tryPicture(sound, file);
        if (index % IMPORT_EVERY === 0) tryImport(project, join(folder, "picture.png"), file.bytes);
        return outcome;
      },
      close: () => {
        project.close();
        return Promise.resolve();
      },
    });
  },
};

/** What `read` gives, or undefined where it refuses; a refusal of another kind is a fault. */
function readOrRefused<T>(bytes: Uint8Array, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isAppError(error, "image-invalid") && error.message.length < 2_000) return undefined;
    throw new Fault("refused with an error of another kind", { evidence: { "picture.png": bytes }, cause: error });
  }
}

function tryPicture(sound: Sound, file: Damaged): string {
  const { bytes } = file;
  const before = crc32(bytes);
  const evidence = { "picture.png": bytes };
  const metadata = readOrRefused(bytes, () => readMetadata(bytes));
  const decoded = readOrRefused(bytes, () => decodePng(bytes));
  if (decoded && file.pixels && !isDeepStrictEqual(decoded.pixels, sound.pixels))
    throw new Fault("other pixels were read", { evidence });
  if (decoded && decoded.pixels.data.length !== 4 * decoded.pixels.width * decoded.pixels.height)
    throw new Fault("pixels of another size were read", { evidence });
  if (metadata?.kind === "record") {
    if (file.record && !isDeepStrictEqual(metadata.record, sound.record))
      throw new Fault("other settings were read", { evidence });
    if (!isDeepStrictEqual(parseRecord(structuredClone(metadata.record)), metadata.record))
      throw new Fault("settings that are read are refused", { evidence });
  }
  if (crc32(bytes) !== before) throw new Fault("the picture was changed by reading it", { evidence });
  if (!decoded) return metadata ? "settings read, pixels refused" : "refused";
  return metadata?.kind === "record" ? "read" : "read without settings";
}

/** A picture that is taken in is in the project as it was in the file; one that is found there instead shows the same pixels. */
function tryImport({ results }: ProjectFile, path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  const result = readOrRefused(bytes, () => importPicture(results, path));
  if (!result) return;
  const kept = results.readPicture(result.id, "full");
  if (result.known) {
    if (!isDeepStrictEqual(decodePng(kept).pixels, decodePng(bytes).pixels))
      throw new Fault("another picture was taken for the one in the file", {
        evidence: { "picture.png": bytes },
        lost: 1,
      });
  } else if (Buffer.compare(kept, bytes) !== 0)
    throw new Fault("what was taken in is not what was in the file", { evidence: { "picture.png": bytes }, lost: 1 });
  results.readResult(result.id);
}
