/** Runs that a pool draws: what it calls them, so that what is still owed can be asked for again and collected. */
import type Database from "better-sqlite3";
import * as v from "valibot";
import type { PooledRun } from "../api/pooledRuns.ts";
import { pooledSchema } from "../api/storeMessages.ts";
import { bounded, parseJson } from "./soundness.ts";

/** In bytes; a name, and a request to open a checkpoint. */
const LONGEST = 50_000;

export class Pooled {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** What is damaged is nothing that a pool draws: it is offered like what the program's end cut off. */
  read(runId: number): PooledRun | null {
    const row = this.#db
      .prepare<[number, number, number], { name: string | null; model: string | null }>(
        `SELECT ${bounded("name", "text")} AS name, ${bounded("model", "text")} AS model FROM pooled WHERE run = ?`,
      )
      .get(LONGEST, LONGEST, runId);
    const parsed = v.safeParse(pooledSchema, { name: row?.name, model: parseJson(row?.model ?? "null") });
    return parsed.success ? parsed.output : null;
  }

  set(runId: number, pooled: PooledRun | null): void {
    if (pooled === null) this.#db.prepare("DELETE FROM pooled WHERE run = ?").run(runId);
    else {
      this.#db
        .prepare("INSERT OR REPLACE INTO pooled (run, name, model) VALUES (?, ?, ?)")
        .run(runId, pooled.name, JSON.stringify(pooled.model));
    }
  }
}
