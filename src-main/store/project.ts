/** One open project file: its draft, its named versions, and whether it is whole. Runs and results are in results.ts. */
import { existsSync, renameSync } from "node:fs";
import { basename, dirname, extname } from "node:path";
import type Database from "better-sqlite3";
import { SqliteError } from "better-sqlite3";
import * as v from "valibot";
import { AppError } from "../api/errors.ts";
import { describe } from "../api/rpc.ts";
import type { Draft, ProjectInfo, SavedDraft, VersionInfo } from "../api/store.ts";
import { storeSchemas } from "../api/storeMessages.ts";
import { closeDocument, createDatabase, guarded, invalid, letShrink, openDatabase, shrink } from "./database.ts";
import { freeName, removeDatabase } from "./files.ts";
import { PROJECT_FORMAT } from "./projectFormat.ts";
import { Results } from "./results.ts";

interface VersionRow {
  id: number;
  name: string;
  automatic: number;
  created: string;
}

/** Tables small enough to be checked on every opening; pictures are read by `verify` alone. */
const QUICK_TABLES = ["project", "version", "run"];
const THOROUGH_TABLES = [...QUICK_TABLES, "result"];

/** What SQLite says of a folder in which nobody, or somebody else, may write. */
const NOT_WRITABLE = /^SQLITE_(CANTOPEN|READONLY|PERM)/;

export class ProjectFile {
  readonly path: string;
  readonly results: Results;
  readonly #db: Database.Database;
  readonly #notes: string[];
  readonly #clock: () => string;

  private constructor(path: string, db: Database.Database, notes: string[], clock: () => string) {
    this.path = path;
    this.#db = db;
    this.#notes = notes;
    this.#clock = clock;
    this.results = new Results(db, clock);
  }

  static create(path: string, draft: Draft, clock = now): ProjectFile {
    if (existsSync(path)) throw invalid(path, `There already is a file at ${path}.`);
    const db = createDatabase(path, PROJECT_FORMAT);
    db.prepare("INSERT INTO project (id, created, draft, saved, in_use) VALUES (1, @time, @draft, @time, 1)").run({
      time: clock(),
      draft: JSON.stringify(draft),
    });
    return new ProjectFile(path, db, [], clock);
  }

  static open(path: string, clock = now): ProjectFile {
    const { db, notes } = openDatabase(path, PROJECT_FORMAT);
    try {
      return guarded(path, PROJECT_FORMAT, () => {
        const row = db
          .prepare<[], { in_use: number; draft: string }>("SELECT in_use, draft FROM project WHERE id = 1")
          .get();
        if (!row) throw invalid(path, `${path} is damaged: it has no project in it. It was left as it is.`);
        const damage = (row.in_use ? THOROUGH_TABLES : QUICK_TABLES).flatMap((table) =>
          check(db, `quick_check(${table})`),
        );
        if (damage.length > 0) {
          throw invalid(path, `${path} is damaged (${damage[0]!}). It was left as it is; open a copy from a backup.`);
        }
        parseDraft(
          row.draft,
          (why) => `${path} is damaged: its draft cannot be read (${why}). It was left as it is.`,
          path,
        );
        if (row.in_use) notes.push("Diorama did not end properly last time. The project is as it was last saved.");
        const file = new ProjectFile(path, db, notes, clock);
        db.transaction(() => {
          db.prepare("UPDATE project SET in_use = 1").run();
          file.results.endInterrupted();
        }).immediate();
        return file;
      });
    } catch (error) {
      db.close();
      throw error;
    }
  }

  info(): ProjectInfo {
    const row = this.#db
      .prepare<[], { created: string; results: number }>(
        "SELECT created, (SELECT count(*) FROM result WHERE emptied = 0) AS results FROM project",
      )
      .get()!;
    return {
      path: this.path,
      name: basename(this.path, extname(this.path)),
      ...row,
      notes: this.#notes,
    };
  }

  readDraft(): SavedDraft {
    const row = this.#db
      .prepare<[], { draft: string; saved: string; version: number | null; document: string | null }>(
        "SELECT draft, saved, version.id AS version, document FROM project LEFT JOIN version ON version.id = project.version AND deleted = 0",
      )
      .get()!;
    const { draft, saved, version, document } = row;
    return { draft: JSON.parse(draft) as Draft, saved, versionId: version, changed: draft !== document };
  }

  saveDraft(draft: Draft): { saved: string; changed: boolean } {
    this.#db.prepare("UPDATE project SET draft = ?, saved = ?").run(JSON.stringify(draft), this.#clock());
    const { saved, changed } = this.readDraft();
    return { saved, changed };
  }

  nameVersion(name: string, automatic = false): VersionInfo {
    return this.#db
      .transaction(() => {
        const row = this.#db
          .prepare<[string, number, string], VersionRow>(
            `INSERT INTO version (name, automatic, created, document) SELECT ?, ?, ?, draft FROM project
             RETURNING id, name, automatic, created`,
          )
          .get(name, Number(automatic), this.#clock())!;
        this.#db.prepare("UPDATE project SET version = ?").run(row.id);
        return toVersion(row);
      })
      .immediate();
  }

  listVersions(): VersionInfo[] {
    const rows = this.#db.prepare<[], VersionRow>(
      "SELECT id, name, automatic, created FROM version WHERE deleted = 0 ORDER BY id DESC",
    );
    return rows.all().map(toVersion);
  }

  readVersion(id: number): VersionInfo & { draft: Draft } {
    const row = this.#db
      .prepare<[number], VersionRow & { document: string }>("SELECT * FROM version WHERE id = ? AND deleted = 0")
      .get(id);
    if (!row) throw noVersion(id);
    const problem = (why: string) => `The version “${row.name}” is damaged (${why}).`;
    return { ...toVersion(row), draft: parseDraft(row.document, problem, this.path) };
  }

  restoreVersion(id: number): SavedDraft {
    this.#db
      .transaction(() => {
        const { name } = this.readVersion(id);
        if (this.readDraft().changed) this.nameVersion(`Before going back to ${name}`, true);
        this.#db
          .prepare(
            "UPDATE project SET draft = (SELECT document FROM version WHERE id = @id), saved = @time, version = @id",
          )
          .run({ id, time: this.#clock() });
      })
      .immediate();
    return this.readDraft();
  }

  renameVersion(id: number, name: string): void {
    const { changes } = this.#db.prepare("UPDATE version SET name = ?, automatic = 0 WHERE id = ?").run(name, id);
    if (changes === 0) throw noVersion(id);
  }

  /** Until the project is closed it can come back. */
  deleteVersion(id: number): void {
    this.#setDeleted(id, 1);
  }

  undeleteVersion(id: number): void {
    this.#setDeleted(id, 0);
  }

  #setDeleted(id: number, deleted: 0 | 1): void {
    const { changes } = this.#db.prepare("UPDATE version SET deleted = ? WHERE id = ?").run(deleted, id);
    if (changes === 0) throw noVersion(id);
  }

  /** A compact copy, whole or not there at all. */
  copyTo(path: string, replace: boolean): void {
    if (existsSync(path) && !replace) throw invalid(path, `There already is a file at ${path}.`);
    if (path === this.path) throw invalid(path, `${path} is the project that is open. Choose another name.`);
    const folder = dirname(path);
    if (!existsSync(folder)) throw invalid(path, `There is no folder ${folder} any more. Choose another place.`);
    const unfinished = freeName(`${path}.unfinished`);
    try {
      letShrink(this.#db);
      this.#db.prepare("VACUUM INTO ?").run(unfinished);
      const { db } = openDatabase(unfinished, PROJECT_FORMAT);
      db.prepare("UPDATE project SET in_use = 0").run();
      closeDocument(db);
      removeDatabase(path);
      renameSync(unfinished, path);
    } catch (error) {
      if (!(error instanceof SqliteError) || !NOT_WRITABLE.test(error.code)) throw error;
      throw invalid(path, `Nothing can be written in ${folder} (${error.message}). Choose another place.`, error);
    } finally {
      removeDatabase(unfinished);
    }
  }

  /** Everything that is wrong with the file, in SQLite's words. */
  verify(): string[] {
    const damage = check(this.#db, "integrity_check");
    if (damage.length > 0) return damage; // the next question would stumble over it
    const strangers = this.#db.pragma("foreign_key_check") as { table: string; rowid: number }[];
    return strangers.map(({ table, rowid }) => `row ${rowid} of ${table} belongs to nothing`);
  }

  /** What SQLite says of this project's file while `action` works on it. */
  guard<T>(action: () => T): T {
    return guarded(this.path, PROJECT_FORMAT, action);
  }

  close(): void {
    if (!this.#db.open) return;
    this.#db
      .transaction(() => {
        // Nobody can take these deletions back any more.
        this.#db.prepare("DELETE FROM version WHERE deleted = 1").run();
        this.results.deleteEmptied();
        this.#db.prepare("UPDATE project SET in_use = 0").run();
      })
      .immediate();
    this.#db.pragma("optimize");
    shrink(this.#db);
    closeDocument(this.#db);
  }
}

/** Longer than any draft that was checked when it was saved. */
const LONGEST_DRAFT = 8_000_000;

/** A draft from a file, which a stranger may have written; `problem` makes the message of what is wrong with it. */
function parseDraft(text: string, problem: (why: string) => string, path: string): Draft {
  if (text.length > LONGEST_DRAFT) throw invalid(path, problem("it is too long"));
  const parsed = v.safeParse(storeSchemas.saveDraft, JSON.parse(text));
  if (!parsed.success) throw invalid(path, problem(describe(parsed.issues[0])));
  return parsed.output;
}

/** What a checking pragma finds; some damage stops the check itself, and is then what was found. */
function check(db: Database.Database, pragma: string): string[] {
  try {
    const rows = db.pragma(pragma) as Record<string, string>[];
    return rows.flatMap((row) => Object.values(row)).filter((message) => message !== "ok");
  } catch (error) {
    if (error instanceof SqliteError && error.code.startsWith("SQLITE_CORRUPT")) return [error.message];
    throw error;
  }
}

function toVersion({ id, name, automatic, created }: VersionRow): VersionInfo {
  return { id, name, automatic: automatic === 1, created };
}

function noVersion(id: number): AppError {
  return new AppError("not-found", "This version is no longer in the project.", { what: "version", id: String(id) });
}

function now(): string {
  return new Date().toISOString();
}
