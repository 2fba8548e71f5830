/** What a grid must look like in a request, and in a project. */
import * as v from "valibot";
import { LORA_SETTINGS } from "../scene/fileSettings.ts";
import { mayBeOpen } from "../scene/flatSettings.ts";
import { type Axis, type Grid, MOST_IN_AXIS } from "../scene/grid.ts";
import { LONGEST_BOX_NAME, LONGEST_FILE_NAME, LONGEST_PROMPT, MOST_BOXES } from "../scene/limits.ts";
import { REGION_SETTINGS } from "../scene/regionSettings.ts";
import { rowOf, SETTING_NAMES } from "../scene/settings.ts";
import { listOf } from "../wire/lists.ts";
import type { Schemas } from "../wire/rpc.ts";
import { engineSchemas, LIMITS, seedSchema } from "./engineMessages.ts";
import type { GridCalls, GridStoreCalls } from "./grids.ts";
import { boxSchema, fieldSchema, regionSchema, sceneSchema } from "./sceneMessages.ts";

/** Distinct scenes of a grid: at most one for each cell. */
const MOST_RUNS = MOST_IN_AXIS * MOST_IN_AXIS;
const LONGEST_NAME = 200;
const SEEDS_TEXT = LIMITS.seeds * 21;

const text = (length: number) => v.pipe(v.string(), v.maxLength(length, `expected at most ${length} characters`));
const name = (length: number) =>
  v.pipe(
    text(length),
    v.check((s) => s.trim() !== "", "expected a text, got an empty one"),
  );
const id = v.pipe(v.number(), v.safeInteger("expected an id"), v.minValue(1, "expected an id"));
const values = <T>(one: v.GenericSchema<unknown, T>) =>
  v.pipe(listOf(one, MOST_IN_AXIS, `expected at most ${MOST_IN_AXIS} values`), v.minLength(1, "expected a value"));

const layout = v.pipe(
  v.strictObject({
    name: name(LONGEST_NAME),
    prompt: text(LONGEST_PROMPT),
    regions: listOf(regionSchema, MOST_BOXES, `expected at most ${MOST_BOXES} boxes`),
  }),
  v.check(
    ({ prompt, regions }) => regions.every(({ spans }) => spans.every(({ end }) => end <= prompt.length)),
    "expected every phrase to lie inside the prompt",
  ),
);

/** Values as the setting's row allows them; null where a scene may leave it out. */
const setting = v.pipe(
  v.strictObject({ kind: v.literal("setting"), name: v.picklist(SETTING_NAMES), values: values(v.unknown()) }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const row = rowOf(dataset.value.name);
    for (const one of dataset.value.values) {
      const isOpen = one === null && mayBeOpen(row);
      const isSpacing = dataset.value.name === "spacing" && one === "karras";
      const read = isOpen || isSpacing ? undefined : v.safeParse(fieldSchema(row), one);
      if (read?.issues) addIssue({ message: `${dataset.value.name}: ${read.issues[0].message}` });
    }
  }),
);
const box = text(LONGEST_BOX_NAME);

const axisSchema = v.variant("kind", [
  v.strictObject({ kind: v.literal("seeds"), seeds: values(seedSchema) }),
  v.strictObject({ kind: v.literal("layouts"), layouts: values(layout) }),
  v.strictObject({ kind: v.literal("places"), box, places: values(boxSchema) }),
  v.strictObject({ kind: v.literal("strength"), box, values: values(fieldSchema(REGION_SETTINGS.strength)) }),
  setting,
  v.strictObject({
    kind: v.literal("lora"),
    lora: text(LONGEST_FILE_NAME),
    strengths: values(fieldSchema(LORA_SETTINGS.strength)),
  }),
  v.strictObject({ kind: v.literal("prompts") }),
]) as unknown as v.GenericSchema<unknown, Axis>;

export const gridSchema: v.GenericSchema<unknown, Grid> = v.strictObject({
  rows: v.nullable(axisSchema),
  columns: v.nullable(axisSchema),
  seed: seedSchema,
});

const asked = { name: name(LONGEST_NAME), scene: sceneSchema, grid: gridSchema, model: engineSchemas.load };
const byId = v.strictObject({ id });
const shared = {
  listGrids: v.undefined("expected no argument"),
  readGrid: byId,
  unfinishedGrids: v.undefined("expected no argument"),
  renameGrid: v.strictObject({ id, name: asked.name }),
  deleteGrid: byId,
  undeleteGrid: byId,
};

export const gridStoreSchemas = {
  ...shared,
  saveGrid: v.strictObject({ ...asked, modelName: text(LIMITS.path), id: v.exactOptional(id) }),
  findCells: v.strictObject({
    ...{ scene: sceneSchema, grid: gridSchema, modelName: text(LIMITS.path) },
    provider: engineSchemas.load.entries.provider,
  }),
  beginGridRuns: v.strictObject({
    id,
    runs: listOf(
      v.strictObject({
        scene: sceneSchema,
        asked: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_RUNS)),
        seeds: text(SEEDS_TEXT),
      }),
      MOST_RUNS,
    ),
  }),
} satisfies Schemas<GridStoreCalls>;

const { previewEvery, attention } = engineSchemas.generate.entries;
const place = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_IN_AXIS - 1));

export const gridSchemas = {
  ...shared,
  findCells: v.strictObject({ scene: sceneSchema, grid: gridSchema, model: engineSchemas.load }),
  beginGrid: v.strictObject({ ...asked, id: v.exactOptional(id), previewEvery, attention }),
  drawGrid: v.strictObject({
    id,
    cells: v.exactOptional(listOf(v.strictObject({ row: place, column: place }), MOST_RUNS)),
    previewEvery,
    attention,
  }),
} satisfies Schemas<GridCalls>;
