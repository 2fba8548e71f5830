/** The runs of a project and the pictures that came of them. */
import type Database from "better-sqlite3";
import * as v from "valibot";
import type { AttentionMaps, RunRecord } from "../api/engine.ts";
import { storedSceneSchema } from "../api/sceneMessages.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import { describe } from "../wire/rpc.ts";
import type { Scene } from "../scene/scene.ts";
import type {
  ListedRun,
  NewResult,
  PictureSize,
  ResultDetails,
  ResultInfo,
  ResultPage,
  ResultQuery,
  ResultState,
  RunDetails,
  RunInfo,
  RunOrigin,
  RunOutcome,
  RunQuery,
  UnfinishedRun,
} from "../api/store.ts";
import { INTERRUPTED } from "../api/store.ts";
import { metadataTexts, parseRecord } from "../image/metadata.ts";
import { encodePng } from "../image/png.ts";
import { keepMaps, readMaps } from "./attentionMaps.ts";
import { Drawn } from "./drawn.ts";
import { Finding } from "./finding.ts";
import { GRID_COLUMNS, type GridOfRun, Grids } from "./grids.ts";
import { Labels } from "./labels.ts";
import { ORIGIN_COLUMNS, originOf, type OriginRow, treeOf } from "./origins.ts";
import { LARGEST_PICTURE, refuseLarge, smallOf, thumbnailOf } from "./pictures.ts";
import { Pooled } from "./pooled.ts";
import { QueueMemory } from "./queueMemory.ts";
import { RESULT_COLUMNS, selectionOf } from "./resultQuery.ts";
import { pieceOf, toMatch, wordsOf } from "./search.ts";
import { bounded, parseJson, SOUND_RESULT, SOUND_RUN } from "./soundness.ts";
import { Starts } from "./starts.ts";
import { States } from "./states.ts";

type ResultRow = Omit<ResultInfo, "starred" | "resumable"> & { starred: number; resumable: number };
type RunRow = Omit<RunInfo, "origin" | "grid"> & OriginRow & GridOfRun;
type RunExtras = { seeds?: string | undefined; until?: number | undefined; origin?: RunOrigin | undefined };

/** A result whose picture is ready to be kept. */
interface Finished {
  runId: number;
  seed: string;
  seconds: number;
  width: number;
  height: number;
  record: RunRecord;
  png: Uint8Array;
  thumbnail: Uint8Array;
  attention?: AttentionMaps;
  /** Of a scouted one: what it can be finished from. */
  state?: Uint8Array | undefined;
}

const RUN_COLUMNS = `run.id, run.created, run.prompt, run.model, run.asked, run.outcome, run.message, run.until, ${ORIGIN_COLUMNS}, ${GRID_COLUMNS},
  (SELECT count(*) FROM result WHERE result.run = run.id AND emptied = 0 AND ${SOUND_RESULT}) AS finished`;
export class Results {
  readonly #db: Database.Database;
  readonly #clock: () => string;
  readonly drawn: Drawn;
  readonly states: States;
  readonly finding: Finding;
  readonly labels: Labels;
  readonly queue: QueueMemory;
  readonly pooled: Pooled;
  readonly grids: Grids;
  readonly starts: Starts;

  constructor(db: Database.Database, clock: () => string) {
    this.#db = db;
    this.#clock = clock;
    this.drawn = new Drawn(db, (runId) => this.#readScene(runId));
    this.states = new States(db);
    this.finding = new Finding(db);
    this.labels = new Labels(db);
    this.queue = new QueueMemory(db);
    this.pooled = new Pooled(db);
    this.starts = new Starts(db);
    this.grids = new Grids(db, clock, this.drawn, (runId) => this.#readScene(runId));
  }

  /** `seeds` as a person writes them: those that it still owes at its end can be drawn later. `until`: scouted to that step. */
  beginRun(scene: Scene, model: string, asked: number, { seeds, until, origin }: RunExtras = {}): RunInfo {
    const insert = this.#db.prepare(
      `INSERT INTO run (created, scene, prompt, negative_prompt, model, asked, seeds, until, outcome, origin, origin_result, origin_how)
       VALUES (@created, @scene, @prompt, @negativePrompt, @model, @asked, @seeds, @until, 'running', @origin, @originResult, @how)`,
    );
    return this.allOrNothing(() => {
      const { lastInsertRowid } = insert.run({
        created: this.#clock(),
        scene: JSON.stringify(scene),
        prompt: scene.prompt,
        negativePrompt: scene.negativePrompt,
        model,
        asked,
        seeds: seeds ?? null,
        until: until ?? null,
        ...{ origin: origin?.run ?? null, originResult: origin?.result ?? null, how: origin?.how ?? null },
      });
      const id = Number(lastInsertRowid);
      this.finding.note(id, scene);
      return this.#runInfo(id);
    });
  }

  endRun(id: number, outcome: RunOutcome, message: string | null): RunInfo {
    this.#db.prepare("UPDATE run SET outcome = ?, message = ? WHERE id = ?").run(outcome, message, id);
    return this.#runInfo(id);
  }

  /** Goes on with a run that ended without all that it was asked for. */
  resumeRun(id: number): RunDetails {
    const details = this.readRun(id);
    this.endRun(id, "running", null);
    return { ...details, ...this.#runInfo(id) };
  }

  /** What the program's end left undone, run by run, the oldest first. */
  unfinished(): UnfinishedRun[] {
    return this.states.interruptedRuns().flatMap(({ runId, finishing }) => {
      if (this.#readScene(runId) === undefined) return [];
      const run = this.readRun(runId);
      const missing = run.message === INTERRUPTED ? run.missing : [];
      return missing.length + finishing.length === 0 ? [] : { ...run, missing, finishing };
    });
  }

  /** It is not offered again. */
  leaveUnfinished(id: number): void {
    this.allOrNothing(() => {
      this.states.forget(id);
      this.#db.prepare("UPDATE run SET message = NULL WHERE id = ? AND message = ?").run(id, INTERRUPTED);
    });
  }

  /** What `change` writes stays when it returns; nothing of it stays when it throws. */
  allOrNothing<T>(change: () => T): T {
    return this.#db.transaction(change).immediate();
  }

  /** Runs that a crash cut off. */
  endInterrupted(): void {
    this.#db
      .prepare(`UPDATE run SET outcome = 'cancelled', message = ? WHERE outcome = 'running' AND ${SOUND_RUN}`)
      .run(INTERRUPTED);
  }

  listRuns({ text, tree, offset, limit }: RunQuery): { runs: ListedRun[]; total: number } {
    if (tree) return this.#runTree(offset, limit);
    const words = wordsOf(text ?? "");
    if (words.length > 0) return this.#searchRuns(words, offset, limit);
    const rows = this.#db.prepare<[number, number], RunRow>(
      `SELECT ${RUN_COLUMNS} FROM run WHERE ${SOUND_RUN} ORDER BY id DESC LIMIT ? OFFSET ?`,
    );
    const runs = rows.all(limit, offset).map((row) => ({ ...toRun(row), depth: 0, found: null }));
    return { runs, total: this.#count(`SELECT count(*) AS n FROM run WHERE ${SOUND_RUN}`) };
  }

  /** A word of the prompt counts more than one of the negative prompt; of equal matches the newest comes first. */
  #searchRuns(words: readonly string[], offset: number, limit: number): { runs: ListedRun[]; total: number } {
    const match = toMatch(words);
    const found = this.#db
      .prepare<[object], number>(
        `SELECT rowid FROM run_text WHERE run_text MATCH @match AND rowid NOT IN temp.unsound_run
         ORDER BY bm25(run_text, 4, 1), rowid DESC LIMIT @limit OFFSET @offset`,
      )
      .pluck()
      .all({ match, limit, offset });
    // Not joined: a file whose statistics say that it has few runs would have all of them gone through for each that is found.
    const row = this.#db.prepare<[number], RunRow & { negative: string }>(
      `SELECT ${RUN_COLUMNS}, run.negative_prompt AS negative FROM run WHERE id = ?`,
    );
    const rows = found.flatMap((id) => row.get(id) ?? []);
    const runs = rows.map(({ negative, ...rest }) => {
      const inNegative = pieceOf(negative, words);
      const isThere = inNegative.some(({ marked }) => marked);
      const pieces = { prompt: pieceOf(rest.prompt, words), negativePrompt: isThere ? inNegative : null };
      return { ...toRun(rest), depth: 0, found: pieces };
    });
    const all = `SELECT count(*) AS n FROM run_text WHERE run_text MATCH @match AND rowid NOT IN temp.unsound_run`;
    return { runs, total: this.#count(all, { match }) };
  }

  #runTree(offset: number, limit: number): { runs: ListedRun[]; total: number } {
    const rows = treeOf(this.#db);
    const runs = rows.slice(offset, offset + limit).map(({ id, depth }) => {
      return { ...this.#runInfo(id), depth, found: null };
    });
    return { runs, total: rows.length };
  }

  readRun(id: number): RunDetails {
    const { before } = this.#db
      .prepare<[number], { before: number | null }>(`SELECT max(id) AS before FROM run WHERE id < ? AND ${SOUND_RUN}`)
      .get(id)!;
    return {
      ...this.#runInfo(id),
      scene: this.#sceneOf(id),
      before,
      missing: this.drawn.missingOf(id),
      inWork: this.states.inWork(id),
    };
  }

  addResult({ runId, state, ...picture }: NewResult): ResultInfo {
    return this.keep({ runId, ...prepared(picture), state });
  }

  /** Makes a scouted result a finished one: its picture takes the place of what was foreseen, and its marks stay. */
  finishResult(id: number, picture: Omit<NewResult, "runId" | "state">): ResultInfo {
    const { runId, scouted, alternative } = this.#resultInfo(id);
    const { png, thumbnail, attention, record, seed, ...rest } = prepared(picture);
    if (scouted === null || record.scouted !== undefined) return this.#resultInfo(id); // done already
    const kept = { ...rest, id, obedience: mean(Object.values(record.obedience)), bytes: png.length };
    return this.allOrNothing(() => {
      this.#db
        .prepare(
          `UPDATE result SET width = @width, height = @height, obedience = @obedience, seconds = @seconds, bytes = @bytes,
             record = @record, scouted = NULL, wanted = 0 WHERE id = @id`,
        )
        .run({ ...kept, record: this.#recordFor(runId, record) });
      this.#db.prepare("UPDATE picture SET thumbnail = ?, png = ? WHERE result = ?").run(thumbnail, png, id);
      this.#db.prepare("DELETE FROM attention WHERE result = ?").run(id);
      if (attention) keepMaps(this.#db, id, attention);
      this.states.drop({ runId, seed, alternative, resultId: id });
      return this.#resultInfo(id);
    });
  }

  /** Writes a result and its picture, both or none; a second picture of the same run, seed and alternative is none: the first stands. */
  keep({ runId, record, png, thumbnail, attention, state, ...rest }: Finished): ResultInfo {
    const kept = this.#recordFor(runId, record);
    const { alternative = null, scouted } = record;
    return this.allOrNothing(() => {
      const first = this.drawn.ofPicture(runId, rest.seed, alternative);
      if (first !== undefined) return this.#resultInfo(first);
      const { lastInsertRowid } = this.#db
        .prepare(
          `INSERT INTO result (run, seed, created, width, height, obedience, seconds, bytes, record, scouted)
             VALUES (@runId, @seed, @created, @width, @height, @obedience, @seconds, @bytes, @record, @scouted)`,
        )
        .run({
          ...rest,
          runId,
          created: this.#clock(),
          obedience: mean(Object.values(record.obedience)),
          bytes: png.length,
          record: kept,
          scouted: scouted ?? null,
        });
      this.#db
        .prepare("INSERT INTO picture (result, thumbnail, png) VALUES (?, ?, ?)")
        .run(lastInsertRowid, thumbnail, png);
      if (attention) keepMaps(this.#db, lastInsertRowid, attention);
      const id = Number(lastInsertRowid);
      const picture = { runId, seed: rest.seed, alternative };
      this.states.drop({ ...picture, resultId: null }); // it is in work no more
      if (state && scouted !== undefined) this.states.keep({ ...picture, resultId: id }, scouted, state);
      return this.#resultInfo(id);
    });
  }

  /** A record as it is kept with its run: without the scene, where that is the run's. */
  #recordFor(runId: number, record: RunRecord): string {
    const { scene, ...withoutScene } = record;
    return JSON.stringify(JSON.stringify(scene) === JSON.stringify(this.#sceneOf(runId)) ? withoutScene : record);
  }

  listResults(query: ResultQuery): ResultPage {
    const { from, order, values } = selectionOf(query);
    const { offset, limit } = query;
    const rows = this.#db.prepare<[object], ResultRow>(
      `SELECT ${RESULT_COLUMNS} ${from} ORDER BY ${order} LIMIT @limit OFFSET @offset`,
    );
    return {
      results: rows.all({ ...values, limit, offset }).map(toResult),
      total: this.#count(`SELECT count(*) AS n ${from}`, values),
    };
  }

  readResult(id: number): ResultDetails {
    const info = this.#resultInfo(id);
    const { record } = this.#db
      .prepare<[number], { record: string }>("SELECT record FROM result WHERE id = ?")
      .get(id)!;
    const kept = parseJson(record) as Partial<RunRecord> | null | undefined;
    if (typeof kept !== "object" || !kept)
      throw new AppError("image-invalid", "The settings that were kept with this picture are damaged.", {});
    return { ...info, record: parseRecord({ ...kept, scene: kept.scene ?? this.#sceneOf(info.runId) }) };
  }

  readInfo(id: number): ResultInfo {
    return this.#resultInfo(id);
  }

  readPicture(id: number, size: PictureSize): Uint8Array<ArrayBuffer> {
    const column = size === "full" ? "png" : "thumbnail";
    const row = this.#db
      .prepare<[number, number], { bytes: Buffer | null }>(
        `SELECT ${bounded(column, "blob")} AS bytes FROM picture WHERE result = ?`,
      )
      .get(LARGEST_PICTURE, id);
    if (!row) throw noResult(id);
    if (!row.bytes) throw new AppError("image-invalid", "This picture is too large to be one of Diorama's.", {});
    refuseLarge(row.bytes, size === "full" ? "full" : "thumbnail");
    return size === "small" ? smallOf(row.bytes) : new Uint8Array(row.bytes);
  }

  markResults(ids: readonly number[], starred: boolean | undefined, state: ResultState | undefined): number {
    const update = this.#db.prepare(
      `UPDATE result SET starred = coalesce(@starred, starred), state = coalesce(@state, state) WHERE id = @id AND ${SOUND_RESULT}`,
    );
    const marks = { starred: starred === undefined ? null : Number(starred), state: state ?? null };
    return this.allOrNothing(() => ids.reduce((changed, id) => changed + update.run({ ...marks, id }).changes, 0));
  }

  readAttention(id: number): AttentionMaps | null {
    this.#resultInfo(id);
    return readMaps(this.#db, id);
  }

  /** Nothing is deleted before the project is closed: until then it can be undone. */
  emptyBin(): number[] {
    const rows = this.#db
      .prepare<[], { id: number }>(
        `UPDATE result SET emptied = 1 WHERE state = 'binned' AND emptied = 0 AND ${SOUND_RESULT} RETURNING id`,
      )
      .all();
    return rows.map(({ id }) => id);
  }

  refillBin(ids: readonly number[]): void {
    const update = this.#db.prepare(`UPDATE result SET emptied = 0 WHERE id = ? AND ${SOUND_RESULT}`);
    this.allOrNothing(() => ids.forEach((id) => update.run(id)));
  }

  deleteEmptied(): void {
    this.#db.prepare("DELETE FROM result WHERE emptied = 1").run();
  }

  #runInfo(id: number): RunInfo {
    const row = this.#db
      .prepare<[number], RunRow>(`SELECT ${RUN_COLUMNS} FROM run WHERE id = ? AND ${SOUND_RUN}`)
      .get(id);
    if (!row) throw noRun(id);
    return toRun(row);
  }

  #resultInfo(id: number): ResultInfo {
    const row = this.#db
      .prepare<[number], ResultRow>(`SELECT ${RESULT_COLUMNS} FROM result WHERE id = ? AND ${SOUND_RESULT}`)
      .get(id);
    if (!row) throw noResult(id);
    return toResult(row);
  }

  /** The scene of a run; undefined where it is damaged: a question about many runs is not stopped by one. */
  #readScene(runId: number): Scene | undefined {
    try {
      return this.#sceneOf(runId);
    } catch (error) {
      if (isAppError(error, "scene-invalid")) return undefined;
      throw error;
    }
  }

  #sceneOf(runId: number): Scene {
    const row = this.#db
      .prepare<[number], { scene: string }>(`SELECT scene FROM run WHERE id = ? AND ${SOUND_RUN}`)
      .get(runId);
    if (!row) throw noRun(runId);
    const parsed = v.safeParse(storedSceneSchema, parseJson(row.scene), { abortEarly: true });
    if (parsed.success) return parsed.output;
    throw new AppError("scene-invalid", `The scene of this run is damaged (${describe(parsed.issues[0])}).`, {
      at: "scene",
    });
  }

  #count(sql: string, values: object = {}): number {
    return this.#db.prepare<[object], { n: number }>(sql).get(values)!.n;
  }
}

function toRun({ origin, originResult, originHow, gridId, gridName, ...row }: RunRow): RunInfo {
  const grid = gridId === null || gridName === null ? null : { id: gridId, name: gridName };
  return { ...row, origin: originOf({ origin, originResult, originHow }), grid };
}

function toResult(row: ResultRow): ResultInfo {
  return { ...row, starred: row.starred === 1, resumable: row.resumable === 1 };
}

/** A picture that is ready to be written. */
function prepared({ pixels, record, ...rest }: Omit<NewResult, "runId" | "state">): Omit<Finished, "runId"> {
  const checked = parseRecord(record);
  const { width, height } = pixels;
  return {
    ...rest,
    width,
    height,
    record: checked,
    png: encodePng(pixels, metadataTexts(checked)),
    thumbnail: thumbnailOf(pixels),
  };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function noRun(id: number): AppError {
  return new AppError("not-found", "This run is not in the project.", { what: "run", id: String(id) });
}

function noResult(id: number): AppError {
  return new AppError("not-found", "This picture is no longer in the project.", { what: "result", id: String(id) });
}
