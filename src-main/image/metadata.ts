/**
 * Settings inside a picture: all that is needed to make it again, in a chunk of our own, and for everyone else the
 * "parameters" text that other tools read. What comes back from a file is checked field by field before anything
 * believes it.
 */
import * as v from "valibot";
import type { RunRecord } from "../api/engine.ts";
import { LIMITS, seedSchema } from "../api/engineMessages.ts";
import { storedSceneSchema } from "../api/sceneMessages.ts";
import { AppError } from "../wire/errors.ts";
import { listOf } from "../wire/lists.ts";
import { PROVIDERS } from "../scene/scene.ts";
import { writeInfotext } from "./infotext.ts";
import { readPngTexts } from "./png.ts";
import type { PngText } from "./pngText.ts";

const RECORD_KEYWORD = "diorama";
export const INFOTEXT_KEYWORD = "parameters";
/** A record has a few kilobytes; a prompt and 64 painted regions, however finely, stay below this. */
export const LONGEST_RECORD = 12 * 2 ** 20;

/** What a picture says about itself. */
export type Metadata =
  | { kind: "record"; record: RunRecord }
  /** Written by another program; `parameters` goes to `sceneFromInfotext`. */
  | { kind: "foreign"; texts: PngText[] }
  | { kind: "nothing" };

/** The texts that a finished picture carries. */
export function metadataTexts(record: RunRecord): PngText[] {
  return [
    { keyword: INFOTEXT_KEYWORD, text: writeInfotext(record) },
    { keyword: RECORD_KEYWORD, text: asciiJson(record) },
  ];
}

/** JSON in ASCII, which every reader of PNG texts decodes alike. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * What the texts of a PNG say. A damaged PNG, or a record of ours that is damaged, is `image-invalid`.
 */
export function readMetadata(png: Uint8Array): Metadata {
  const { texts } = readPngTexts(png);
  const own = texts.find(({ keyword }) => keyword === RECORD_KEYWORD);
  if (own) return { kind: "record", record: parseRecordText(own.text) };
  return texts.length > 0 ? { kind: "foreign", texts } : { kind: "nothing" };
}

function parseRecordText(text: string): RunRecord {
  if (text.length > LONGEST_RECORD) throw recordProblem(`${text.length} characters are too many`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw recordProblem((error as Error).message);
  }
  return parseRecord(value);
}

const shortText = v.pipe(v.string(), v.maxLength(1_000, "expected at most 1000 characters"));
/** Attention fractions are sums of float32: a little above 1 is 1. */
const fraction = v.pipe(
  v.number(),
  v.minValue(0, "expected at least 0"),
  v.maxValue(1.001, "expected at most 1"),
  v.transform((value) => Math.min(1, value)),
);
const tokens = listOf(
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000)),
  10_000,
  "expected at most 10000 tokens",
);

const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.pixels));

const recordSchema = v.pipe(
  v.strictObject({
    version: v.literal(1),
    scene: storedSceneSchema,
    seed: seedSchema,
    alternative: v.exactOptional(shortText),
    scouted: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.steps))),
    model: v.strictObject({
      name: shortText,
      hash: shortText,
      sha256: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"))),
      vae: v.exactOptional(v.strictObject({ name: shortText, hash: shortText })),
    }),
    engine: v.strictObject({
      app: shortText,
      onnxruntime: shortText,
      provider: v.picklist([...PROVIDERS, "unknown"]),
      precision: shortText,
      noise: v.picklist(["torch-cpu", "unknown"]),
      rows: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(1_000))),
    }),
    start: v.exactOptional(v.strictObject({ width: side, height: side })),
    tokens: v.record(v.string(), tokens),
    obedience: v.record(v.string(), fraction),
    course: v.exactOptional(v.record(v.string(), listOf(fraction, LIMITS.steps))),
  }),
  v.rawTransform(({ dataset, addIssue }) => {
    const record = dataset.value;
    const ids = record.scene.regions.map(({ id }) => id);
    for (const name of ["tokens", "obedience", "course"] as const) {
      const stranger = Object.keys(record[name] ?? {}).find((id) => !ids.includes(id));
      if (stranger === undefined) continue;
      addIssue({ message: `${name}: there is no box "${stranger.slice(0, 60)}"` });
    }
    return record;
  }),
);

/** A record from anything, or `image-invalid` with the path of the first field that is wrong. */
export function parseRecord(value: unknown): RunRecord {
  const version = (value as { version?: unknown } | null | undefined)?.version;
  if (typeof version === "number" && version > 1) {
    throw recordProblem(`version ${version} is newer than this program; update Diorama to open it`);
  }
  // JSON.parse makes "__proto__" a plain field, but the copies that others make of the record may not.
  const hostile = findKey(value, "__proto__", "");
  if (hostile !== undefined) throw recordProblem(`${hostile}: this name is not allowed`);
  const result = v.safeParse(recordSchema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw recordProblem(`${path === null ? "" : `${path}: `}${clip(issue.message)}`);
}

function recordProblem(message: string): AppError<"image-invalid"> {
  return new AppError("image-invalid", `the settings in the picture are damaged: ${message}`, {});
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/**
 * Path of a field called `name` anywhere in `value`; deeper than a record goes nobody looks, it is refused by its
 * shape.
 */
function findKey(value: unknown, name: string, at: string, depth = 0): string | undefined {
  if (typeof value !== "object" || value === null || depth > 8) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const path = at === "" ? key : `${at}.${key}`;
    if (key === name) return path;
    const found = findKey(inner, name, path, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
