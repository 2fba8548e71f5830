/**
 * What a request to the engine must look like, method by method. The engine trusts nothing that comes over its port: a wrong
 * field is refused here with its path, before it can reach a model.
 */
import * as v from "valibot";
import { PREDICTIONS, type EngineApi } from "./engine.ts";
import { LONGEST_EMBEDDING_NAME } from "../scene/embeddings.ts";
import {
  LONGEST_BOX_WORDS,
  LONGEST_PROMPT,
  MOST_BOXES,
  MOST_EMBEDDINGS,
  MOST_LORAS,
  MOST_SEEDS,
  MOST_SPANS,
} from "../scene/limits.ts";
import { LONGEST_LORA_NAME, STRONGEST_LORA } from "../scene/loras.ts";
import { listOf } from "../wire/lists.ts";
import type { Schemas } from "../wire/rpc.ts";
import { METHODS, OTHER_SPACINGS, PROVIDERS, SCHEDULERS, type Scene } from "../scene/scene.ts";

/** The most of each thing that a request may carry; far above use, low enough that none can exhaust the engine. */
export const LIMITS = {
  seeds: MOST_SEEDS,
  regions: MOST_BOXES,
  spans: MOST_SPANS,
  text: LONGEST_PROMPT,
  boxText: LONGEST_BOX_WORDS,
  loras: MOST_LORAS,
  name: LONGEST_LORA_NAME,
  path: 4_096,
  id: 200,
  pixels: 4_096,
  steps: 1_000,
} as const;

const MAX_SEED = 2n ** 64n - 1n;
/** What adding two fractions may lose in the last digit. */
const ROUNDING = 1e-9;

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

const unitBoxSchema = v.pipe(
  v.strictObject({ x: range(0, 1), y: range(0, 1), width: range(0, 1), height: range(0, 1) }),
  v.check((box) => box.width > 0 && box.height > 0, "expected a width and a height above 0"),
  v.check(
    (box) => box.x + box.width <= 1 + ROUNDING && box.y + box.height <= 1 + ROUNDING,
    "expected a box inside the picture",
  ),
);

const spanSchema = v.pipe(
  v.strictObject({ start: whole(0, LIMITS.text), end: whole(0, LIMITS.text) }),
  v.check(({ start, end }) => start < end, "expected start < end"),
);

const regionSchema = v.strictObject({
  id: name(LIMITS.id),
  box: unitBoxSchema,
  spans: listOf(spanSchema, LIMITS.spans),
  strength: range(0, 3),
  words: v.exactOptional(text(LIMITS.boxText)),
  avoid: v.exactOptional(text(LIMITS.boxText)),
  during: v.exactOptional(
    v.pipe(
      v.strictObject({ start: range(0, 1), end: range(0, 1) }),
      v.check(({ start, end }) => start <= end, "expected start <= end"),
    ),
  ),
});

const pixelsSchema = v.pipe(whole(8, LIMITS.pixels), v.multipleOf(8, "expected a multiple of 8"));
const stepRangeSchema = v.pipe(
  v.strictObject({ start: whole(0, LIMITS.steps), end: whole(0, LIMITS.steps) }),
  v.check(({ start, end }) => start <= end, "expected start <= end"),
);

export const loraSchema = v.strictObject({
  name: name(LIMITS.name),
  strength: range(-STRONGEST_LORA, STRONGEST_LORA),
  on: v.boolean(),
  path: v.exactOptional(name(LIMITS.path)),
  hash: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hexadecimal"))),
});

const embeddingSchema = v.strictObject({
  name: name(LONGEST_EMBEDDING_NAME),
  path: v.exactOptional(name(LIMITS.path)),
  hash: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hexadecimal"))),
});
const embeddingsSchema = v.exactOptional(
  listOf(embeddingSchema, MOST_EMBEDDINGS, `expected at most ${MOST_EMBEDDINGS} embeddings`),
);

const settingsSchema = v.pipe(
  v.strictObject({
    width: pixelsSchema,
    height: pixelsSchema,
    steps: whole(1, LIMITS.steps),
    guidanceScale: range(0, 100),
    scheduler: v.picklist(SCHEDULERS),
    karras: v.boolean(),
    spacing: v.exactOptional(v.picklist(OTHER_SPACINGS)),
    guidanceRescale: v.exactOptional(range(0, 1)),
    // Not in what versions before 0.2 kept: they read the last layer, and brackets as brackets.
    clipSkip: v.optional(whole(1, 12), 1),
    promptWeights: v.optional(v.boolean()),
    guidance: v.strictObject({
      method: v.picklist(METHODS),
      nu: range(0, 10),
      injectionSteps: stepRangeSchema,
      eta: range(0, 50),
      lossSteps: stepRangeSchema,
    }),
    loras: v.exactOptional(listOf(loraSchema, LIMITS.loras, `expected at most ${LIMITS.loras} LoRAs`)),
    embeddings: embeddingsSchema,
  }),
  v.check(({ karras, spacing }) => !karras || spacing === undefined, "expected karras or another spacing, not both"),
);

const regionsSchema = listOf(regionSchema, LIMITS.regions, `expected at most ${LIMITS.regions} boxes`);
/** The scene with what older versions did not keep, so that it draws what it drew. */
function withWeights<
  T extends { prompt: string; negativePrompt: string; settings: v.InferOutput<typeof settingsSchema> },
>(scene: T) {
  const wereLetters = /[()[\]\\]|\bBREAK\b/.test(`${scene.prompt} ${scene.negativePrompt}`);
  const { promptWeights = !wereLetters, ...rest } = scene.settings;
  return { ...scene, settings: { ...rest, promptWeights } };
}
const sceneFields = { prompt: text(LIMITS.text), negativePrompt: text(LIMITS.text), settings: settingsSchema };

type SceneLike = Pick<Scene, "prompt" | "regions">;
const phrasesAreInside = ({ prompt, regions }: SceneLike) =>
  regions.every(({ spans }) => spans.every(({ end }) => end <= prompt.length));
const idsAreUnique = ({ regions }: SceneLike) => new Set(regions.map(({ id }) => id)).size === regions.length;
const OUTSIDE = "regions: expected every phrase to lie inside the prompt";
const TWICE = "regions: expected every id once";

/** A scene that can be drawn. */
export const sceneSchema = v.pipe(
  v.strictObject({
    ...sceneFields,
    regions: v.pipe(
      regionsSchema,
      v.checkItems(({ spans }) => spans.length > 0, "expected at least one phrase"),
    ),
  }),
  v.check((scene) => phrasesAreInside(scene), OUTSIDE),
  v.check((scene) => idsAreUnique(scene), TWICE),
  v.transform(withWeights),
);

/** A scene that is being made: a box may have no phrase yet. */
export const draftSceneSchema = v.pipe(
  v.strictObject({ ...sceneFields, regions: regionsSchema }),
  v.check((scene) => phrasesAreInside(scene), OUTSIDE),
  v.check((scene) => idsAreUnique(scene), TWICE),
  v.transform(withWeights),
);

export const seedSchema = v.pipe(
  v.string(),
  v.check(
    (seed) => /^(0|[1-9]\d{0,19})$/.test(seed) && BigInt(seed) <= MAX_SEED,
    `expected a decimal number from 0 to ${MAX_SEED}`,
  ),
);

/** Bytes of a picture's state: a latent of 4096 x 4096 pixels and the most that samplers carry, in float64. */
const LARGEST_STATE = 64 * 2 ** 20;
/** Bytes of all states of a request. */
const LARGEST_STATES = 512 * 2 ** 20;
export const stateSchema = v.pipe(
  v.instance(Uint8Array),
  v.check(
    (bytes): boolean => bytes.buffer instanceof ArrayBuffer && bytes.length <= LARGEST_STATE,
    `expected at most ${LARGEST_STATE} bytes`,
  ),
);

const nothing = v.undefined("expected no argument");
const jobId = name(LIMITS.id);

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
    keepEvery: v.exactOptional(range(0, 3_600)),
  }),
  cancel: v.strictObject({ jobId, index: v.exactOptional(whole(0, LIMITS.seeds - 1)) }),
} satisfies Schemas<EngineApi>;
