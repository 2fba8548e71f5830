/** The grids of a project: what was asked for in rows and columns, and which pictures, of whatever run, are those of its cells. */
import type Database from "better-sqlite3";
import * as v from "valibot";
import { engineSchemas, LIMITS } from "../api/engineMessages.ts";
import { gridSchema } from "../api/gridMessages.ts";
import type { CellState, GridAsked, GridDetails, GridInfo, GridRun } from "../api/grids.ts";
import { storedSceneSchema } from "../api/sceneMessages.ts";
import { type DrawnSeed, INTERRUPTED, type RunInfo, type RunOutcome, type StoreApi } from "../api/store.ts";
import { SEEDS_TEXT } from "../api/storeMessages.ts";
import { type Cell, cellsOf } from "../scene/grid.ts";
import { pictureKey } from "../scene/samePicture.ts";
import type { Scene } from "../scene/scene.ts";
import { readSeeds } from "../scene/seeds.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import { describe } from "../wire/rpc.ts";
import type { Drawn } from "./drawn.ts";
import { bounded, parseJson, SOUND_RUN } from "./soundness.ts";

/** What a list shows at most; people make dozens. */
const MOST_GRIDS = 1_000;
/** In bytes: a scene and, in layouts, thirty more of them. */
const LONGEST = 16_000_000;
const isText = (column: string, most: number) => `typeof(${column}) = 'text' AND octet_length(${column}) <= ${most}`;
const SHOWN = `grid.deleted = 0 AND typeof(grid.id) = 'integer' AND ${isText("grid.created", 100)}
  AND ${isText("grid.name", 3 * LIMITS.id)} AND ${isText("grid.model_name", 3 * LIMITS.path)}`;

/** Of a run: the grid that it draws cells of, where that is there still. */
export const GRID_COLUMNS = `(SELECT id FROM grid WHERE grid.id = run.grid AND ${SHOWN}) AS gridId,
  (SELECT name FROM grid WHERE grid.id = run.grid AND ${SHOWN}) AS gridName`;

export interface GridOfRun {
  gridId: number | null;
  gridName: string | null;
}

interface GridRow extends GridInfo {
  modelName: string;
  scene: string | null;
  axes: string | null;
  model: string | null;
}

/** A run that drew cells of a grid, as it ended. */
interface RunRow {
  id: number;
  outcome: RunOutcome;
  message: string | null;
  seeds: string | null;
}

export class Grids {
  readonly #db: Database.Database;
  readonly #clock: () => string;
  readonly #drawn: Drawn;
  /** The scene of a run; undefined where that is damaged. */
  readonly #sceneOf: (runId: number) => Scene | undefined;
  /** By run: scenes of runs never change, and a grid that fills is looked at again and again. */
  readonly #keys = new Map<number, string | undefined>();

  constructor(db: Database.Database, clock: () => string, drawn: Drawn, sceneOf: (runId: number) => Scene | undefined) {
    this.#db = db;
    this.#clock = clock;
    this.#drawn = drawn;
    this.#sceneOf = sceneOf;
  }

  save({ id, name, scene, grid, model, modelName }: GridAsked & { modelName: string; id?: number }): GridInfo {
    cellsOf(grid, scene); // what cannot be read back is not written
    const values = {
      name: name.trim(),
      scene: JSON.stringify(scene),
      axes: JSON.stringify(grid),
      model: JSON.stringify(model),
      modelName,
    };
    if (id === undefined) {
      const insert = this.#db.prepare(
        "INSERT INTO grid (created, name, scene, axes, model, model_name) VALUES (@created, @name, @scene, @axes, @model, @modelName)",
      );
      return this.#info(Number(insert.run({ ...values, created: this.#clock() }).lastInsertRowid));
    }
    this.#info(id);
    this.#db
      .prepare(
        "UPDATE grid SET name = @name, scene = @scene, axes = @axes, model = @model, model_name = @modelName WHERE id = @id",
      )
      .run({ ...values, id });
    return this.#info(id);
  }

  list(): GridInfo[] {
    return this.#db
      .prepare<[], GridInfo>(`SELECT id, created, name FROM grid WHERE ${SHOWN} ORDER BY id DESC LIMIT ${MOST_GRIDS}`)
      .all();
  }

  read(id: number): GridDetails {
    const row = this.#db
      .prepare<[number, number, number, number], GridRow>(
        `SELECT id, created, name, model_name AS modelName, ${bounded("scene", "text")} AS scene, ${bounded("axes", "text")} AS axes,
           ${bounded("model", "text")} AS model FROM grid WHERE id = ? AND ${SHOWN}`,
      )
      .get(LONGEST, LONGEST, LONGEST, id);
    if (!row) throw noGrid(id);
    const { created, name, modelName } = row;
    const part = <T>(schema: v.GenericSchema<unknown, T>, text: string | null): T => {
      const read = v.safeParse(schema, parseJson(text ?? ""), { abortEarly: true });
      if (read.success) return read.output;
      throw damaged(name, describe(read.issues[0]));
    };
    const asked = {
      scene: part(storedSceneSchema, row.scene),
      grid: part(gridSchema, row.axes),
      model: part(engineSchemas.load, row.model),
    };
    const runs = this.#runsOf(id);
    const cells = this.#statesOf(this.#cellsOf(name, asked), modelName, asked.model.provider, runs);
    const interrupted = runs.filter(isInterrupted).map((run) => run.id);
    return { id, created, name, modelName, ...asked, cells, interrupted };
  }

  /** What there is already of a grid that is not in the project. */
  find({ scene, grid, modelName, provider }: Parameters<StoreApi["findCells"]>[0]): CellState["result"][] {
    return this.#statesOf(cellsOf(grid, scene).cells, modelName, provider, []).map(({ result }) => result);
  }

  /** Grids with runs that the end of the program cut off. */
  unfinished(): (GridInfo & { runs: number[] })[] {
    const rows = this.#db
      .prepare<[string], GridInfo & { run: number }>(
        `SELECT grid.id, grid.created, grid.name, run.id AS run FROM run JOIN grid ON grid.id = run.grid
         WHERE run.message = ? AND run.outcome = 'cancelled' AND ${SOUND_RUN} AND ${SHOWN} ORDER BY grid.id, run.id`,
      )
      .all(INTERRUPTED);
    const byGrid = Map.groupBy(rows, ({ id }) => id);
    return [...byGrid.values()].map((own) => {
      const { id, created, name } = own[0]!;
      return { id, created, name, runs: own.map(({ run }) => run) };
    });
  }

  rename(id: number, name: string): void {
    this.#info(id);
    this.#db.prepare("UPDATE grid SET name = ? WHERE id = ?").run(name.trim(), id);
  }

  /** For good when the project is closed; until then it can be taken back. */
  delete(id: number, deleted: boolean): void {
    this.#db.prepare("UPDATE grid SET deleted = ? WHERE id = ?").run(Number(deleted), id);
  }

  deleteUnneeded(): void {
    this.#db.prepare("DELETE FROM grid WHERE deleted = 1").run();
  }

  modelNameOf(id: number): string {
    const row = this.#db
      .prepare<[number], { name: string }>(`SELECT model_name AS name FROM grid WHERE id = ? AND ${SHOWN}`)
      .get(id);
    if (!row) throw noGrid(id);
    return row.name;
  }

  /** Notes of a run that it draws cells of a grid. */
  adopt(id: number, runId: number): void {
    this.#db.prepare("UPDATE run SET grid = ? WHERE id = ?").run(id, runId);
  }

  #cellsOf(name: string, { grid, scene }: Pick<GridAsked, "grid" | "scene">): Cell[] {
    try {
      return cellsOf(grid, scene).cells;
    } catch (error) {
      if (isAppError(error, "scene-invalid")) throw damaged(name, error.message);
      throw error;
    }
  }

  #statesOf(cells: readonly Cell[], model: string, provider: string, runs: readonly RunRow[]): CellState[] {
    const keys = new Map([...new Set(cells.map(({ scene }) => scene))].map((scene) => [scene, pictureKey(scene)]));
    const found = this.#picturesOf(cells, new Set(keys.values()), model, provider);
    const byKey = Map.groupBy(runs, ({ id }) => this.#keyOf(id));
    const seeds = new Map(runs.map((run) => [run.id, seedsOf(run)]));
    return cells.map(({ scene, seed, alternative }): CellState => {
      const key = keys.get(scene)!;
      const picture = found.get(`${key} ${seed} ${alternative ?? ""}`);
      const result = picture ? { id: picture.id } : null;
      if (result) return { result, outcome: "drawn", why: null };
      const last = (byKey.get(key) ?? []).findLast(({ id }) => seeds.get(id)!.has(seed));
      if (!last || last.outcome === "done") return { result, outcome: "none", why: null };
      if (isInterrupted(last)) return { result, outcome: "interrupted", why: null };
      return { result, outcome: last.outcome, why: last.outcome === "failed" ? last.message : null };
    });
  }

  /** The newest picture of each scene, seed and alternative, whichever run it is of. */
  #picturesOf(cells: readonly Cell[], wanted: ReadonlySet<string>, model: string, provider: string) {
    const found = new Map<string, DrawnSeed>();
    const prompts = new Map(
      cells.map(({ scene: { prompt, negativePrompt } }) => [
        `${prompt}\0${negativePrompt}`,
        { prompt, negativePrompt },
      ]),
    );
    const runs = this.#db.prepare<[string, string, string], { id: number }>(
      `SELECT id FROM run WHERE prompt = ? AND negative_prompt = ? AND model = ? AND ${SOUND_RUN} ORDER BY id`,
    );
    for (const { prompt, negativePrompt } of prompts.values()) {
      for (const { id } of runs.all(prompt, negativePrompt, model)) {
        const key = this.#keyOf(id);
        if (key === undefined || !wanted.has(key)) continue;
        for (const one of this.#drawn.ofRun(id, provider))
          found.set(`${key} ${one.seed} ${one.alternative ?? ""}`, one);
      }
    }
    return found;
  }

  #keyOf(runId: number): string | undefined {
    if (!this.#keys.has(runId)) {
      const scene = this.#sceneOf(runId);
      this.#keys.set(runId, scene && pictureKey(scene));
    }
    return this.#keys.get(runId);
  }

  #runsOf(id: number): RunRow[] {
    return this.#db
      .prepare<[number, number], RunRow>(
        `SELECT id, outcome, message, ${bounded("seeds", "text")} AS seeds FROM run WHERE grid = ? AND ${SOUND_RUN} ORDER BY id`,
      )
      .all(SEEDS_TEXT, id);
  }

  #info(id: number): GridInfo {
    const info = this.#db
      .prepare<[number], GridInfo>(`SELECT id, created, name FROM grid WHERE id = ? AND ${SHOWN}`)
      .get(id);
    if (!info) throw noGrid(id);
    return info;
  }
}

/** What of a project's results runs are put on record with. */
interface RunBook {
  grids: Grids;
  allOrNothing: <T>(change: () => T) => T;
  beginRun: (scene: Scene, model: string, asked: number, extras: { seeds: string }) => RunInfo;
}

/** All runs that draw cells of a grid, or none of them. */
export function beginGridRuns(results: RunBook, id: number, runs: readonly GridRun[]): number[] {
  return results.allOrNothing(() => {
    const model = results.grids.modelNameOf(id);
    return runs.map(({ scene, asked, seeds }) => {
      const run = results.beginRun(scene, model, asked, { seeds });
      results.grids.adopt(id, run.id);
      return run.id;
    });
  });
}

const isInterrupted = ({ outcome, message }: RunRow) => outcome === "cancelled" && message === INTERRUPTED;

function seedsOf({ seeds }: RunRow): ReadonlySet<string> {
  const read = readSeeds(seeds ?? "");
  return new Set("seeds" in read ? read.seeds : []);
}

function noGrid(id: number): AppError {
  return new AppError("not-found", "This grid is no longer in the project.", { what: "grid", id: String(id) });
}

function damaged(name: string, why: string): AppError<"scene-invalid"> {
  return new AppError("scene-invalid", `The grid “${name}” is damaged (${why}). Its pictures are in Results.`, {
    at: "grid",
  });
}
