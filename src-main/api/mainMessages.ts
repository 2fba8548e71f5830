/** What a window's request must look like, method by method: a window is trusted no more than a web page. */
import * as v from "valibot";
import { COLOR_COUNT } from "../scene/boxColors.ts";
import { COMMAND_NAMES } from "./commands.ts";
import { engineSchemas, LIMITS, seedSchema } from "./engineMessages.ts";
import { gridSchemas } from "./gridMessages.ts";
import { loraSchema } from "./sceneMessages.ts";
import { MOST_IN_AXIS } from "../scene/grid.ts";
import { listOf } from "../wire/lists.ts";
import { MODEL_PARTS, type MainApi } from "./main.ts";
import { machineSchemas } from "./machines.ts";
import { poolSchemas } from "./poolCalls.ts";
import { homeSchemas } from "./mainModels.ts";
import { LONGEST_PATTERN } from "./pictureName.ts";
import type { Schemas } from "../wire/rpc.ts";
import { CAPTIONS, MOST_COLUMNS, MOST_ON_SHEET, PICTURE_FORMS, SHEET_FORMS } from "./sheets.ts";
import { originSchema, storeSchemas } from "./storeMessages.ts";
import { updateSchemas } from "./updates.ts";

const MOST_PICTURES = 10_000;
/** Characters of a text for the clipboard: all boxes with their words, or a prompt with its settings. */
const LONGEST_COPY = 12_000_000;
/** Files that a drag carries are written while the mouse waits. */
const MOST_DRAGGED = 64;
/** Letters of what sets a picture of a sheet apart. */
const LONGEST_NOTE = 4_000;

const nothing = v.undefined("expected no argument");
const text = (length: number) => v.pipe(v.string(), v.maxLength(length, `expected at most ${length} characters`));
const path = v.pipe(
  text(LIMITS.path),
  v.minLength(1, "expected a path"),
  v.check((s) => !s.includes("\0"), "expected a path"),
);
const byPath = v.strictObject({ path });
const where = v.picklist(["here", "window"]);
const draft = storeSchemas.saveDraft;
const id = v.pipe(v.number(), v.safeInteger("expected an id"), v.minValue(1, "expected an id"));
const ids = (most: number) => v.pipe(listOf(id, most), v.minLength(1));
const pattern = text(LONGEST_PATTERN);
const commands = listOf(v.picklist(COMMAND_NAMES), COMMAND_NAMES.length);

const { verifyProject, readDraft, nameVersion, listVersions, restoreVersion, readVersion } = storeSchemas;
const { renameVersion, deleteVersion, undeleteVersion, listRuns, readRun, listResults, readResult, markResults } =
  storeSchemas;
const { readAttention, emptyBin, refillBin, recentProjects, readPreferences, writePreferences } = storeSchemas;
const { listLabels, makeLabel, renameLabel, deleteLabel, undeleteLabel, labelResults, labelsOf, facets } = storeSchemas;
const { unfinishedRuns, leaveUnfinished, stateRoom, letGoStates, takeBackStates } = storeSchemas;
const { load, tokenize, check } = engineSchemas;
const { scene, seeds, previewEvery, attention, jobId, until } = engineSchemas.generate.entries;
const howToDraw = { previewEvery, attention, model: load };
const choice = v.strictObject({ seed: seedSchema, alternative: v.nullable(text(LIMITS.id)) });
const only = v.pipe(listOf(choice, LIMITS.seeds), v.minLength(1));

const placedAt = { jobId, index: engineSchemas.cancel.entries.index };

/** By method of `MainApi`; a method without an entry does not compile. */
export const mainSchemas = {
  appInfo: nothing,
  windowState: nothing,
  readyToClose: v.strictObject({ problem: v.nullable(text(LIMITS.text)) }),
  setCommands: v.strictObject({ disabled: commands, checked: commands }),
  setTheme: v.picklist(["system", "light", "dark"]),
  showLog: nothing,
  showManual: v.strictObject({ at: v.nullable(v.pipe(text(LIMITS.id), v.regex(/^[a-z0-9-]+$/))) }),

  newProject: v.strictObject({ draft: v.nullable(draft), where }),
  openProject: v.strictObject({ where }),
  openRecent: v.strictObject({ path, where }),
  saveDraft: v.strictObject({ key: text(LIMITS.id), draft }),
  saveProject: v.strictObject({ draft, name: nameVersion.entries.name }),
  saveProjectAs: v.strictObject({ draft }),
  importPictures: nothing,

  providers: nothing,
  loadModel: load,
  listModels: nothing,
  addModel: v.strictObject({ form: v.picklist(["file", "folder"]) }),
  choosePart: v.strictObject({ part: v.picklist(MODEL_PARTS) }),
  forgetModel: byPath,

  addLora: nothing,
  describeLoras: v.strictObject({ loras: listOf(loraSchema, LIMITS.loras) }),
  ...homeSchemas,
  ...machineSchemas,
  ...poolSchemas,
  ...gridSchemas,
  ...updateSchemas,

  tokenize,
  check,
  findDrawn: v.strictObject({ scene, seeds, model: load, until }),
  generate: v.strictObject({
    scene,
    seeds,
    ...howToDraw,
    only: v.exactOptional(only),
    until,
    origin: v.exactOptional(originSchema),
  }),
  finishResults: v.strictObject({ ids: ids(MOST_PICTURES), ...howToDraw }),
  resumeRun: v.strictObject({ runId: id, ...howToDraw, only: v.exactOptional(only) }),
  pauseQueue: v.strictObject({ paused: v.boolean() }),
  holdInQueue: v.strictObject({ ...placedAt, held: v.boolean() }),
  moveInQueue: v.strictObject({ ...placedAt, before: v.nullable(text(2 * LIMITS.id)) }),
  startFromResult: v.strictObject({ id }),
  chooseStart: nothing,
  startFromFile: v.strictObject({ bytes: v.instance(Uint8Array<ArrayBuffer>), name: text(LIMITS.path) }),
  startThumbnail: storeSchemas.startThumbnail,
  startInfo: storeSchemas.startInfo,
  drawLive: v.strictObject({ scene, seed: seedSchema, alternative: v.nullable(text(LIMITS.id)), previewEvery }),
  stopLive: nothing,
  cancel: v.strictObject({ jobId, index: engineSchemas.cancel.entries.index }),
  restartEngine: nothing,

  exportPictures: v.strictObject({
    ids: ids(MOST_PICTURES),
    settings: v.boolean(),
    form: v.picklist(PICTURE_FORMS),
    pattern,
  }),
  exportSheet: v.strictObject({
    ids: ids(MOST_ON_SHEET),
    settings: v.boolean(),
    pattern,
    title: text(LIMITS.text),
    look: v.strictObject({
      form: v.picklist(SHEET_FORMS),
      columns: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_COLUMNS))),
      captions: listOf(v.picklist(CAPTIONS), CAPTIONS.length),
      boxes: v.boolean(),
      footer: v.boolean(),
    }),
    notes: listOf(text(LONGEST_NOTE), MOST_ON_SHEET),
    grid: v.exactOptional(
      v.strictObject({
        rows: listOf(text(LONGEST_NOTE), MOST_IN_AXIS),
        columns: listOf(text(LONGEST_NOTE), MOST_IN_AXIS),
        places: listOf(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_ON_SHEET - 1)), MOST_ON_SHEET),
      }),
    ),
    colors: listOf(
      v.strictObject({
        id: text(LIMITS.id),
        words: text(LIMITS.text),
        color: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(COLOR_COUNT - 1)),
      }),
      LIMITS.regions,
    ),
  }),
  revealExported: byPath,
  copyPicture: v.strictObject({ id }),
  copyText: text(LONGEST_COPY),
  paste: nothing,
  dragPictures: v.strictObject({ ids: ids(MOST_DRAGGED), settings: v.boolean(), pattern }),

  verifyProject,
  readDraft,
  nameVersion,
  listVersions,
  restoreVersion,
  readVersion,
  renameVersion,
  deleteVersion,
  undeleteVersion,
  listRuns,
  readRun,
  listResults,
  readResult,
  readAttention,
  markResults,
  emptyBin,
  refillBin,
  listLabels,
  makeLabel,
  renameLabel,
  deleteLabel,
  undeleteLabel,
  labelResults,
  labelsOf,
  facets,
  unfinishedRuns,
  leaveUnfinished,
  stateRoom,
  letGoStates,
  takeBackStates,
  recentProjects,
  readPreferences,
  writePreferences,
} satisfies Schemas<MainApi>;

/** What the preload sends for dropped files. */
export const droppedFilesSchema = v.pipe(listOf(path, 1_000), v.minLength(1));
