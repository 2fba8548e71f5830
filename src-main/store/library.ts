/** What belongs to the app and to no project: recent files, known checkpoints, preferences. Losing it costs a few clicks. */
import { existsSync } from "node:fs";
import { basename, dirname, extname } from "node:path";
import type Database from "better-sqlite3";
import type { LoadRequest } from "../api/engine.ts";
import type { FileIdentity, Glance, KnownModel, RecentProject } from "../api/store.ts";
import { readGlance } from "./glance.ts";
import {
  type Change,
  closeQuietly,
  inMemory,
  inTransaction,
  isFull,
  isUnwritable,
  openOrBegin,
  readFile,
} from "./libraryFile.ts";

const MOST_RECENT = 50;

export interface LibraryOptions {
  /** What was done about a library that could not be used, for the log. */
  onNote: (note: string) => void;
  /** Why nothing of the library can be written, for a person; null when it can be again. */
  onKept?: (why: string | null) => void;
  clock?: () => string;
}

/**
 * The library is a file, and goes on in memory for as long as that cannot be written: a full or read-only disk is no damage. What is
 * changed meanwhile is written when there is room again.
 */
export class Library {
  readonly #path: string;
  readonly #clock: () => string;
  readonly #note: (note: string) => void;
  readonly #onKept: (why: string | null) => void;
  #db: Database.Database;
  /** What the file does not have yet; undefined while it can be written. */
  #unkept: Change[] | undefined;

  /** Opens the library; one that is damaged is kept under another name, and an empty one begun. */
  constructor(path: string, { onNote, onKept = () => undefined, clock = now }: LibraryOptions) {
    this.#path = path;
    this.#clock = clock;
    this.#note = onNote;
    this.#onKept = onKept;
    try {
      this.#db = openOrBegin(path, onNote);
    } catch (error) {
      if (!isUnwritable(error)) throw error;
      this.#db = inMemory(readFile(path));
      this.#unkept = [];
      this.#tellUnkept(error);
    }
  }

  /** False where it goes on in memory alone. */
  get isKept(): boolean {
    return this.#unkept === undefined;
  }

  recentProjects(): RecentProject[] {
    const rows = this.#db
      .prepare<[number], { path: string; title: string | null; opened: string; glance: string | null }>(
        "SELECT path, title, opened, glance FROM recent ORDER BY opened DESC LIMIT ?",
      )
      .all(MOST_RECENT);
    return rows.map(({ path, title, opened, glance }) => ({
      path,
      title: title ?? basename(path, extname(path)),
      opened,
      glance: readGlance(glance),
      present: existsSync(path),
    }));
  }

  rememberProject({ path, title }: { path: string; title: string }): void {
    const time = this.#clock();
    this.#change((db) =>
      db
        .prepare(
          `INSERT INTO recent (path, opened, title) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET opened = excluded.opened, title = excluded.title`,
        )
        .run(path, time, title),
    );
  }

  retitleProject({ path, title }: { path: string; title: string }): void {
    this.#change((db) => db.prepare("UPDATE recent SET title = ? WHERE path = ?").run(title, path));
  }

  /** What it looks like from now on, if it is among them. */
  redrawProject(path: string, glance: Glance): void {
    this.#change((db) => db.prepare("UPDATE recent SET glance = ? WHERE path = ?").run(JSON.stringify(glance), path));
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
    const time = this.#clock();
    this.#change((db) =>
      db
        .prepare("INSERT OR REPLACE INTO model (path, name, request, used) VALUES (?, ?, ?, ?)")
        .run(request.path, name, JSON.stringify(request), time),
    );
  }

  forgetModel(path: string): void {
    this.#change((db) => db.prepare("DELETE FROM model WHERE path = ?").run(path));
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
    this.#change((db) =>
      db
        .prepare("INSERT OR REPLACE INTO file_hash (path, size, modified, sha256) VALUES (?, ?, ?, ?)")
        .run(path, size, modified, sha256),
    );
  }

  readPreferences(): Record<string, unknown> {
    const rows = this.#db.prepare<[], { name: string; value: string }>("SELECT name, value FROM preference").all();
    return Object.fromEntries(rows.map(({ name, value }) => [name, JSON.parse(value) as unknown]));
  }

  writePreferences(changes: Record<string, unknown>): void {
    this.#change((db) => {
      const set = db.prepare("INSERT OR REPLACE INTO preference (name, value) VALUES (?, ?)");
      const remove = db.prepare("DELETE FROM preference WHERE name = ?");
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) remove.run(name);
        else if (value !== undefined) set.run(name, JSON.stringify(value));
      }
    });
  }

  /** Never throws: what cannot be written any more was told when it was changed. */
  close(): void {
    if (!this.#db.open) return;
    this.#keepAgain();
    try {
      if (this.isKept) {
        this.#db.pragma("optimize");
        this.#db.pragma("wal_checkpoint(TRUNCATE)");
      }
      this.#db.close();
    } catch (error) {
      this.#note(`${this.#path} could not be closed in order: ${String(error)}`);
    }
  }

  #change(change: Change): void {
    this.#keepAgain();
    try {
      inTransaction(this.#db, this.#path, change);
      this.#unkept?.push(change);
    } catch (error) {
      if (this.#unkept || !isUnwritable(error)) throw error;
      const file = this.#db;
      this.#db = inMemory(file.serialize());
      inTransaction(this.#db, this.#path, change);
      this.#unkept = [change];
      closeQuietly(file);
      this.#tellUnkept(error);
    }
  }

  /** Writes to the file what it does not have yet, if that can be done by now. */
  #keepAgain(): void {
    if (!this.#unkept) return;
    let file: Database.Database | undefined;
    try {
      file = openOrBegin(this.#path, this.#note);
      const changes = this.#unkept;
      inTransaction(file, this.#path, (db) => changes.forEach((change) => change(db)));
    } catch (error) {
      if (file) closeQuietly(file);
      if (!isUnwritable(error)) this.#note(String(error));
      return;
    }
    this.#db.close();
    this.#db = file;
    this.#unkept = undefined;
    this.#onKept(null);
  }

  #tellUnkept(error: unknown): void {
    const folder = dirname(this.#path);
    const cause = error instanceof Error ? error.cause : undefined;
    const why = isFull(folder, cause) ? "its disk is full" : cause instanceof Error ? cause.message : String(error);
    const message = `Diorama’s own folder, ${folder}, cannot be written: ${why}. Preferences, checkpoints and recent projects are kept until Diorama is closed, and written as soon as there is room.`;
    this.#note(message);
    this.#onKept(message);
  }
}

function now(): string {
  return new Date().toISOString();
}
