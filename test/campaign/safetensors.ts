/**
 * Damaged .safetensors files. Each is one of the weights of the tiny checkpoint with its header changed: byte by byte, or as one who
 * knows the format would. The claim: it is refused with an `AppError` that names the file, or what is read of it is what `JSON.parse`
 * and a sum over all ranges say; and the file is as it was. Every fiftieth is opened as a part of its checkpoint.
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isAppError } from "../../src-main/wire/errors.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { readSafetensors, type SafetensorsFile } from "../../src-main/checkpoint/safetensors.ts";
import { ROOT } from "../support/imports.ts";
import { Fault, type Cases, type Part } from "./part.ts";
import { damageBytes, oneOf, type Pick } from "./random.ts";

const MODEL = join(ROOT, "test", "goldens", "tiny-sd");
/** The smaller ones come more often: a header of a hundred tensors is damaged at every place sooner. */
const WEIGHTS = [
  "text_encoder/model",
  "text_encoder/model",
  "vae/diffusion_pytorch_model",
  "unet/diffusion_pytorch_model",
];
const CHECKPOINT_EVERY = 50;

export interface Sound {
  name: string;
  header: Buffer;
  dataBytes: number;
}

const NUMBERS = ["0", "1", "-1", "-0", "1.5", "1.0", "1e3", "01", "24", "255", "4294967296", "9007199254740991", "9007199254740993", "18446744073709551616", "9".repeat(300), '"1"', "null", "[]", "{}", "true"]; // prettier-ignore
const SCRAPS = ["{", "}", "[", "]", ",", ":", '"', "\\", "\\u0000", "\ud83d\ude00", "null", " ", "\n", "\0", '"__proto__":', '"__metadata__":{},', '"dtype":"F32"', '"shape":[1]', '"data_offsets":[0,4]', '"U8"', '"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},', "[".repeat(5_000)]; // prettier-ignore
const TYPES = ["F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "F8_E4M3", "F4", "f32", "", "__proto__"];

type Damage = (text: string, pick: Pick) => string;

/** A place of the text that the pattern finds, put anew. */
const replaceOne =
  (pattern: RegExp, make: (found: string, pick: Pick) => string): Damage =>
  (text, pick) => {
    const places = [...text.matchAll(pattern)];
    const place = places[pick(places.length)];
    if (!place) return text;
    return text.slice(0, place.index) + make(place[0], pick) + text.slice(place.index + place[0].length);
  };

const HEADER_DAMAGES: Damage[] = [
  replaceOne(/\d+/g, (_found, pick) => oneOf(pick, NUMBERS)),
  replaceOne(/\d+/g, (found, pick) => String(Number(found) + pick(9) - 4)),
  replaceOne(/"dtype":"[^"]*"/g, (_found, pick) => `"dtype":"${oneOf(pick, TYPES)}"`),
  replaceOne(
    /"shape":\[[^\]]*\]/g,
    (_found, pick) => `"shape":[${Array.from({ length: pick(12) }, () => oneOf(pick, NUMBERS)).join()}]`,
  ),
  replaceOne(/"[^"]+":\{[^}]*\}/g, (found) => `${found},${found}`),
  replaceOne(/"[^"]+":\{[^}]*\},?/g, () => ""),
  replaceOne(
    /"[\w.]+":\{/g,
    (_found, pick) => `"${oneOf(pick, ["__proto__", "__metadata__", "constructor", "", "x".repeat(1e5)])}":{`,
  ),
  replaceOne(/[,:{}]/g, (found) => ` \t${found}\n`),
  (text, pick) => {
    const at = pick(text.length + 1);
    return text.slice(0, at) + oneOf(pick, SCRAPS) + text.slice(at);
  },
  (text, pick) => {
    const at = pick(text.length);
    return text.slice(0, at) + text.slice(at + 1 + pick(40));
  },
  // All entries in another order, which is sound.
  (text, pick) => {
    const entries = [...text.matchAll(/"[^"]+":\{[^}]*\}/g)].map(([entry]) => entry);
    entries.unshift(...entries.splice(pick(entries.length)));
    return `{${entries.join(oneOf(pick, [",", " , ", "\n,"]))}}`;
  },
];

/** Header and size of the file; the weights themselves are not read, so they are left out as a hole. */
export function damaged({ header, dataBytes }: Sound, pick: Pick): { start: Uint8Array; size: number } {
  let bytes: Uint8Array = header;
  const isBytewise = pick(3) === 0;
  if (isBytewise) bytes = damageBytes(bytes, pick);
  else
    for (let n = 1 + pick(2); n > 0; n--)
      bytes = Buffer.from(oneOf(pick, HEADER_DAMAGES)(Buffer.from(bytes).toString(), pick));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  let start: Uint8Array = Buffer.concat([length, bytes]);
  let size = start.length + dataBytes;
  switch (pick(12)) {
    case 0:
      size = pick(size + 1);
      break;
    case 1:
      size += 1 + pick(40);
      break;
    case 2:
      Buffer.from(start.buffer, start.byteOffset).writeBigUInt64LE(
        oneOf(pick, [0n, 1n, BigInt(pick(600)), 2n ** 63n, 2n ** 64n - 1n, 25_000_000n]),
      );
      break;
    case 3:
      start = damageBytes(start, pick);
  }
  return { start: start.subarray(0, size), size };
}

/** As the file says it, by `JSON.parse` and a sum over all ranges. */
function recheck(text: string, { tensors, dataStart, size }: SafetensorsFile): string | undefined {
  const json = JSON.parse(text) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  const keys = Object.keys(json).filter((key) => key !== "__metadata__");
  if (keys.length !== tensors.size) return `${tensors.size} tensors were read of ${keys.length}`;
  for (const key of keys) {
    const said = json[key]!;
    const read = tensors.get(key);
    const [begin, end] = said.data_offsets;
    if (!read || read.type !== said.dtype || read.offset !== dataStart + begin || read.length !== end - begin)
      return `the tensor ${key} was read as another`;
    if (JSON.stringify(read.shape) !== JSON.stringify(said.shape)) return `the shape of ${key} was read as another`;
  }
  let reached = dataStart;
  for (const { offset, length } of [...tensors.values()].sort((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (offset !== reached) return `byte ${reached} belongs to no tensor, or to two`;
    reached += length;
  }
  return reached === size ? undefined : `the tensors end at byte ${reached} of ${size}`;
}

function soundOf(name: string): Sound {
  const file = readFileSync(join(MODEL, `${name}.safetensors`));
  const end = 8 + Number(file.readBigUInt64LE());
  return { name: `${name}.safetensors`, header: file.subarray(8, end), dataBytes: file.length - end };
}

/** A copy of the checkpoint's folder for each of its weights, in which that one is to be written. */
function makeFolders(folder: string, sounds: readonly Sound[]): void {
  for (const { name } of sounds) {
    const copy = join(folder, dirname(name));
    for (const entry of readdirSync(MODEL, { recursive: true, withFileTypes: true })) {
      const source = join(entry.parentPath, entry.name);
      const target = join(copy, source.slice(MODEL.length));
      if (entry.isDirectory()) mkdirSync(target, { recursive: true });
      else mkdirSync(dirname(target), { recursive: true });
      if (!entry.isDirectory() && !target.endsWith(name)) symlinkSync(source, target);
    }
  }
}

export const safetensors: Part = {
  title: "damaged safetensors",
  count: 100_000,
  memory: "worker",
  prepare({ folder }): Promise<Cases> {
    const sounds = [...new Set(WEIGHTS)].map(soundOf);
    mkdirSync(folder, { recursive: true });
    makeFolders(folder, sounds);
    return Promise.resolve({ run: (index, pick) => tryFile(index, pick, folder, sounds) });
  },
};

async function tryFile(index: number, pick: Pick, folder: string, sounds: readonly Sound[]): Promise<string> {
  const sound = sounds.find(({ name }) => name.startsWith(WEIGHTS[pick(WEIGHTS.length)]!)) ?? sounds[0]!;
  const { start, size } = damaged(sound, pick);
  const root = join(folder, dirname(sound.name));
  const path = join(root, sound.name);
  const file = openSync(path, "w");
  writeSync(file, start);
  ftruncateSync(file, size);
  closeSync(file);
  const { mtimeMs } = statSync(path);
  const evidence = { "header.bin": start, "size.txt": `${size} bytes in all, zeros after the header\n` };
  const opensAll = index % CHECKPOINT_EVERY === 0;
  try {
    const read = await readSafetensors(path);
    const wrong = recheck(
      Buffer.from(start.subarray(8, read.dataStart))
        .toString()
        .replace(/^\uFEFF/, ""),
      read,
    );
    if (wrong !== undefined) throw new Fault(wrong, { evidence });
    if (opensAll) await openCheckpoint(root);
    return "read";
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (!isAppError(error, "checkpoint-invalid") && !isAppError(error, "file-unreadable"))
      throw new Fault("refused with an error of another kind", { evidence, cause: error });
    if (!error.message.includes(dirname(path)))
      throw new Fault(`the message names no file: ${error.message}`, { evidence });
    return "refused";
  } finally {
    const now = statSync(path);
    if (now.size !== size || now.mtimeMs !== mtimeMs) throw new Fault("the file was changed", { evidence, lost: 1 }); // eslint-disable-line no-unsafe-finally
  }
}
