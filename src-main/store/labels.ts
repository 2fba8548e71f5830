/** Collections and tags: what gathers results across runs. */
import type Database from "better-sqlite3";
import { LIMITS } from "../api/engineMessages.ts";
import type { Label } from "../api/finding.ts";
import { AppError } from "../wire/errors.ts";
import { SOUND_RESULT } from "./soundness.ts";

/** What a list shows at most, and a project takes; people make dozens. */
export const MOST_LABELS = 1_000;
const SHOWN = `deleted = 0 AND typeof(name) = 'text' AND octet_length(name) <= ${3 * LIMITS.id} AND kind IN ('collection', 'tag')`;
const COLUMNS = `id, kind, name, (SELECT count(*) FROM labelled JOIN result ON result.id = labelled.result
  WHERE label = label.id AND result.state = 'kept' AND ${SOUND_RESULT}) AS results`;

export class Labels {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  list(): Label[] {
    return this.#db
      .prepare<[], Label>(
        `SELECT ${COLUMNS} FROM label WHERE ${SHOWN} ORDER BY kind, name COLLATE NOCASE, id LIMIT ${MOST_LABELS}`,
      )
      .all();
  }

  make(kind: Label["kind"], name: string): Label {
    const there = this.#named(kind, name);
    if (there) return there;
    const { n } = this.#db.prepare<[], { n: number }>("SELECT count(*) AS n FROM label").get()!;
    if (n >= MOST_LABELS) {
      const problem = `A project has at most ${MOST_LABELS.toLocaleString("en")} collections and tags. Delete one that is not used any more, and try again.`;
      throw new AppError("bad-request", problem, { method: "makeLabel" });
    }
    const insert = this.#db.prepare("INSERT INTO label (kind, name) VALUES (?, ?)");
    return this.#get(Number(insert.run(kind, name.trim()).lastInsertRowid));
  }

  rename(id: number, name: string): void {
    const { kind } = this.#get(id);
    const other = this.#named(kind, name);
    if (other && other.id !== id) {
      const problem = `There is a ${kind} called ${other.name} already. Choose another name.`;
      throw new AppError("bad-request", problem, { method: "renameLabel" });
    }
    this.#db.prepare("UPDATE label SET name = ? WHERE id = ?").run(name.trim(), id);
  }

  /** For good when the project is closed; until then it can be taken back. */
  delete(id: number, deleted: boolean): void {
    this.#db.prepare("UPDATE label SET deleted = ? WHERE id = ?").run(Number(deleted), id);
  }

  /** Gives those that were otherwise before: what undo takes back. */
  set(id: number, results: readonly number[], on: boolean): number[] {
    this.#get(id);
    const change = this.#db.prepare(
      on
        ? `INSERT OR IGNORE INTO labelled (label, result) SELECT @id, id FROM result WHERE id = @result AND ${SOUND_RESULT}`
        : "DELETE FROM labelled WHERE label = @id AND result = @result",
    );
    const all = () => results.filter((result) => change.run({ id, result }).changes > 0);
    return this.#db.transaction(all).immediate();
  }

  of(results: readonly number[]): { id: number; results: number[] }[] {
    const rows = this.#db
      .prepare<[string], { label: number; result: number }>(
        `SELECT label, result FROM labelled WHERE result IN (SELECT value FROM json_each(?))
           AND label IN (SELECT id FROM label WHERE ${SHOWN}) ORDER BY label, result`,
      )
      .all(JSON.stringify(results));
    const byLabel = Map.groupBy(rows, ({ label }) => label);
    return [...byLabel].map(([id, own]) => ({ id, results: own.map(({ result }) => result) }));
  }

  deleteUnneeded(): void {
    this.#db.prepare("DELETE FROM label WHERE deleted = 1").run();
  }

  /** Case does not count. */
  #named(kind: Label["kind"], name: string): Label | undefined {
    const sought = name.trim().toLowerCase();
    return this.list().find((label) => label.kind === kind && label.name.toLowerCase() === sought);
  }

  #get(id: number): Label {
    const label = this.#db.prepare<[number], Label>(`SELECT ${COLUMNS} FROM label WHERE id = ? AND ${SHOWN}`).get(id);
    if (label) return label;
    throw new AppError("not-found", "This collection or tag is no longer in the project.", {
      what: "label",
      id: String(id),
    });
  }
}
