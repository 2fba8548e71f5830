/**
 * What one machine asks of another's engine, and how the answers must look. Requests are checked there as any request to the engine
 * is; answers and events are checked here, as the other side is no part of this program. Pictures travel as PNG, and no path does.
 */
import * as v from "valibot";
import { type MachineInfo, MODEL_KEY } from "../api/machines.ts";
import {
  PREDICTIONS,
  type ModelSummary,
  type Prediction,
  type PromptText,
  type PromptTokens,
  type SceneCheck,
} from "../api/engine.ts";
import { engineSchemas, LIMITS, seedSchema, stateSchema } from "../api/engineMessages.ts";
import { MODEL_FAMILIES } from "../api/models.ts";
import { sceneSchema } from "../api/sceneMessages.ts";
import { PROVIDERS, type ProviderName, type Scene, type SceneSettings, type Seed } from "../scene/scene.ts";
import { SCHEDULERS } from "../scene/schedulers.ts";
import { listOf } from "../wire/lists.ts";
import type { Schemas } from "../wire/rpc.ts";
import { machineName } from "./protocol.ts";

/** A checkpoint of the machine that is asked, by its list. */
export interface ModelThere {
  key: string;
  provider: ProviderName;
  prediction?: Prediction;
}

/** `call` names the request in events and to `cancel`. */
interface Asked {
  call: string;
  model: ModelThere;
}

export interface DrawThere extends Asked {
  scene: Scene;
  /** Of one picture, or of as many as are drawn side by side there; events name each by its index among them. */
  seeds: Seed[];
  previewEvery: number;
  attention: boolean;
  until?: number;
  keepEvery?: number;
  /** The picture that the scene goes on from, as PNG. */
  start?: Uint8Array<ArrayBuffer>;
  /** For each seed the state that its picture goes on from; null begins it. */
  from?: (Uint8Array<ArrayBuffer> | null)[];
  sharesBeginning?: boolean;
}

/** Pictures that one call may ask for: more would keep others from their turns. */
export const MOST_AT_ONCE = 8;

export interface RemoteApi {
  info(): Promise<MachineInfo>;
  load(request: Asked): Promise<ModelSummary>;
  tokenize(request: Asked & { text: PromptText }): Promise<PromptTokens>;
  check(request: Asked & { scene: Scene }): Promise<SceneCheck>;
  estimate(request: Asked & { scenes: { scene: Scene; until: number | null }[] }): Promise<(number | null)[]>;
  /** How many pictures of a scene had better be asked for in one call (EngineApi.atOnce); one where the checkpoint is not open. */
  atOnce(request: Asked & { scene: Scene }): Promise<number>;
  /** Draws a picture, or several side by side, in turn with what others ask for; each comes as `image`. */
  draw(request: DrawThere): Promise<{ finished: number }>;
  cancel(request: { call: string; index?: number; keep: boolean }): Promise<void>;
}

export interface RemoteEvents {
  info: MachineInfo;
  loading: v.InferOutput<typeof loadingSchema>;
  step: v.InferOutput<typeof stepSchema>;
  image: v.InferOutput<typeof imageSchema>;
  state: v.InferOutput<typeof stateEventSchema>;
}

/** Events that are old as soon as the next one is there. */
export const FLEETING = ["loading", "step"] as const;

const text = (length: number) => v.pipe(v.string(), v.maxLength(length, `expected at most ${length} characters`));
const call = v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/, "expected an id"));
const index = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_AT_ONCE - 1));
const number = v.pipe(v.number(), v.finite());
const whole = (least: number, most: number) => v.pipe(number, v.integer(), v.minValue(least), v.maxValue(most));
const seconds = v.pipe(number, v.minValue(0));
/** Bytes of a PNG of the largest picture, which noise hardly shrinks. */
const LARGEST_PNG = LIMITS.pixels * LIMITS.pixels * 4;
const png = v.pipe(
  v.instance(Uint8Array<ArrayBuffer>),
  v.check((bytes): boolean => bytes.length <= LARGEST_PNG, `expected at most ${LARGEST_PNG} bytes`),
);
/** With a buffer of its own: what was decoded is a part of the message's, and is read as float32 later. */
const ownState = v.pipe(
  stateSchema,
  v.transform((bytes) => new Uint8Array(bytes)), // `slice` of a Buffer is no copy
);
const key = v.pipe(v.string(), v.regex(MODEL_KEY, "expected the key of a checkpoint"));

const model = v.strictObject({
  key,
  provider: v.picklist(PROVIDERS),
  prediction: v.exactOptional(v.picklist(PREDICTIONS)),
});
const asked = { call, model };
const { scene, previewEvery, attention, until, keepEvery, sharesBeginning } = engineSchemas.generate.entries;

export const remoteSchemas = {
  info: v.undefined("expected no argument"),
  load: v.strictObject(asked),
  tokenize: v.strictObject({ ...asked, text: engineSchemas.tokenize }),
  check: v.strictObject({ ...asked, scene }),
  estimate: v.strictObject({ ...asked, ...engineSchemas.estimate.entries }),
  atOnce: v.strictObject({ ...asked, scene }),
  draw: v.strictObject({
    ...{ ...asked, scene, previewEvery, attention, until, keepEvery },
    seeds: v.pipe(listOf(seedSchema, MOST_AT_ONCE), v.minLength(1, "expected at least one seed")),
    start: v.exactOptional(png),
    from: v.exactOptional(listOf(v.nullable(ownState), MOST_AT_ONCE)),
    sharesBeginning,
  }),
  cancel: v.strictObject({ call, index: v.exactOptional(index), keep: v.boolean() }),
} satisfies Schemas<RemoteApi>;

/** Settings as a scene has them. */
const settingsSchema: v.GenericSchema<unknown, SceneSettings> = v.pipe(
  v.unknown(),
  v.transform((settings): unknown => ({ prompt: "", negativePrompt: "", regions: [], settings })),
  sceneSchema,
  v.transform((scene) => scene.settings),
);

const regionId = text(LIMITS.id);
const fraction = v.pipe(number, v.minValue(0), v.maxValue(1.001));
const few = <Value extends v.GenericSchema>(value: Value) =>
  v.pipe(
    v.record(regionId, value),
    v.check((record) => Object.keys(record).length <= LIMITS.regions, `expected at most ${LIMITS.regions} boxes`),
  );
const obedience = few(fraction);
const WIDEST_MAP = 512;
const attentionMaps = v.pipe(
  v.strictObject({
    width: whole(0, WIDEST_MAP),
    height: whole(0, WIDEST_MAP),
    regions: few(v.instance(Float32Array<ArrayBuffer>)),
  }),
  v.check(
    ({ width, height, regions }) => Object.values(regions).every((map) => map.length === width * height),
    "expected a number for each cell",
  ),
);
const span = v.strictObject({ start: whole(0, LIMITS.text), end: whole(0, LIMITS.text) });

const infoSchema = v.strictObject({
  name: machineName,
  app: text(40),
  device: text(200),
  provider: v.picklist(PROVIDERS),
  models: listOf(
    v.strictObject({
      key,
      name: text(LIMITS.name),
      sha256: v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
      family: v.nullable(v.picklist(MODEL_FAMILIES)),
    }),
    10_000,
  ),
}) satisfies v.GenericSchema<unknown, MachineInfo>;

/** By method, what an answer must look like. */
export const answerSchemas = {
  info: infoSchema,
  load: v.strictObject({
    path: text(LIMITS.path),
    name: text(LIMITS.name),
    provider: v.picklist(PROVIDERS),
    memory: v.picklist(["fast", "low"]),
    precision: v.picklist(["float32", "float16"]),
    weightBytes: seconds,
    parameters: seconds,
    family: v.picklist(MODEL_FAMILIES),
    prediction: v.picklist(PREDICTIONS),
    isPredictionGuessed: v.exactOptional(v.boolean()),
    vae: v.exactOptional(text(LIMITS.name)),
    distilled: v.exactOptional(text(LIMITS.name)),
    notes: listOf(text(2_000), 50),
    maxTokens: whole(1, 100_000),
    pixelsPerLatent: whole(1, 1_024),
    defaults: settingsSchema,
  }),
  tokenize: v.strictObject({
    ...{ count: whole(0, 1e6), chunks: whole(0, 1e5), limit: whole(0, 1e6) },
    tokens: listOf(v.strictObject({ id: whole(0, 1e7), text: text(1_000), span, lost: v.boolean() }), 100_000),
    embeddings: listOf(v.strictObject({ word: text(LIMITS.name), span, vectors: whole(0, 10_000) }), 1_000),
    lost: v.exactOptional(v.strictObject({ span, text: text(LIMITS.text) })),
  }),
  check: v.strictObject({
    warnings: listOf(
      v.variant("kind", [
        v.strictObject({ kind: v.literal("phrase-lost"), regionId, text: text(LIMITS.text) }),
        v.strictObject({ kind: v.literal("prompt-truncated"), text: text(LIMITS.text) }),
        v.strictObject({ kind: v.literal("box-below-cell"), regionId, cells: number }),
        v.strictObject({ kind: v.literal("box-hidden"), regionId }),
        v.strictObject({
          kind: v.literal("boxes-conflict"),
          regionIds: v.tuple([regionId, regionId]),
          overlap: number,
        }),
        v.strictObject({ kind: v.literal("embedding-unusable"), name: text(LIMITS.name), problem: text(4_000) }),
        v.strictObject({
          kind: v.literal("markup-ignored"),
          markup: v.strictObject({ kind: v.picklist(["weight", "change", "lora", "network"]), text: text(1_000) }),
          where: v.picklist(["prompt", "negativePrompt"]),
        }),
        v.strictObject({
          kind: v.literal("spacing-ignored"),
          scheduler: v.picklist(SCHEDULERS),
          spacing: v.picklist(["model", "karras", "exponential", "sgm-uniform", "simple"]),
        }),
        v.strictObject({ kind: v.literal("not-enough-memory"), neededBytes: number, freeBytes: number }),
      ]),
      10_000,
    ),
    estimatedSeconds: v.exactOptional(seconds),
    estimatedDraftSeconds: v.exactOptional(seconds),
    estimatedScoutSeconds: v.exactOptional(seconds),
    estimatedBytes: seconds,
  }),
  estimate: listOf(v.nullable(seconds), 1_000),
  atOnce: whole(1, MOST_AT_ONCE),
  draw: v.strictObject({ finished: whole(0, MOST_AT_ONCE) }),
  cancel: v.undefined(),
} satisfies { [Method in keyof RemoteApi]: v.GenericSchema<unknown, Awaited<ReturnType<RemoteApi[Method]>>> };

const loadingSchema = v.strictObject({ call, fraction: fraction, message: text(1_000) });
const stepSchema = v.strictObject({
  call,
  index,
  step: whole(0, LIMITS.steps),
  steps: whole(1, LIMITS.steps),
  elapsed: seconds,
  pictureSecondsLeft: v.exactOptional(seconds),
  obedience,
  loss: v.exactOptional(number),
  /** At most PREVIEW_SIDE pixels a side. */
  preview: v.exactOptional(png),
  attention: v.exactOptional(attentionMaps),
});
const imageSchema = v.strictObject({
  call,
  index,
  picture: png,
  obedience: listOf(obedience, LIMITS.steps),
  attention: attentionMaps,
  seconds,
  shared: v.exactOptional(whole(0, LIMITS.steps)),
  /** Read by `parseRecord`, as the settings in a picture are. */
  record: v.unknown(),
  state: v.exactOptional(ownState),
});
const stateEventSchema = v.strictObject({ call, index, step: whole(0, LIMITS.steps), state: ownState });

export const eventSchemas = {
  info: infoSchema,
  loading: loadingSchema,
  step: stepSchema,
  image: imageSchema,
  state: stateEventSchema,
} satisfies { [Name in keyof RemoteEvents]: v.GenericSchema<unknown, RemoteEvents[Name]> };

const callId = v.pipe(v.number(), v.safeInteger());
/** What `serve` sends: answers, errors and events. The stack of an error is the other machine's own affair. */
export const answerSchema = v.variant("kind", [
  v.object({ kind: v.literal("result"), id: callId, value: v.unknown() }),
  v.object({
    kind: v.literal("error"),
    id: callId,
    error: v.object({
      code: v.pipe(v.string(), v.regex(/^[a-z-]{1,40}$/)),
      message: text(8_000),
      details: v.record(text(100), v.unknown()),
    }),
  }),
  v.object({
    kind: v.literal("event"),
    name: v.picklist(["info", "loading", "step", "image", "state"]),
    payload: v.unknown(),
  }),
]);

/** Pixels a side of what is shown while a picture is drawn. */
export const PREVIEW_SIDE = 256;
