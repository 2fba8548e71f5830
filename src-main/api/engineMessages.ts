/**
 * What a request to the engine must look like, method by method. The engine trusts nothing that comes over its port: a wrong
 * field is refused here with its path, before it can reach a model.
 */
import * as v from "valibot";
import { PREDICTIONS, type EngineApi } from "./engine.ts";
import {
  LONGEST_BOX_NAME,
  LONGEST_FILE_NAME,
  LONGEST_PATH,
  LONGEST_PROMPT,
  MOST_BOXES,
  MOST_LORAS,
  MOST_SEEDS,
} from "../scene/limits.ts";
import { PROVIDERS } from "../scene/scene.ts";
import { SETTINGS } from "../scene/settings.ts";
import { listOf } from "../wire/lists.ts";
import type { Schemas } from "../wire/rpc.ts";
import { embeddingsSchema, sceneSchema } from "./sceneMessages.ts";

/** The most of each thing that a request may carry; far above use, low enough that none can exhaust the engine. */
export const LIMITS = {
  seeds: MOST_SEEDS,
  regions: MOST_BOXES,
  text: LONGEST_PROMPT,
  loras: MOST_LORAS,
  name: LONGEST_FILE_NAME,
  path: LONGEST_PATH,
  id: LONGEST_BOX_NAME,
  /** A side of a picture that is read; those drawn here have fewer. */
  pixels: 4_096,
  steps: SETTINGS.steps.max,
} as const;

const MAX_SEED = 2n ** 64n - 1n;
const range = (min: number, max: number) =>
  v.pipe(
    v.number(),
    v.finite(),
    v.minValue(min, `expected at least ${min}`),
    v.maxValue(max, `expected at most ${max}`),
  );
const whole = (min: number, max: number) => v.pipe(range(min, max), v.integer("expected a whole number"));
const text = (length: number) => v.pipe(v.string(), v.maxLength(length, `expected at most ${length} characters`));
const name = (length: number) => v.pipe(text(length), v.minLength(1, "expected a text, got an empty one"));

export const seedSchema = v.pipe(
  v.string(),
  v.check(
    (seed) => /^(0|[1-9]\d{0,19})$/.test(seed) && BigInt(seed) <= MAX_SEED,
    `expected a decimal number from 0 to ${MAX_SEED}`,
  ),
);

/** Bytes of a picture's state: a latent of 4096 x 4096 pixels and the most that samplers carry, in float64. */
export const LARGEST_STATE = 64 * 2 ** 20;
/** Bytes of all states of a request. */
const LARGEST_STATES = 512 * 2 ** 20;
export const stateSchema = v.pipe(
  v.instance(Uint8Array),
  v.check(
    (bytes): boolean => bytes.buffer instanceof ArrayBuffer && bytes.length <= LARGEST_STATE,
    `expected at most ${LARGEST_STATE} bytes`,
  ),
);

/** Straight RGBA pixels. */
export const pixelsSchema = v.pipe(
  v.strictObject({
    width: whole(1, LIMITS.pixels),
    height: whole(1, LIMITS.pixels),
    data: v.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array, "expected bytes"),
  }),
  v.check(({ width, height, data }) => data.length === width * height * 4, "expected 4 bytes per pixel"),
);

const nothing = v.undefined("expected no argument");
const jobId = name(LIMITS.id);

/** Scenes of which it is asked at a time how long they take. */
export const MOST_ESTIMATED = 50;

/** By method of `EngineApi`; a method without an entry does not compile. */
export const engineSchemas = {
  providers: nothing,
  load: v.strictObject({
    path: name(LIMITS.path),
    provider: v.picklist(PROVIDERS),
    deviceId: v.exactOptional(whole(0, 255)),
    threads: v.exactOptional(whole(1, 1024)),
    memory: v.picklist(["fast", "low", "auto"]),
    prediction: v.exactOptional(v.picklist(PREDICTIONS)),
    vae: v.exactOptional(name(LIMITS.path)),
    tiny: v.exactOptional(name(LIMITS.path)),
    draft: v.exactOptional(v.boolean()),
  }),
  tokenize: v.strictObject({ prompt: text(LIMITS.text), promptWeights: v.boolean(), embeddings: embeddingsSchema }),
  check: sceneSchema,
  atOnce: sceneSchema,
  generate: v.strictObject({
    jobId,
    scene: sceneSchema,
    seeds: v.pipe(
      listOf(seedSchema, LIMITS.seeds, `expected at most ${LIMITS.seeds} seeds`),
      v.minLength(1, "expected at least one seed"),
    ),
    previewEvery: whole(0, LIMITS.steps),
    attention: v.boolean(),
    until: v.exactOptional(whole(1, LIMITS.steps)),
    from: v.exactOptional(
      v.pipe(
        listOf(v.nullable(stateSchema), LIMITS.seeds, `expected at most ${LIMITS.seeds} states`),
        v.check(
          (states) => states.reduce((sum, state) => sum + (state?.length ?? 0), 0) <= LARGEST_STATES,
          `expected at most ${LARGEST_STATES} bytes of states`,
        ),
      ),
    ),
    start: v.exactOptional(pixelsSchema),
    sharesBeginning: v.exactOptional(v.boolean()),
    keepEvery: v.exactOptional(range(0, 3_600)),
  }),
  cancel: v.strictObject({
    jobId,
    index: v.exactOptional(whole(0, LIMITS.seeds - 1)),
    keep: v.exactOptional(v.boolean()),
  }),
  estimate: v.strictObject({
    scenes: listOf(v.strictObject({ scene: sceneSchema, until: v.nullable(whole(1, LIMITS.steps)) }), MOST_ESTIMATED),
  }),
} satisfies Schemas<EngineApi>;
