/**
 * The JSON Schema of scene files, for editors that complete and check while a person types. Made from the tables that
 * the parser reads; `resources/scene.schema.json` is its text, and a test keeps the two equal. What a schema cannot
 * say (a phrase stands in the prompt, a box ends inside the picture) only the parser checks.
 */
import type { BoxForm } from "./boxes.ts";
import { type FieldRule, STEP_RULE } from "./fields.ts";
import { EMBEDDING_SETTINGS, LORA_SETTINGS } from "./fileSettings.ts";
import {
  FEWEST_POINTS,
  LONGEST_PROMPT,
  MOST_BOXES,
  MOST_CELLS_ACROSS,
  MOST_EMBEDDINGS,
  MOST_LORAS,
  MOST_POINTS,
  MOST_SEEDS,
  MOST_SPANS,
} from "./limits.ts";
import type { SceneForm } from "./parser.ts";
import { REGION_NAME, REGION_SETTINGS } from "./regionSettings.ts";
import { SETTINGS } from "./settings.ts";
import { AREA_SETTINGS, REDRAW_SETTINGS, START_SETTINGS } from "./startSettings.ts";

type Schema = Record<string, unknown>;

const STEP: Schema = { type: "integer", minimum: STEP_RULE.min, maximum: STEP_RULE.max };
const FRACTION: Schema = { type: "number", minimum: 0, maximum: 1 };
const SIZE: Schema = { type: "number", exclusiveMinimum: 0, maximum: 1 };
const PHRASE: Schema = { type: "string", pattern: "\\S" };
const CHARACTER: Schema = { type: "integer", minimum: 0 };
const OCCURRENCE: Schema = { type: "integer", minimum: 1 };

function ruleSchema(rule: FieldRule): Schema {
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
      return { description, anyOf: pairSchemas(STEP) };
    case "share":
      return { description, anyOf: pairSchemas(FRACTION) };
    case "shape":
      return { description, anyOf: shapeSchemas() };
    case "seed":
      return {
        description,
        anyOf: [
          { type: "string", pattern: "^(0|[1-9]\\d{0,19})$" },
          { type: "integer", minimum: 0 },
        ],
      };
    case "text": {
      const pattern = rule.pattern === undefined ? {} : { pattern: rule.pattern };
      return { description, type: "string", maxLength: rule.longest, ...pattern };
    }
  }
}

/** A schema for each row. */
function tableSchema<Rules extends Record<string, FieldRule>>(rules: Rules): Record<keyof Rules, Schema> {
  const schemas = Object.entries(rules).map(([name, rule]) => [name, ruleSchema(rule)]);
  return Object.fromEntries(schemas) as Record<keyof Rules, Schema>;
}

/** `[start, end]`, or `{ start, end }`. */
function pairSchemas(one: Schema): Schema[] {
  return [pairSchema(one), objectSchema({ start: one, end: one }, ["start", "end"])];
}

function pairSchema(one: Schema): Schema {
  return { type: "array", prefixItems: [one, one], minItems: 2, maxItems: 2 };
}

function shapeSchemas(): Schema[] {
  const point = { anyOf: [pairSchema(FRACTION), objectSchema({ x: FRACTION, y: FRACTION }, ["x", "y"])] };
  const points = { type: "array", items: point, minItems: FEWEST_POINTS, maxItems: MOST_POINTS };
  const across = { type: "integer", minimum: 1, maximum: MOST_CELLS_ACROSS };
  const cells = {
    description: 'Lengths of runs, row by row, the first of cells that are not painted: "5 3 10".',
    type: "string",
    pattern: String.raw`^(0|[1-9]\d*)( [1-9]\d*)+$`,
  };
  return [
    { const: "ellipse" },
    objectSchema({ kind: { const: "ellipse" } }, ["kind"]),
    objectSchema({ kind: { const: "polygon" }, points }, ["kind", "points"]),
    objectSchema({ kind: { const: "painted" }, width: across, height: across, cells }, [
      "kind",
      "width",
      "height",
      "cells",
    ]),
  ];
}

function objectSchema(properties: Record<string, Schema>, required: readonly string[]): Schema {
  return { type: "object", properties, required: [...required], additionalProperties: false };
}

const BOX: Schema = {
  description: "Place in fractions of the picture from its top left: [x, y, width, height].",
  anyOf: [
    { type: "array", prefixItems: [FRACTION, FRACTION, SIZE, SIZE], minItems: 4, maxItems: 4 },
    objectSchema({ x: FRACTION, y: FRACTION, width: SIZE, height: SIZE }, ["x", "y", "width", "height"]),
  ],
};

const boxProperties: Record<keyof BoxForm, Schema> = {
  name: ruleSchema(REGION_NAME),
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
      ...pairSchemas(CHARACTER),
      { type: "array", items: pairSchema(CHARACTER), minItems: 1, maxItems: MOST_SPANS },
    ],
  },
  box: BOX,
  ...tableSchema(REGION_SETTINGS),
};

const embeddingProperties = tableSchema(EMBEDDING_SETTINGS);

function startSchema(): Schema {
  const areas: Schema = {
    description: "Where the picture is drawn anew; outside and beyond the feather it keeps its pixels.",
    type: "array",
    minItems: 1,
    maxItems: MOST_BOXES,
    items: objectSchema({ box: BOX, ...tableSchema(AREA_SETTINGS) }, ["box"]),
  };
  const redraw = objectSchema({ ...tableSchema(REDRAW_SETTINGS), areas }, ["areas"]);
  return {
    description: "The picture that this one goes on from, instead of from noise alone.",
    ...objectSchema({ ...tableSchema(START_SETTINGS), redraw }, []),
    anyOf: [{ required: ["path"] }, { required: ["hash"] }],
  };
}

/** The schema as plain data. */
export function sceneFileSchema(): Schema {
  const properties: Record<keyof SceneForm | "$schema", Schema> = {
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
      items: { anyOf: [embeddingProperties.path, objectSchema(embeddingProperties, ["name"])] },
    },
    loras: {
      description: "Small files that change the checkpoint, each by name or by the path of its file.",
      type: "array",
      maxItems: MOST_LORAS,
      items: {
        ...objectSchema(tableSchema(LORA_SETTINGS), []),
        anyOf: [{ required: ["name"] }, { required: ["path"] }],
      },
    },
    start: startSchema(),
    ...tableSchema(SETTINGS),
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Diorama scene",
    description: "A prompt, boxes tied to its phrases, and the settings of a run.",
    ...objectSchema(properties, ["prompt", "boxes"]),
  };
}
