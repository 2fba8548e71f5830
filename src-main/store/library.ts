/** What belongs to the app and to no project: recent files, known checkpoints, preferences. Losing it costs a few clicks. */
import { existsSync } from "node:fs";
import { basename, extname } from "node:path";
import type Database from "better-sqlite3";
import type { LoadRequest } from "../api/engine.ts";
import { isAppError } from "../api/errors.ts";
import type { FileIdentity, KnownModel, RecentProject } from "../api/store.ts";
import { openShared, type Format } from "./database.ts";
import { setAside } from "./files.ts";

const LIBRARY_FORMAT: Format = {
  noun: "Diorama library",
  applicationId: 0x44696f4c, // "DioL"
  kind: "cache",
  migrations: [
    {
      name: "recent projects, models and preferences",
      sql: `
        CREATE TABLE recent (path TEXT PRIMARY KEY, opened TEXT NOT NULL) STRICT;
        CREATE TABLE model (
          path TEXT PRIMARY KEY, name TEXT NOT NULL, request TEXT NOT NULL CHECK (json_valid(request)), used TEXT NOT NULL
        ) STRICT;
        CREATE TABLE preference (name TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))) STRICT;`,
    },
    {
      name: "hashes of files of weights",
      sql: `
        CREATE TABLE file_hash (
          path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL, sha256 TEXT NOT NULL
        ) STRICT;`,
    },
  ],
};

const MOST_RECENT = 50;

export class Library {
  readonly #db: Database.Database;
  readonly #clock: () => string;

  /** Opens the library; one that cannot be used is kept under another name, and an empty one begun. */
  constructor(path: string, onNote: (note: string) => void, clock = () => new Date().toISOString()) {
    this.#clock = clock;
    this.#db = openOrBegin(path, onNote);
  }

  recentProjects(): RecentProject[] {
    const rows = this.#db
      .prepare<[number], { path: string; opened: string }>(
        "SELECT path, opened FROM recent ORDER BY opened DESC LIMIT ?",
      )
      .all(MOST_RECENT);
    return rows.map(({ path, opened }) => ({
      path,
      name: basename(path, extname(path)),
      opened,
      present: existsSync(path),
    }));
  }

  rememberProject(path: string): void {
    this.#db
      .prepare("INSERT INTO recent (path, opened) VALUES (?, ?) ON CONFLICT DO UPDATE SET opened = excluded.opened")
      .run(path, this.#clock());
  }

  forgetProject(path: string): void {
    this.#db.prepare("DELETE FROM recent WHERE path = ?").run(path);
  }

  knownModels(): KnownModel[] {
    const rows = this.#db
      .prepare<[], { name: string; request: string; used: string }>(
        "SELECT name, request, used FROM model ORDER BY used DESC",
      )
      .all();
    return rows.map(({ name, request, used }) => ({ name, used, request: JSON.parse(request) as LoadRequest }));
  }

  rememberModel(request: LoadRequest, name: string): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO model (path, name, request, used) VALUES (?, ?, ?, ?)")
      .run(request.path, name, JSON.stringify(request), this.#clock());
  }

  forgetModel(path: string): void {
    this.#db.prepare("DELETE FROM model WHERE path = ?").run(path);
  }

  /** Null when it is not known of the file as it is now. */
  knownHash({ path, size, modified }: FileIdentity): string | null {
    const row = this.#db
      .prepare<[string, number, number], { sha256: string }>(
        "SELECT sha256 FROM file_hash WHERE path = ? AND size = ? AND modified = ?",
      )
      .get(path, size, modified);
    return row?.sha256 ?? null;
  }

  rememberHash({ path, size, modified }: FileIdentity, sha256: string): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO file_hash (path, size, modified, sha256) VALUES (?, ?, ?, ?)")
      .run(path, size, modified, sha256);
  }

  readPreferences(): Record<string, unknown> {
    const rows = this.#db.prepare<[], { name: string; value: string }>("SELECT name, value FROM preference").all();
    return Object.fromEntries(rows.map(({ name, value }) => [name, JSON.parse(value) as unknown]));
  }

  writePreferences(changes: Record<string, unknown>): void {
    const set = this.#db.prepare("INSERT OR REPLACE INTO preference (name, value) VALUES (?, ?)");
    const remove = this.#db.prepare("DELETE FROM preference WHERE name = ?");
    this.#db
      .transaction(() => {
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) remove.run(name);
          else if (value !== undefined) set.run(name, JSON.stringify(value));
        }
      })
      .immediate();
  }

  close(): void {
    if (!this.#db.open) return;
    this.#db.pragma("optimize");
    this.#db.pragma("wal_checkpoint(TRUNCATE)");
    this.#db.close();
  }
}

function openOrBegin(path: string, onNote: (note: string) => void): Database.Database {
  try {
    const db = openShared(path, LIBRARY_FORMAT);
    const damage = db.pragma("quick_check", { simple: true });
    if (damage === "ok") return db;
    db.close();
    onNote(`damaged: ${String(damage)}`);
  } catch (error) {
    if (!isAppError(error, "project-invalid")) throw error;
    onNote(error.message);
  }
  const aside = setAside(path, "unusable");
  onNote(`began a new library; the old one is kept as ${aside ?? path}`);
  return openShared(path, LIBRARY_FORMAT);
}
