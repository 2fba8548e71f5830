/** What a request to the store must look like, method by method. */
import * as v from "valibot";
import type { AttentionMaps, RunRecord } from "./engine.ts";
import { engineSchemas, LIMITS, pixelsSchema, seedSchema, stateSchema } from "./engineMessages.ts";
import { draftSceneSchema, sceneSchema, storedDraftSceneSchema } from "./sceneMessages.ts";
import { LONGEST_SEEDS } from "../scene/limits.ts";
import { listOf } from "../wire/lists.ts";
import type { Schemas } from "../wire/rpc.ts";
import { METHODS } from "../scene/methods.ts";
import { LABEL_KINDS } from "./finding.ts";
import { gridStoreSchemas } from "./gridMessages.ts";
import { MOST_PLACES } from "./savedQueue.ts";
import { ORIGINS, PICTURE_SIZES, RESULT_STATES, type StoreApi } from "./store.ts";

const MOST_IDS = 10_000;
/** Pictures of a project that can be finished, far above use. */
const MOST_STATES = 100_000;
/** Pictures of a sheet that is opened. */
const MOST_RECORDS = 2_000;
const PAGE = 500;
/** Letters of a list of seeds: each has at most twenty digits and a comma. */
export const SEEDS_TEXT = LIMITS.seeds * 21;
/** Bytes of JSON that a draft's or a preference's free part may have. */
const FREE_JSON = 1_000_000;

const text = (length: number) => v.pipe(v.string(), v.maxLength(length, `expected at most ${length} characters`));
const name = (length: number) =>
  v.pipe(
    text(length),
    v.check((s) => s.trim() !== "", "expected a text, got an empty one"),
  );
const count = (max: number) => v.pipe(v.number(), v.integer("expected a whole number"), v.minValue(0), v.maxValue(max));
const id = v.pipe(v.number(), v.safeInteger("expected an id"), v.minValue(1, "expected an id"));
const ids = listOf(id, MOST_IDS);
const path = v.pipe(
  name(LIMITS.path),
  v.check((s) => !s.includes("\0"), "expected a path"),
);
const nothing = v.undefined("expected no argument");
const fileIdentity = v.strictObject({
  path,
  size: count(Number.MAX_SAFE_INTEGER),
  modified: count(Number.MAX_SAFE_INTEGER),
});
const byId = v.strictObject({ id });
const byHash = v.strictObject({ hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "expected a hash")) });
const byPath = v.strictObject({ path });

/** A JSON object of bounded size: what cannot be written as JSON would be lost on saving. */
const freeJson = v.pipe(
  v.record(v.string(), v.unknown()),
  v.check((value) => jsonSize(value) <= FREE_JSON, `expected JSON of at most ${FREE_JSON} bytes`),
);

const draft = v.strictObject({
  scene: draftSceneSchema,
  seeds: text(LONGEST_SEEDS),
  model: v.nullable(engineSchemas.load),
  editor: freeJson,
});

/** A draft from a file, which an older version may have written. */
export const storedDraftSchema = v.strictObject({ ...draft.entries, scene: storedDraftSceneSchema });

/** The longer side of an attention map; the largest picture has 256 latent cells a side. */
export const WIDEST_MAP = 512;
const side = v.pipe(count(WIDEST_MAP), v.minValue(1));
const attention = v.pipe(
  v.strictObject({
    width: side,
    height: side,
    regions: v.record(
      v.string(),
      v.custom<Float32Array<ArrayBuffer>>((value) => value instanceof Float32Array, "expected numbers"),
    ),
  }),
  v.check(
    ({ width, height, regions }: AttentionMaps) => Object.values(regions).every((map) => map.length === width * height),
    "expected a number for each cell",
  ),
);

const step = v.pipe(count(LIMITS.steps), v.minValue(1));
/** What is kept of a picture that the engine drew. */
const picture = {
  seed: seedSchema,
  pixels: pixelsSchema,
  attention,
  seconds: v.pipe(v.number(), v.finite(), v.minValue(0)),
  // Its fields are checked where it is written (image/metadata.ts), which reads them from foreign pictures too.
  record: v.custom<RunRecord>((value) => typeof value === "object" && value !== null, "expected a record"),
};
const unfinishedPicture = {
  runId: id,
  seed: seedSchema,
  alternative: v.nullable(text(LIMITS.text)),
  resultId: v.nullable(id),
};

/** Labels that a result can be asked to have. */
const MOST_ASKED_LABELS = 50;
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const labelName = name(LIMITS.id);
export const originSchema = v.strictObject({ run: id, result: v.nullable(id), how: v.picklist(ORIGINS) });
const choice = v.strictObject({ seed: seedSchema, alternative: v.nullable(text(LIMITS.text)) });
const place = v.strictObject({ run: id, finishing: v.boolean(), picture: v.nullable(choice), held: v.boolean() });
export const queueSchema = v.strictObject({ paused: v.boolean(), places: listOf(place, MOST_PLACES) });

/** What a pool calls a run: part of the names of its jobs. */
export const pooledSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[\w-]{1,80}$/, "expected letters, digits and dashes")),
  model: engineSchemas.load,
});

/** By method of `StoreApi`; a method without an entry does not compile. */
export const storeSchemas = {
  createProject: v.strictObject({ path, draft, replace: v.boolean() }),
  openProject: v.strictObject({ path, identity: v.exactOptional(text(LIMITS.id)) }),
  closeProject: nothing,
  currentProject: nothing,
  copyProject: v.strictObject({ path, replace: v.boolean(), draft: v.exactOptional(draft) }),
  verifyProject: nothing,
  readDraft: nothing,
  saveDraft: draft,
  nameVersion: v.strictObject({ name: name(LIMITS.id) }),
  listVersions: nothing,
  restoreVersion: byId,
  readVersion: byId,
  renameVersion: v.strictObject({ id, name: name(LIMITS.id) }),
  deleteVersion: byId,
  undeleteVersion: byId,
  beginRun: v.strictObject({
    scene: sceneSchema,
    model: text(LIMITS.path),
    asked: count(LIMITS.seeds),
    seeds: v.exactOptional(text(SEEDS_TEXT)),
    until: v.exactOptional(step),
    origin: v.exactOptional(originSchema),
  }),
  ...gridStoreSchemas,
  setPooled: v.strictObject({ runId: id, pooled: v.nullable(pooledSchema) }),
  readPooled: v.strictObject({ runId: id }),
  readQueue: nothing,
  writeQueue: queueSchema,
  addResult: v.strictObject({ runId: id, ...picture, state: v.exactOptional(stateSchema) }),
  finishResult: v.strictObject({ id, ...picture }),
  keepState: v.strictObject({ ...unfinishedPicture, step, state: stateSchema }),
  readState: v.strictObject(unfinishedPicture),
  dropState: v.strictObject(unfinishedPicture),
  wantFinished: v.strictObject({ ids, wanted: v.boolean() }),
  resumeRun: byId,
  unfinishedRuns: nothing,
  leaveUnfinished: v.strictObject({ runId: id }),
  stateRoom: nothing,
  letGoStates: nothing,
  takeBackStates: v.strictObject({ ids: listOf(id, MOST_STATES) }),
  endRun: v.strictObject({
    runId: id,
    outcome: v.picklist(["done", "cancelled", "failed"]),
    message: v.nullable(text(LIMITS.text)),
  }),
  listRuns: v.strictObject({
    text: v.exactOptional(text(LIMITS.text)),
    tree: v.exactOptional(v.boolean()),
    offset: count(Number.MAX_SAFE_INTEGER),
    limit: count(PAGE),
  }),
  readRun: byId,
  findDrawn: v.strictObject({
    scene: sceneSchema,
    seeds: engineSchemas.generate.entries.seeds,
    model: text(LIMITS.path),
    provider: engineSchemas.load.entries.provider,
    until: v.exactOptional(step),
  }),
  keepStart: v.union([v.strictObject({ result: id }), v.strictObject({ png: v.instance(Uint8Array<ArrayBuffer>) })]),
  readStart: byHash,
  startThumbnail: byHash,
  startInfo: byHash,
  listResults: v.strictObject({
    runId: v.exactOptional(id),
    starred: v.exactOptional(v.boolean()),
    state: v.exactOptional(v.picklist(RESULT_STATES)),
    text: v.exactOptional(text(LIMITS.text)),
    leastObedience: v.exactOptional(share),
    leastBox: v.exactOptional(share),
    scouted: v.exactOptional(v.boolean()),
    labels: v.exactOptional(listOf(id, MOST_ASKED_LABELS)),
    model: v.exactOptional(text(LIMITS.path)),
    method: v.exactOptional(v.picklist(METHODS)),
    phrase: v.exactOptional(text(LIMITS.text)),
    leastOfPhrase: v.exactOptional(share),
    order: v.picklist(["newest", "oldest", "obedience", "seed"]),
    offset: count(Number.MAX_SAFE_INTEGER),
    limit: count(PAGE),
  }),
  readResult: byId,
  readPicture: v.strictObject({ id, size: v.picklist(PICTURE_SIZES) }),
  readAttention: byId,
  markResults: v.strictObject({
    ids,
    starred: v.exactOptional(v.boolean()),
    state: v.exactOptional(v.picklist(RESULT_STATES)),
  }),
  emptyBin: nothing,
  listLabels: nothing,
  makeLabel: v.strictObject({ kind: v.picklist(LABEL_KINDS), name: labelName }),
  renameLabel: v.strictObject({ id, name: labelName }),
  deleteLabel: byId,
  undeleteLabel: byId,
  labelResults: v.strictObject({ id, ids, on: v.boolean() }),
  labelsOf: v.strictObject({ ids }),
  facets: nothing,
  refillBin: v.strictObject({ ids }),
  importPicture: v.strictObject({
    path: byPath.entries.path,
    png: v.exactOptional(v.instance(Uint8Array<ArrayBuffer>)),
  }),
  findPictures: v.strictObject({
    records: listOf(
      v.custom<RunRecord>((one) => typeof (one as RunRecord | null)?.seed === "string", "expected a record"),
      MOST_RECORDS,
    ),
  }),
  recentProjects: nothing,
  knownModels: nothing,
  rememberModel: v.strictObject({ request: engineSchemas.load, name: text(LIMITS.path) }),
  forgetModel: byPath,
  knownHash: fileIdentity,
  rememberHash: v.strictObject({ ...fileIdentity.entries, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
  readPreferences: nothing,
  writePreferences: freeJson,
} satisfies Schemas<StoreApi>;

function jsonSize(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Infinity; // a cycle, or a bigint
  }
}
