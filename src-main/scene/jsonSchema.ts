/**
 * The JSON Schema of scene files, for editors that complete and check while a person types. Made from the tables that
 * the parser reads; `resources/scene.schema.json` is its text, and a test keeps the two equal. What a schema cannot
 * say (a phrase stands in the prompt, a box ends inside the picture) only the parser checks.
 */
import { SETTING_FIELDS, SETTING_NAMES, STRENGTH_RULE, type FieldRule } from "./fields.ts";
import {
  LONGEST_BOX_WORDS,
  LONGEST_PROMPT,
  MOST_BOXES,
  MOST_EMBEDDINGS,
  MOST_LORAS,
  MOST_SEEDS,
  MOST_SPANS,
} from "./limits.ts";
import { LORA_STRENGTH_RULE, type LORA_FIELDS } from "./loraEntries.ts";
import type { BOX_FIELDS, SCENE_FIELDS } from "./parser.ts";

type Schema = Record<string, unknown>;

const STEP: Schema = { type: "integer", minimum: 0 };
const FRACTION: Schema = { type: "number", minimum: 0, maximum: 1 };
const SIZE: Schema = { type: "number", exclusiveMinimum: 0, maximum: 1 };
const RANGE: Schema = { type: "array", prefixItems: [STEP, STEP], minItems: 2, maxItems: 2 };
const PHRASE: Schema = { type: "string", pattern: "\\S" };
const PATH: Schema = { type: "string", minLength: 1 };
const OCCURRENCE: Schema = { type: "integer", minimum: 1 };

function settingSchema(rule: FieldRule): Schema {
  const description = rule.about;
  switch (rule.kind) {
    case "number": {
      const type = rule.integer || rule.multipleOf ? "integer" : "number";
      const step = rule.multipleOf ? { multipleOf: rule.multipleOf } : {};
      return { description, type, minimum: rule.min, maximum: rule.max, ...step };
    }
    case "choice":
      return { description, enum: [...rule.of] };
    case "boolean":
      return { description, type: "boolean" };
    case "stepRange":
      return { description, anyOf: [RANGE, objectSchema({ start: STEP, end: STEP }, ["start", "end"])] };
  }
}

function objectSchema(properties: Record<string, Schema>, required: readonly string[]): Schema {
  return { type: "object", properties, required: [...required], additionalProperties: false };
}

const boxProperties: Record<(typeof BOX_FIELDS)[number], Schema> = {
  name: { description: "Name of the box, unique in the scene.", type: "string", minLength: 1, maxLength: 80 },
  phrase: {
    description: "Words of the prompt that shall appear in the box; several phrases may share it.",
    anyOf: [PHRASE, { type: "array", items: PHRASE, minItems: 1, maxItems: MOST_SPANS }],
  },
  occurrence: {
    description:
      "Which place of a phrase that is in the prompt more than once, from 1; a list where the phrase is one.",
    anyOf: [OCCURRENCE, { type: "array", items: OCCURRENCE, minItems: 1, maxItems: MOST_SPANS }],
  },
  span: {
    description: "Instead of a phrase: start and end in characters of the prompt, or a list of such pairs.",
    anyOf: [
      RANGE,
      objectSchema({ start: STEP, end: STEP }, ["start", "end"]),
      { type: "array", items: RANGE, minItems: 1, maxItems: MOST_SPANS },
    ],
  },
  box: {
    description: "Place in fractions of the picture from its top left: [x, y, width, height].",
    anyOf: [
      { type: "array", prefixItems: [FRACTION, FRACTION, SIZE, SIZE], minItems: 4, maxItems: 4 },
      objectSchema({ x: FRACTION, y: FRACTION, width: SIZE, height: SIZE }, ["x", "y", "width", "height"]),
    ],
  },
  strength: settingSchema(STRENGTH_RULE),
  words: {
    description: "Further words, attended to inside the box alone.",
    type: "string",
    maxLength: LONGEST_BOX_WORDS,
  },
  avoid: { description: "Words to avoid in the box.", type: "string", maxLength: LONGEST_BOX_WORDS },
  during: {
    description: "Part of the run, in fractions of its steps, in which this box is injected and guided.",
    anyOf: [
      { type: "array", prefixItems: [FRACTION, FRACTION], minItems: 2, maxItems: 2 },
      objectSchema({ start: FRACTION, end: FRACTION }, ["start", "end"]),
    ],
  },
};

const loraProperties: Record<(typeof LORA_FIELDS)[number], Schema> = {
  name: { description: "Of its file, without ending, as <lora:name:0.8> calls it.", type: "string", minLength: 1 },
  path: { description: "Its file, seen from the folder of the scene.", type: "string", minLength: 1 },
  strength: settingSchema(LORA_STRENGTH_RULE),
  on: { description: "false keeps it in the list and does nothing with it.", type: "boolean" },
  hash: { description: "SHA-256 of its weights in hexadecimal.", type: "string", pattern: "^[0-9a-f]{64}$" },
};

/** The schema as plain data. */
export function sceneFileSchema(): Schema {
  const settings = Object.fromEntries(SETTING_NAMES.map((name) => [name, settingSchema(SETTING_FIELDS[name])]));
  const properties: Record<(typeof SCENE_FIELDS)[number], Schema> = {
    $schema: { description: "Where this schema is, for editors.", type: "string" },
    prompt: { description: "What the whole picture shows.", type: "string", maxLength: LONGEST_PROMPT },
    negativePrompt: { description: "What it shall not show.", type: "string", maxLength: LONGEST_PROMPT },
    boxes: {
      description: "Places in the picture and the phrases of the prompt that belong there.",
      type: "array",
      maxItems: MOST_BOXES,
      items: { ...objectSchema(boxProperties, ["box"]), anyOf: [{ required: ["phrase"] }, { required: ["span"] }] },
    },
    seeds: {
      description: 'One picture is drawn for each: "1,2,7-9" or [1, 2, 7]. Above 2^53 write them as text.',
      anyOf: [
        { type: "string", pattern: "\\d" },
        { type: "integer", minimum: 0 },
        {
          type: "array",
          minItems: 1,
          maxItems: MOST_SEEDS,
          items: { anyOf: [{ type: "integer", minimum: 0 }, { type: "string" }] },
        },
      ],
    },
    embeddings: {
      description: "Embeddings (textual inversion): files whose names are words of the prompts.",
      type: "array",
      maxItems: MOST_EMBEDDINGS,
      items: {
        anyOf: [
          PATH,
          objectSchema({ name: PATH, path: PATH, hash: { type: "string", pattern: "^[0-9a-f]{64}$" } }, ["name"]),
        ],
      },
    },
    loras: {
      description: "Small files that change the checkpoint, each by name or by the path of its file.",
      type: "array",
      maxItems: MOST_LORAS,
      items: { ...objectSchema(loraProperties, []), anyOf: [{ required: ["name"] }, { required: ["path"] }] },
    },
    ...(settings as Record<keyof typeof SETTING_FIELDS, Schema>),
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Diorama scene",
    description: "A prompt, boxes tied to its phrases, and the settings of a run.",
    ...objectSchema(properties, ["prompt", "boxes"]),
  };
}
