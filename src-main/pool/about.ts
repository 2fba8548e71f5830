/** What a checkpoint is, told to others once by a worker that has it: what a window needs to compose for it without having it. */
import type { Redis } from "ioredis";
import * as v from "valibot";
import { PREDICTIONS } from "../api/engine.ts";
import { LIMITS } from "../api/engineMessages.ts";
import { MODEL_FAMILIES } from "../api/models.ts";
import { settingsSchema } from "../api/sceneMessages.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { pixelsPerLatent, recommendedSettings } from "../checkpoint/recommendedSettings.ts";
import { listOf } from "../wire/lists.ts";
import { listCut } from "./bounded.ts";
import { keys } from "./keys.ts";
import { LARGEST_NOTE, readIfSound } from "./messages.ts";

const text = (longest: number) => v.pipe(v.string(), v.maxLength(longest));
const whole = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
const mark = text(100);
/** CLIP's; a checkpoint with as many words has its vocabulary. */
const CLIP_WORDS = 49_408;

const aboutSchema = v.strictObject({
  family: v.picklist(MODEL_FAMILIES),
  prediction: v.picklist(PREDICTIONS),
  isPredictionGuessed: v.exactOptional(v.boolean()),
  distilled: v.exactOptional(text(LIMITS.name)),
  weightBytes: whole(2 ** 50),
  parameters: whole(2 ** 50),
  maxTokens: v.pipe(whole(4_096), v.minValue(3)),
  pixelsPerLatent: v.picklist([1, 2, 4, 8, 16, 32]),
  notes: listOf(text(1_000), 20),
  defaults: settingsSchema,
  /** The marks of its tokenizer, and whether its words are its own and none of CLIP's. */
  marks: v.strictObject({ start: mark, end: mark, pad: mark, unknown: mark }),
  ownWords: v.boolean(),
});
export type ModelAbout = v.InferOutput<typeof aboutSchema>;

export function aboutOf(checkpoint: Checkpoint): ModelAbout {
  const {
    family,
    scheduler,
    distilled,
    weightBytes,
    parameters,
    notes,
    isPredictionGuessed,
    text: encoder,
  } = checkpoint;
  const { start, end, pad, unknown, vocabulary, maxTokens } = encoder.tokenizer;
  const { maxPositions } = encoder.config;
  return {
    ...{ family, prediction: scheduler.prediction, weightBytes, parameters },
    ...(isPredictionGuessed ? { isPredictionGuessed } : {}),
    ...(distilled ? { distilled: distilled.name } : {}),
    maxTokens: Math.min(maxTokens ?? maxPositions, maxPositions),
    pixelsPerLatent: pixelsPerLatent(checkpoint) as ModelAbout["pixelsPerLatent"],
    notes: notes.slice(0, 20).map((note) => note.slice(0, 1_000)),
    defaults: recommendedSettings(checkpoint),
    marks: { start, end, pad, unknown },
    ownWords: vocabulary !== undefined && vocabulary.ids.size !== CLIP_WORDS,
  };
}

export async function tellAbout(redis: Redis, hash: string, about: ModelAbout): Promise<void> {
  await redis.hset(keys.about, hash, JSON.stringify(about));
}

/** Undefined where nobody has said it, or not in a form that is known here. */
export async function readAbout(redis: Redis, hash: string): Promise<ModelAbout | undefined> {
  const [json = null] = await listCut(redis, "HMGET", keys.about, [hash], { largest: LARGEST_NOTE });
  return json !== null && json.length > LARGEST_NOTE ? undefined : readIfSound(aboutSchema, json);
}
