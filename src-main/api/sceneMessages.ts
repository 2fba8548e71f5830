/**
 * What a scene must look like in a request, made from the tables of settings (scene/settings.ts). What is accepted comes out in the
 * one form in which it is kept and written: without what asks for nothing. So a scene file says the same scene.
 */
import * as v from "valibot";
import { cutAtEdge, ROUNDING } from "../scene/boxes.ts";
import {
  expectedText,
  type FieldRule,
  type FieldValue,
  isSeed,
  LARGEST_SEED,
  type NumberRule,
  type Problem,
  STEP_RULE,
} from "../scene/fields.ts";
import { EMBEDDING_SETTINGS, LORA_SETTINGS } from "../scene/fileSettings.ts";
import { fitScene } from "../scene/fitScene.ts";
import { extrasOf, nestedSettings } from "../scene/flatSettings.ts";
import { LONGEST_PROMPT, MOST_BOXES, MOST_EMBEDDINGS, MOST_LORAS, MOST_SPANS } from "../scene/limits.ts";
import { REGION_NAME, REGION_SETTINGS } from "../scene/regionSettings.ts";
import { tidySpans } from "../scene/regionSpans.ts";
import type { Held, Row, Table } from "../scene/rows.ts";
import type { Region, Scene, SceneSettings, SceneStart } from "../scene/scene.ts";
import { readShape } from "../scene/shapeFields.ts";
import { tidyStart } from "../scene/startFields.ts";
import { AREA_SETTINGS, REDRAW_SETTINGS, START_SETTINGS } from "../scene/startSettings.ts";
import { contradictions } from "../scene/settingChanges.ts";
import { isGuidance, rowOf, SETTING_NAMES } from "../scene/settings.ts";
import { listOf } from "../wire/lists.ts";

const number = ({ min, max, integer, multipleOf }: Omit<NumberRule, "kind" | "about">) =>
  v.pipe(
    v.number(),
    v.finite(),
    v.minValue(min, `expected at least ${min}`),
    v.maxValue(max, `expected at most ${max}`),
    v.check((value) => !integer || Number.isInteger(value), "expected a whole number"),
    v.check(
      (value) => value % (multipleOf ?? 1) === 0 || multipleOf === undefined,
      `expected a multiple of ${multipleOf}`,
    ),
    v.transform((value) => value + 0), // files know one zero
  );
const text = (length: number) => v.pipe(v.string(), v.maxLength(length, `expected at most ${length} characters`));
const range = (one: v.GenericSchema<number, number>) =>
  v.pipe(
    v.strictObject({ start: one, end: one }),
    v.check(({ start, end }) => start <= end, "expected start <= end"),
  );
const FRACTION = { min: 0, max: 1 };

/** By the reader of scene files, which names the place of what is wrong. */
const shapeSchema = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
    const problems: Problem[] = [];
    const shape = readShape(value, "", problems);
    if (shape) return shape;
    const { at, message } = problems[0]!;
    const keys = (at.match(/[^.[\]]+/g) ?? []).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    addIssue(keys.length === 0 ? { message } : { message, path: pathTo(value, keys) });
    return NEVER;
  }),
);

/** A field by its rule. */
export function fieldSchema<const Rule extends FieldRule>(rule: Rule): v.GenericSchema<unknown, FieldValue<Rule>> {
  return schemaOf(rule) as unknown as v.GenericSchema<unknown, FieldValue<Rule>>;
}

function schemaOf(rule: FieldRule): v.GenericSchema {
  switch (rule.kind) {
    case "number":
      return number(rule);
    case "choice":
      return v.picklist(rule.of);
    case "boolean":
      return v.boolean();
    case "stepRange":
      return range(number(STEP_RULE));
    case "share":
      return range(number(FRACTION));
    case "shape":
      return shapeSchema;
    case "seed":
      return v.pipe(v.string(), v.check(isSeed, `expected a seed from 0 to ${LARGEST_SEED}`));
    case "text": {
      const fits = new RegExp(rule.pattern ?? "", "u");
      return v.pipe(text(rule.longest), v.regex(fits, `expected ${expectedText(rule)}`));
    }
  }
}

/** The fields of a table; those that may ask for nothing, and those that older versions did not know, may be missing. */
function entriesOf(rows: Record<string, Row>): v.ObjectEntries {
  const entries = Object.entries(rows).map(([name, row]) => {
    const isOptional = "nothing" in row || "before" in row;
    return [name, isOptional ? v.exactOptional(schemaOf(row)) : schemaOf(row)];
  });
  return Object.fromEntries(entries) as v.ObjectEntries;
}

/** An object of the rows of a table. */
function tableSchema<T extends Table>(rows: T): v.GenericSchema<unknown, Held<T>> {
  return v.strictObject(entriesOf(rows)) as unknown as v.GenericSchema<unknown, Held<T>>;
}

export const loraSchema = tableSchema(LORA_SETTINGS);
export const embeddingsSchema = v.exactOptional(
  listOf(tableSchema(EMBEDDING_SETTINGS), MOST_EMBEDDINGS, `expected at most ${MOST_EMBEDDINGS} embeddings`),
);

const rowsWhere = (guidance: boolean) =>
  Object.fromEntries(SETTING_NAMES.filter((name) => isGuidance(name) === guidance).map((name) => [name, rowOf(name)]));
const anySettings = v.strictObject({
  ...entriesOf(rowsWhere(false)),
  guidance: v.strictObject(entriesOf(rowsWhere(true))),
  loras: v.exactOptional(listOf(loraSchema, MOST_LORAS, `expected at most ${MOST_LORAS} LoRAs`)),
  embeddings: embeddingsSchema,
});
/** Each as it may be; whether they go together a scene is asked. */
export const settingsSchema = anySettings as unknown as v.GenericSchema<unknown, SceneSettings>;

const coordinate = number(FRACTION);
export const boxSchema = v.pipe(
  v.strictObject({ x: coordinate, y: coordinate, width: coordinate, height: coordinate }),
  v.check((box) => box.width > 0 && box.height > 0, "expected a width and a height above 0"),
  v.check(
    ({ x, y, width, height }) => x < 1 && y < 1 && x + width <= 1 + ROUNDING && y + height <= 1 + ROUNDING,
    "expected a box inside the picture",
  ),
  v.transform(cutAtEdge),
);
const place = number({ min: 0, max: LONGEST_PROMPT, integer: true });
const spanSchema = v.pipe(
  v.strictObject({ start: place, end: place }),
  v.check(({ start, end }) => start < end, "expected start < end"),
);
export const regionSchema = v.strictObject({
  id: fieldSchema(REGION_NAME),
  box: boxSchema,
  spans: listOf(spanSchema, MOST_SPANS),
  ...entriesOf(REGION_SETTINGS),
}) as unknown as v.GenericSchema<unknown, Region>;

const startSchema = v.pipe(
  v.strictObject({
    ...entriesOf(START_SETTINGS),
    redraw: v.exactOptional(
      v.strictObject({
        ...entriesOf(REDRAW_SETTINGS),
        areas: v.pipe(
          listOf(
            v.strictObject({ box: boxSchema, ...entriesOf(AREA_SETTINGS) }),
            MOST_BOXES,
            `expected at most ${MOST_BOXES} areas`,
          ),
          v.minLength(1, "expected at least one area"),
        ),
      }),
    ),
  }) as unknown as v.GenericSchema<unknown, SceneStart>,
  v.check(({ hash, path }) => hash !== undefined || path !== undefined, "expected the hash or the path of a picture"),
  v.transform(tidyStart),
);

type Before = (...prompts: string[]) => unknown;

/** The scene in the one form in which it is kept, with what older versions did not know, so that it draws what it drew. */
function tidied({ prompt, negativePrompt, regions, settings, start }: Scene): Scene {
  const { guidance, loras = [], embeddings = [], ...rest } = settings;
  const known: Record<string, unknown> = { ...rest, ...guidance };
  for (const name of SETTING_NAMES) {
    const { before } = rowOf(name);
    known[name] ??= typeof before === "function" ? (before as Before)(prompt, negativePrompt) : before;
  }
  return {
    prompt,
    negativePrompt,
    regions: regions.map((region) => {
      const { id, box, strength } = region;
      return { id, box, spans: tidySpans(prompt, region.spans), strength, ...extrasOf(region) };
    }),
    settings: {
      ...nestedSettings(known),
      ...(loras.length > 0 ? { loras } : {}),
      ...(embeddings.length > 0 ? { embeddings } : {}),
    },
    ...(start ? { start } : {}),
  };
}

const anyScene = v.pipe(
  v.strictObject({
    prompt: text(LONGEST_PROMPT),
    negativePrompt: text(LONGEST_PROMPT),
    regions: listOf(regionSchema, MOST_BOXES, `expected at most ${MOST_BOXES} boxes`),
    settings: anySettings,
    start: v.exactOptional(startSchema),
  }) as unknown as v.GenericSchema<unknown, Scene>,
  v.check(
    ({ prompt, regions }) => regions.every(({ spans }) => spans.every(({ end }) => end <= prompt.length)),
    "regions: expected every phrase to lie inside the prompt",
  ),
  v.check(
    ({ regions }) => new Set(regions.map(({ id }) => id)).size === regions.length,
    "regions: expected every id once",
  ),
  v.transform(tidied),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const { at, message } of contradictions(dataset.value.settings)) {
      addIssue({
        message,
        path: pathTo(dataset.value, isGuidance(at) ? ["settings", "guidance", at] : ["settings", at]),
      });
    }
  }),
);

/** The path of a field as valibot has it. */
function pathTo(input: unknown, keys: readonly (string | number)[]): [v.IssuePathItem, ...v.IssuePathItem[]] {
  let at = input;
  const path = keys.map((key): v.IssuePathItem => {
    const holder = at as Record<string, unknown>;
    at = (holder as Record<string, unknown> | undefined)?.[key];
    return { type: "object", origin: "value", input: holder, key: key as string, value: at };
  });
  return path as [v.IssuePathItem, ...v.IssuePathItem[]];
}

/** A scene that is being made: a box may have no phrase yet. */
export const draftSceneSchema: v.GenericSchema<unknown, Scene> = anyScene;

/** A scene that can be drawn. */
export const sceneSchema: v.GenericSchema<unknown, Scene> = v.pipe(
  anyScene,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const blank = dataset.value.regions.findIndex(({ spans }) => spans.length === 0);
    if (blank >= 0) addIssue({ message: `regions[${blank}]: expected at least one phrase` });
  }),
);

/** The same from a file that an older version may have written: numbers beyond what is allowed now are brought to the nearest that is. */
export const storedSceneSchema: v.GenericSchema<unknown, Scene> = v.pipe(
  v.unknown(),
  v.transform(fitScene),
  sceneSchema,
);
export const storedDraftSceneSchema: v.GenericSchema<unknown, Scene> = v.pipe(
  v.unknown(),
  v.transform(fitScene),
  draftSceneSchema,
);
