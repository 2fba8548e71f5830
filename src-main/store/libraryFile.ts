/** The file of the library: how it is opened or begun anew, changed, and gone on with in memory where it cannot be written. */
import { existsSync, mkdirSync, readFileSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type Database from "better-sqlite3";
import { SqliteError } from "better-sqlite3";
import { isAppError } from "../wire/errors.ts";
import { openInMemory, openShared, type Format } from "./database.ts";
import { guarded } from "./databaseErrors.ts";
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
    {
      name: "what recent projects are called",
      sql: "ALTER TABLE recent ADD COLUMN title TEXT;",
    },
    {
      name: "what recent projects look like",
      sql: "ALTER TABLE recent ADD COLUMN glance TEXT; -- JSON, see glance.ts",
    },
  ],
};

export type Change = (db: Database.Database) => void;

/** One that is damaged is kept under another name, and an empty one begun. */
export function openOrBegin(path: string, onNote: (note: string) => void): Database.Database {
  guarded(path, LIBRARY_FORMAT, () => mkdirSync(dirname(path), { recursive: true }));
  try {
    const db = openShared(path, LIBRARY_FORMAT);
    const damage = guarded(path, LIBRARY_FORMAT, () => db.pragma("quick_check", { simple: true }));
    if (damage === "ok") return db;
    db.close();
    onNote(`damaged: ${String(damage)}`);
  } catch (error) {
    if (!isAppError(error, "project-invalid") || isUnwritable(error)) throw error;
    onNote(error.message);
  }
  const aside = guarded(path, LIBRARY_FORMAT, () => setAside(path, "unusable"));
  onNote(`began a new library; the old one is kept as ${aside ?? path}`);
  return openShared(path, LIBRARY_FORMAT);
}

/** Says nothing about the file itself: its disk is full, gone, or not to be written. */
export function isUnwritable(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof SqliteError) return /^SQLITE_(FULL|IOERR|READONLY|PERM|CANTOPEN|BUSY)/.test(cause.code);
  return cause instanceof Error && "syscall" in cause;
}

/** What SQLite needs to open a file at all; without it, it speaks of an I/O error. */
const LEAST_ROOM = 64 * 1024;

export function isFull(folder: string, cause: unknown): boolean {
  if (cause instanceof Error && "code" in cause && /^(SQLITE_FULL|ENOSPC|EDQUOT)$/.test(String(cause.code)))
    return true;
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < LEAST_ROOM;
  } catch {
    return false; // it is not there: the cause says more
  }
}

export function inTransaction(db: Database.Database, path: string, change: Change): void {
  guarded(path, LIBRARY_FORMAT, () => db.transaction(() => change(db)).immediate());
}

/** A library in memory: as in this file, where it can be read. */
export function inMemory(file: Buffer | undefined): Database.Database {
  try {
    if (file) return openInMemory(LIBRARY_FORMAT, file);
  } catch {
    // It may be half of one that was being begun.
  }
  return openInMemory(LIBRARY_FORMAT);
}

export function readFile(path: string): Buffer | undefined {
  try {
    return existsSync(path) ? readFileSync(path) : undefined;
  } catch {
    return undefined; // less is known then
  }
}

export function closeQuietly(db: Database.Database): void {
  try {
    db.close();
  } catch {
    // A file on a full disk has nothing to write any more.
  }
}
