/**
 * The header of a .safetensors file, checked: pure, from bytes to a table of byte ranges. The rules are those of the
 * reference reader (safetensors/src/tensor.rs), and stricter where that one is lenient: no duplicate keys, no number
 * that JavaScript would round. No number of the header is used before it has been checked.
 */
import { AppError } from "../wire/errors.ts";
import { JsonScanner, JsonSyntaxError } from "./jsonScanner.ts";

/** Bits of one element, for every type that the format knows. */
// prettier-ignore
const STORED_BITS = {
  BOOL: 8, U8: 8, I8: 8, I16: 16, U16: 16, I32: 32, U32: 32, I64: 64, U64: 64,
  F16: 16, BF16: 16, F32: 32, F64: 64, C64: 64,
  F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, F6_E2M3: 6, F6_E3M2: 6, F4: 4,
} as const;
export type StoredType = keyof typeof STORED_BITS;

/** A tensor in a file; what the file says, whether or not the engine can compute with it. */
export interface TensorEntry {
  /** The key in the file, also where the table it is in goes by another name. */
  readonly key: string;
  /** Absolute path with links resolved. */
  readonly file: string;
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly length: number;
  readonly type: StoredType;
  readonly shape: readonly number[];
}

export interface Header {
  readonly tensors: Map<string, TensorEntry>;
  /** `__metadata__`: text that the maker of the file chose, not to be trusted. */
  readonly metadata: Map<string, string>;
}

/** As the Hugging Face clients; a header of a 1,200-tensor UNet has 0.15 MB. */
export const MAX_HEADER_BYTES = 25_000_000;
const MAX_TENSORS = 100_000;
const MAX_RANK = 32;

/** Where a header comes from, for error messages and offsets. */
export interface HeaderSource {
  /** Absolute path with links resolved. */
  readonly file: string;
  /** Size of the whole file. */
  readonly size: number;
}

/** Reads the JSON part of a file. `bytes` are the header's, which begins at byte 8. */
export function parseHeader(bytes: Uint8Array, source: HeaderSource): Header {
  const text = decode(bytes, source.file);
  const dataStart = 8 + bytes.length;
  const tensors = new Map<string, TensorEntry>();
  let metadata: Map<string, string> | undefined;
  let current: string | undefined; // the key being read, for the error
  try {
    const json = new JsonScanner(text);
    json.object((key) => {
      current = key;
      if (key === "__metadata__") {
        if (metadata) refuse(source.file, key, "the key stands twice");
        metadata = parseMetadata(json, source.file);
      } else {
        if (tensors.has(key)) refuse(source.file, key, "the key stands twice");
        if (tensors.size >= MAX_TENSORS) refuse(source.file, undefined, `more than ${MAX_TENSORS} tensors`);
        tensors.set(key, parseEntry(json, key, source.file, dataStart));
      }
      current = undefined;
    });
    json.end();
  } catch (error) {
    if (error instanceof JsonSyntaxError) refuse(source.file, current, `the header is not valid: ${error.message}`);
    throw error;
  }
  checkCoverage(tensors, dataStart, source);
  return { tensors, metadata: metadata ?? new Map<string, string>() };
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    // A byte order mark is kept and then refused as JSON.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    refuse(file, undefined, "the header is not UTF-8 text");
  }
}

function parseMetadata(json: JsonScanner, file: string): Map<string, string> {
  const metadata = new Map<string, string>();
  if (json.acceptNull()) return metadata;
  json.object((key) => {
    if (metadata.has(key)) refuse(file, "__metadata__", `the field ${quote(key)} stands twice`);
    metadata.set(key, json.string());
  });
  return metadata;
}

function parseEntry(json: JsonScanner, key: string, file: string, dataStart: number): TensorEntry {
  const seen = new Set<string>();
  let type: StoredType | undefined;
  let shape: number[] | undefined;
  let range: [number, number] | undefined;
  json.object((field) => {
    if (seen.has(field)) refuse(file, key, `the field ${quote(field)} stands twice`);
    if (seen.size >= 64) refuse(file, key, "more than 64 fields");
    seen.add(field);
    if (field === "dtype") type = parseType(json.string(), key, file);
    else if (field === "shape") shape = numbers(json, key, file, MAX_RANK);
    else if (field === "data_offsets") {
      const [begin, end, ...rest] = numbers(json, key, file, 2);
      if (begin === undefined || end === undefined || rest.length > 0)
        refuse(file, key, "data_offsets must be two numbers");
      range = [begin, end];
    } else json.skip(); // the format allows fields it does not name
  });
  if (!type) refuse(file, key, "dtype is missing");
  if (!shape) refuse(file, key, "shape is missing");
  if (!range) refuse(file, key, "data_offsets is missing");

  const [begin, end] = range;
  const bits = bitSize(shape, type);
  if (bits === undefined) refuse(file, key, `shape [${shape.join(", ")}] is too large to be true`);
  if (bits % 8 !== 0) refuse(file, key, `shape [${shape.join(", ")}] of ${type} does not fill whole bytes`);
  if (end - begin !== bits / 8) {
    const expected = `${bits / 8} bytes for ${type} [${shape.join(", ")}]`;
    refuse(file, key, `data_offsets and shape disagree: expected ${expected}, found ${end - begin}`, {
      expected,
      found: `${end - begin} bytes`,
    });
  }
  return { key, file, offset: dataStart + begin, length: end - begin, type, shape };
}

function numbers(json: JsonScanner, key: string, file: string, most: number): number[] {
  const list: number[] = [];
  json.array(() => {
    if (list.length >= most) refuse(file, key, `a list of more than ${most} numbers`);
    list.push(json.wholeNumber());
  });
  return list;
}

function parseType(name: string, key: string, file: string): StoredType {
  if (!Object.hasOwn(STORED_BITS, name)) refuse(file, key, `dtype ${quote(name)} is not one that safetensors has`);
  return name as StoredType;
}

/** Undefined where a product on the way is too large to be exact, as the reference multiplies. */
function bitSize(shape: readonly number[], type: StoredType): number | undefined {
  let product = 1;
  for (const n of shape) {
    product *= n;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  product *= STORED_BITS[type];
  return Number.isSafeInteger(product) ? product : undefined;
}

/** The tensors must tile the rest of the file: no hole, no overlap, nothing left over, nothing beyond the end. */
function checkCoverage(tensors: ReadonlyMap<string, TensorEntry>, dataStart: number, source: HeaderSource): void {
  const inOrder = [...tensors.values()].sort((a, b) => a.offset - b.offset || a.length - b.length);
  let at = dataStart;
  for (const { key, offset, length } of inOrder) {
    if (offset !== at) {
      const what = offset > at ? "there is a hole before it" : "it overlaps the tensor before it";
      refuse(source.file, key, `${what}: expected to begin at byte ${at}, found ${offset}`, {
        expected: `begin ${at}`,
        found: `begin ${offset}`,
      });
    }
    at += length;
  }
  if (at !== source.size) {
    const what =
      at > source.size
        ? "the file is cut short (an unfinished download?)"
        : "the file has bytes that belong to no tensor";
    refuse(source.file, undefined, `${what}: expected ${at} bytes, found ${source.size}`, {
      expected: `${at} bytes`,
      found: `${source.size} bytes`,
    });
  }
}

/** Throws the one error that this folder has for files that are wrong inside. */
export function refuse(
  path: string,
  key: string | undefined,
  problem: string,
  facts: { expected?: string; found?: string } = {},
): never {
  const at = key === undefined ? "" : ` at tensor ${quote(key)}`;
  throw new AppError("checkpoint-invalid", `${path}${at}: ${problem}`, {
    path,
    ...(key === undefined ? {} : { key: shorten(key) }),
    ...facts,
  });
}

/** Text from a file made fit for a message: on one line, not long. */
export function quote(text: string): string {
  return JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
