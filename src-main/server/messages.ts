/** What the server answers and tells, as schemas: the description for clients (openapi.ts) is made of them, and tests hold answers to them. */
import * as v from "valibot";
import { LONGEST_SEEDS, MOST_STEPS } from "../scene/limits.ts";

/** Pictures that one run may draw. */
export const MOST_PICTURES = 1_000;
/** Bytes of a scene: as many as a scene's file has at most. */
export const LARGEST_BODY = 12 * 2 ** 20;

const about = <const Schema extends v.GenericSchema>(schema: Schema, text: string) =>
  v.pipe(schema, v.description(text));
const whole = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const perBox = about(v.record(v.string(), fraction), "How far each box is obeyed, by its name.");
const index = about(whole(0), "Which picture of the run, from 0.");
const seed = about(v.string(), "A number from 0 to 2^64 - 1, as text: JavaScript’s numbers would lose digits of it.");

/** What may stand behind the `?` of `POST /v1/scenes`. */
export const askSchema = v.strictObject({
  model: about(
    v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(1_000))),
    "The checkpoint, by its name or hash in GET /v1/models; the demo model where it is left out.",
  ),
  seeds: about(
    v.exactOptional(v.pipe(v.string(), v.maxLength(LONGEST_SEEDS))),
    "One picture for each: 1,2,7-9. Otherwise those of the scene, else 1.",
  ),
  count: about(
    v.exactOptional(v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}$/, `expected a number from 1 to ${MOST_PICTURES}`))),
    "So many pictures with seeds by chance, instead of seeds.",
  ),
  previews: about(
    v.exactOptional(v.pipe(v.string(), v.regex(/^(0|[1-9]\d{0,3})$/, `expected a number from 0 to ${MOST_STEPS}`))),
    "A preview with every so many steps; 0, none, where it is left out.",
  ),
});
export type Asked = v.InferOutput<typeof askSchema>;

export const pictureSchema = v.strictObject({
  index,
  seed,
  alternative: about(v.exactOptional(v.string()), "Of a prompt with { }, the words that were chosen for this picture."),
  hash: about(hash, "The picture’s file is GET /v1/pictures/ with this."),
  pixels: about(hash, "What a scene that goes on from this picture writes as start.hash."),
  obedience: perBox,
  seconds: about(v.number(), "What drawing it took."),
});
export type PictureView = v.InferOutput<typeof pictureSchema>;

export const failureSchema = v.strictObject({
  index: about(v.exactOptional(whole(0)), "Which picture; none where the whole run failed."),
  seed: v.exactOptional(v.string()),
  code: v.string(),
  message: about(v.string(), "What went wrong, and what to do."),
});
export type Failure = v.InferOutput<typeof failureSchema>;

export const RUN_STATES = ["waiting", "drawing", "done", "cancelled", "failed"] as const;
export type RunState = (typeof RUN_STATES)[number];

export const runSchema = v.strictObject({
  id: v.string(),
  state: v.picklist(RUN_STATES),
  model: v.string(),
  total: about(whole(1), "Pictures that were asked for."),
  pictures: v.array(pictureSchema),
  failures: v.array(failureSchema),
  warnings: about(v.array(v.string()), "What may come out otherwise than the scene means it."),
  created: about(v.pipe(v.string(), v.isoTimestamp()), "When it was asked for."),
});
export type RunView = v.InferOutput<typeof runSchema>;

/** What is told of a run while it is drawn, by the event's name. */
export const eventSchemas = {
  state: v.strictObject({ state: v.picklist(RUN_STATES) }),
  loading: about(
    v.strictObject({ fraction, message: v.string() }),
    "How far opening the checkpoint is. Has no id: nobody resumes from it.",
  ),
  warning: v.strictObject({ message: v.string() }),
  step: v.strictObject({
    index,
    seed,
    step: whole(1),
    steps: whole(1),
    secondsLeft: about(v.exactOptional(v.number()), "Of this picture."),
    obedience: perBox,
    preview: about(v.exactOptional(v.string()), "A PNG in base64 of what is foreseen."),
  }),
  picture: pictureSchema,
  failure: failureSchema,
  end: about(
    v.strictObject({ state: v.picklist(RUN_STATES), pictures: whole(0), failures: whole(0) }),
    "The last event: the stream ends behind it.",
  ),
} as const;
export type EventName = keyof typeof eventSchemas;
export type EventData<Name extends EventName> = v.InferOutput<(typeof eventSchemas)[Name]>;

export const modelsSchema = v.strictObject({
  models: v.array(
    v.strictObject({
      name: v.string(),
      family: about(v.nullable(v.string()), "Its network: sd1, sd2 or sdxl."),
      bytes: whole(0),
      sha256: about(v.nullable(hash), "Of its file, once that is known."),
    }),
  ),
  busy: about(v.nullable(v.string()), "What is still being looked for; null when all is known."),
});
export type ModelsView = v.InferOutput<typeof modelsSchema>;
