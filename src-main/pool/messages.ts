/**
 * Everything that lies in a pool's Redis, and what it must look like. Whoever can write there can write anything, so both sides check
 * each value when they read it, and its size before that. `FORM` counts up whenever one of these changes in a way that the version before
 * would misread.
 */
import * as v from "valibot";
import { seedSchema } from "../api/engineMessages.ts";
import { URGENCIES } from "../api/pool.ts";
import { sceneSchema } from "../api/sceneMessages.ts";
import { LIMITS } from "../api/engineMessages.ts";
import { PREDICTIONS } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import { listOf } from "../wire/lists.ts";
import { describe } from "../wire/rpc.ts";

export const FORM = 1;

/** Bytes of a request: a prompt, and 64 painted regions however finely. */
export const LARGEST_REQUEST = 12 * 2 ** 20;
/** Bytes of a picture as a PNG: 2048 x 2048 of noise. */
export const LARGEST_PICTURE = 20 * 2 ** 20;
/** Bytes of a picture's state that is handed on; a larger one (beyond 2048 x 2048 pixels) begins anew with the next worker. */
export const LARGEST_POOL_STATE = 16 * 2 ** 20;
/** Bytes of where a picture's phrases look. */
export const LARGEST_ATTENTION = 8 * 2 ** 20;
/** Bytes of a preview, packed. */
export const LARGEST_PREVIEW = 64 * 2 ** 10;
/** Bytes of anything else. */
export const LARGEST_NOTE = 64 * 2 ** 10;
export const MOST_WORKERS = 1_000;
export const MOST_MODELS = 1_000;

const whole = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
const text = (longest: number) => v.pipe(v.string(), v.maxLength(longest, `expected at most ${longest} characters`));
const name = text(LIMITS.name);
const seconds = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e9));
/** Letters, digits and dashes: no part of a key that could be another key. */
const id = v.pipe(v.string(), v.regex(/^[\w-]{1,100}$/, "expected letters, digits and dashes"));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"));
/** A person, as others see them. */
const user = v.pipe(v.string(), v.regex(/^[^\p{Cc}]{1,100}$/u, "expected 1 to 100 characters"));

/** Of the Hugging Face hub. */
const repo = v.pipe(v.string(), v.maxLength(200), v.regex(/^[\w.-]+\/[\w.-]+$/, "expected owner/name"));

export const modelSchema = v.strictObject({ hash: sha256, name });

/** What the pictures of a run have in common; by its SHA-256 the jobs name it. */
export const requestSchema = v.strictObject({
  form: v.literal(FORM),
  app: name,
  model: v.strictObject({
    ...modelSchema.entries,
    /** Of the checkpoint as pictures tell it (`RunRecord.model.hash`), where whoever asks has it. */
    sampled: v.exactOptional(text(200)),
    /** Where the hub has it: `owner/name`. */
    repo: v.exactOptional(repo),
    prediction: v.exactOptional(v.picklist(PREDICTIONS)),
  }),
  scene: sceneSchema,
  previewEvery: whole(LIMITS.steps),
  attention: v.boolean(),
  /** The picture that it goes on from: the SHA-256 of its PNG. */
  start: v.exactOptional(sha256),
});
export type PoolRequest = v.InferOutput<typeof requestSchema>;

/** A job: one seed. */
export const jobSchema = v.strictObject({
  form: v.literal(FORM),
  run: id,
  seed: seedSchema,
  /** SHA-256 of the request's text. */
  request: sha256,
  user,
  urgency: v.picklist(URGENCIES),
  /** Its turn among those of the same urgency. */
  turn: whole(2 ** 40),
});
export type PoolJob = v.InferOutput<typeof jobSchema>;

/** What came of a job. */
export const outcomeSchema = v.strictObject({
  form: v.literal(FORM),
  /** SHA-256 of the PNG. */
  picture: sha256,
  bytes: whole(LARGEST_PICTURE),
  seconds,
  worker: name,
  /** There is something to read of where its phrases look. */
  attention: v.boolean(),
});
export type PoolOutcome = v.InferOutput<typeof outcomeSchema>;

/** What a worker tells of itself. Older and newer ones are told apart by `form`, so more may be there than is known here. */
export const presenceSchema = v.object({
  form: whole(1_000),
  id,
  name,
  app: name,
  device: name,
  models: listOf(modelSchema, MOST_MODELS),
  open: v.nullable(sha256),
  drawing: v.nullable(
    v.strictObject({
      job: text(300),
      run: id,
      seed: seedSchema,
      user,
      model: name,
      step: whole(LIMITS.steps * 2),
      steps: whole(LIMITS.steps * 2),
    }),
  ),
  done: whole(2 ** 40),
  failed: whole(2 ** 40),
  secondsEach: v.nullable(seconds),
  notes: listOf(text(500), 20),
});
export type Presence = v.InferOutput<typeof presenceSchema>;

/** A checkpoint that somebody asked for pictures of; of any form, so that others can be told of. */
export const askedModelSchema = v.object({ form: whole(1_000), hash: sha256, name, app: name, repo: v.optional(repo) });
export type AskedModel = v.InferOutput<typeof askedModelSchema>;

/** What the listeners of a run hear. What they miss they find out by looking. */
export const eventSchema = v.variant("kind", [
  v.strictObject({
    kind: v.literal("step"),
    job: text(300),
    step: whole(LIMITS.steps * 2),
    steps: whole(LIMITS.steps * 2),
    elapsed: seconds,
    left: v.nullable(seconds),
    obedience: v.record(text(LIMITS.id), v.pipe(v.number(), v.minValue(0), v.maxValue(1.001))),
    worker: name,
    /** A PNG, in base64. */
    preview: v.exactOptional(text(LARGEST_PREVIEW * 2)),
  }),
  v.strictObject({ kind: v.literal("ended"), job: text(300) }),
]);
export type PoolEvent = v.InferOutput<typeof eventSchema>;

/** What all workers hear. */
export const callSchema = v.variant("kind", [
  /** There is something to draw. */
  v.strictObject({ kind: v.literal("asked") }),
  /** Nobody wants this any more. */
  v.strictObject({ kind: v.literal("unwanted"), run: id, job: v.nullable(text(300)) }),
]);
export type PoolCall = v.InferOutput<typeof callSchema>;

/** A value from the pool, or why it cannot be taken: `what` begins the sentence. */
export function readFrom<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  what: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  throw new AppError("pool-failed", `${what} cannot be read: ${describe(parsed.issues[0])}`, { address: "" });
}

/** The same from JSON of at most `largest` characters. */
export function readText<Schema extends v.GenericSchema>(
  schema: Schema,
  json: string,
  what: string,
  largest = LARGEST_NOTE,
): v.InferOutput<Schema> {
  if (json.length > largest) {
    throw new AppError("pool-failed", `${what} cannot be read: it has ${json.length} characters`, { address: "" });
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new AppError("pool-failed", `${what} cannot be read: it is no JSON`, { address: "" });
  }
  return readFrom(schema, value, what);
}

/** The same where a strange value is no one's fault and says nothing. */
export function readIfSound<Schema extends v.GenericSchema>(
  schema: Schema,
  json: string | null,
): v.InferOutput<Schema> | undefined {
  if (json === null || json.length > LARGEST_PREVIEW * 2 + LARGEST_NOTE) return undefined;
  try {
    const parsed = v.safeParse(schema, JSON.parse(json));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
