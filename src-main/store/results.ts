/** The runs of a project and the pictures that came of them. */
import type Database from "better-sqlite3";
import type { RunRecord } from "../api/engine.ts";
import { AppError } from "../api/errors.ts";
import type { Scene } from "../api/scene.ts";
import type {
  NewResult,
  ResultDetails,
  ResultInfo,
  ResultPage,
  ResultQuery,
  ResultState,
  RunInfo,
  RunOutcome,
} from "../api/store.ts";
import { metadataTexts, parseRecord } from "../image/metadata.ts";
import { encodePng } from "../image/png.ts";
import { thumbnailOf } from "./pictures.ts";

type ResultRow = Omit<ResultInfo, "starred"> & { starred: number };
type RunRow = RunInfo;

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
}

const RESULT_COLUMNS = `result.id, result.run AS runId, result.seed, result.created, result.width, result.height, result.starred,
  result.state, result.obedience, result.seconds, result.bytes`;
const RUN_COLUMNS = `id, created, prompt, model, asked, outcome, message,
  (SELECT count(*) FROM result WHERE result.run = run.id) AS finished`;
const ORDERS: Record<ResultQuery["order"], string> = {
  newest: "result.id DESC",
  oldest: "result.id",
  obedience: "result.obedience DESC, result.id DESC",
};

export class Results {
  readonly #db: Database.Database;
  readonly #clock: () => string;

  constructor(db: Database.Database, clock: () => string) {
    this.#db = db;
    this.#clock = clock;
  }

  beginRun(scene: Scene, model: string, asked: number): RunInfo {
    const { lastInsertRowid } = this.#db
      .prepare(
        `INSERT INTO run (created, scene, prompt, negative_prompt, model, asked, outcome)
         VALUES (@created, @scene, @prompt, @negativePrompt, @model, @asked, 'running')`,
      )
      .run({
        created: this.#clock(),
        scene: JSON.stringify(scene),
        prompt: scene.prompt,
        negativePrompt: scene.negativePrompt,
        model,
        asked,
      });
    return this.#runInfo(Number(lastInsertRowid));
  }

  endRun(id: number, outcome: RunOutcome, message: string | null): RunInfo {
    this.#db.prepare("UPDATE run SET outcome = ?, message = ? WHERE id = ?").run(outcome, message, id);
    return this.#runInfo(id);
  }

  /** Runs that a crash cut off. */
  endInterrupted(): void {
    this.#db.prepare("UPDATE run SET outcome = 'cancelled' WHERE outcome = 'running'").run();
  }

  listRuns(offset: number, limit: number): { runs: RunInfo[]; total: number } {
    const rows = this.#db.prepare<[number, number], RunRow>(
      `SELECT ${RUN_COLUMNS} FROM run ORDER BY id DESC LIMIT ? OFFSET ?`,
    );
    return { runs: rows.all(limit, offset), total: this.#count("SELECT count(*) AS n FROM run") };
  }

  readRun(id: number): RunInfo & { scene: Scene } {
    return { ...this.#runInfo(id), scene: this.#sceneOf(id) };
  }

  addResult({ runId, seed, seconds, pixels, record }: NewResult): ResultInfo {
    const checked = parseRecord(record);
    const png = encodePng(pixels, metadataTexts(checked));
    const { width, height } = pixels;
    return this.keep({ runId, seed, seconds, width, height, record: checked, png, thumbnail: thumbnailOf(pixels) });
  }

  /** Writes a result and its picture, both or none. */
  keep({ runId, record, png, thumbnail, ...rest }: Finished): ResultInfo {
    const runScene = JSON.stringify(this.#sceneOf(runId));
    const { scene, ...withoutScene } = record;
    const kept = JSON.stringify(scene) === runScene ? withoutScene : record;
    return this.#db
      .transaction(() => {
        const { lastInsertRowid } = this.#db
          .prepare(
            `INSERT INTO result (run, seed, created, width, height, obedience, seconds, bytes, record)
             VALUES (@runId, @seed, @created, @width, @height, @obedience, @seconds, @bytes, @record)`,
          )
          .run({
            ...rest,
            runId,
            created: this.#clock(),
            obedience: mean(Object.values(record.obedience)),
            bytes: png.length,
            record: JSON.stringify(kept),
          });
        this.#db
          .prepare("INSERT INTO picture (result, thumbnail, png) VALUES (?, ?, ?)")
          .run(lastInsertRowid, thumbnail, png);
        return this.#resultInfo(Number(lastInsertRowid));
      })
      .immediate();
  }

  listResults({ runId, starred, state = "kept", text, order, offset, limit }: ResultQuery): ResultPage {
    const match = text === undefined ? undefined : toMatch(text);
    const where = [
      "result.state = @state",
      runId === undefined ? undefined : "result.run = @runId",
      starred === undefined ? undefined : "result.starred = @starred",
      match === undefined ? undefined : "result.run IN (SELECT rowid FROM run_text WHERE run_text MATCH @match)",
    ];
    const from = `FROM result WHERE ${where.filter((condition) => condition !== undefined).join(" AND ")}`;
    const values = { state, runId, starred: Number(starred), match };
    const rows = this.#db.prepare<[object], ResultRow>(
      `SELECT ${RESULT_COLUMNS} ${from} ORDER BY ${ORDERS[order]} LIMIT @limit OFFSET @offset`,
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
    const kept = JSON.parse(record) as Omit<RunRecord, "scene"> & { scene?: Scene };
    return { ...info, record: { ...kept, scene: kept.scene ?? this.#sceneOf(info.runId) } };
  }

  readPicture(id: number, size: "full" | "thumbnail"): Uint8Array<ArrayBuffer> {
    const column = size === "full" ? "png" : "thumbnail";
    const row = this.#db
      .prepare<[number], { bytes: Buffer }>(`SELECT ${column} AS bytes FROM picture WHERE result = ?`)
      .get(id);
    if (!row) throw noResult(id);
    return new Uint8Array(row.bytes);
  }

  markResults(ids: readonly number[], starred: boolean | undefined, state: ResultState | undefined): number {
    const update = this.#db.prepare(
      "UPDATE result SET starred = coalesce(@starred, starred), state = coalesce(@state, state) WHERE id = @id",
    );
    const marks = { starred: starred === undefined ? null : Number(starred), state: state ?? null };
    return this.#db
      .transaction(() => ids.reduce((changed, id) => changed + update.run({ ...marks, id }).changes, 0))
      .immediate();
  }

  emptyBin(): number {
    return this.#db.prepare("DELETE FROM result WHERE state = 'binned'").run().changes;
  }

  #runInfo(id: number): RunInfo {
    const row = this.#db.prepare<[number], RunRow>(`SELECT ${RUN_COLUMNS} FROM run WHERE id = ?`).get(id);
    if (!row) throw noRun(id);
    return row;
  }

  #resultInfo(id: number): ResultInfo {
    const row = this.#db.prepare<[number], ResultRow>(`SELECT ${RESULT_COLUMNS} FROM result WHERE id = ?`).get(id);
    if (!row) throw noResult(id);
    return toResult(row);
  }

  #sceneOf(runId: number): Scene {
    const row = this.#db.prepare<[number], { scene: string }>("SELECT scene FROM run WHERE id = ?").get(runId);
    if (!row) throw noRun(runId);
    return JSON.parse(row.scene) as Scene;
  }

  #count(sql: string, values: object = {}): number {
    return this.#db.prepare<[object], { n: number }>(sql).get(values)!.n;
  }
}

/** Every word, as the beginning of one, in quotes: nothing a person types is an operator of the search. */
function toMatch(text: string): string | undefined {
  const words = text.match(/[\p{L}\p{N}]+/gu);
  return words?.map((word) => `"${word}"*`).join(" ");
}

function toResult(row: ResultRow): ResultInfo {
  return { ...row, starred: row.starred === 1 };
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
