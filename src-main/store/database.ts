/**
 * Opens SQLite files that a person may have swapped, damaged or made with another version: what is wrong is found before
 * anything is written. `Format` says what a file of ours is; migrations are append-only.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import Database from "better-sqlite3";
import { isAppError } from "../wire/errors.ts";
import { isRegular, NOT_REGULAR } from "../service/regularFile.ts";
import { guarded, invalid } from "./databaseErrors.ts";
import { freeName, removeDatabase } from "./files.ts";
import { whyReadOnly } from "./readOnly.ts";
import { letShrink } from "./room.ts";
import { findStranger } from "./schema.ts";

/** One step of a format's history; never edited once released, because files that went through it exist. */
export interface Migration {
  /** What it adds, in words. */
  name: string;
  sql: string;
}

export interface Format {
  /** What a person calls such a file. */
  noun: string;
  /** Marks the file as ours, in SQLite's header. */
  applicationId: number;
  /** Step n leads to version n + 1. */
  migrations: readonly Migration[];
  /**
   * `document`: a rollback journal, so that the file is complete between two transactions and may be copied while it is open, and a
   * lock for as long as it is open. `cache`: a write-ahead log.
   */
  kind: "document" | "cache";
}

const MAGIC = "SQLite format 3\0";
const HEADER_SIZE = 100;
/** How long another program may keep the file to itself, in milliseconds. */
export const LOCK_PATIENCE = 1_000;
/** How long another of our processes may take with a file that they share, in milliseconds. */
const SHARED_PATIENCE = 20_000;

/** Makes a new file of this format; there must be none. One that could not be made to its end is removed. */
export function createDatabase(path: string, format: Format): Database.Database {
  return guarded(path, format, () => {
    // better-sqlite3 would make the file first and fail later, or tell of a missing folder in its own words.
    closeSync(openSync(path, "wx"));
    try {
      const db = new Database(path, { timeout: LOCK_PATIENCE });
      return closedOnError(db, () => {
        distrust(db);
        if (format.kind === "document") {
          letShrink(db);
          lock(db);
        }
        keepJournal(db, format);
        db.pragma(`application_id = ${format.applicationId}`);
        migrate(db, format, 0);
        return db;
      });
    } catch (error) {
      removeDatabase(path);
      throw error;
    }
  });
}

export interface OpenedDatabase {
  db: Database.Database;
  notes: string[];
  /** Why it can only be read, for a person; null where it can be written. */
  readOnly: string | null;
}

/**
 * Opens a file of this format, brings it up to date, and keeps a copy of it beforehand if that changes it. Where nobody may write, it
 * is opened for reading alone. `examine` throws where what is in it cannot be used, whatever its version; until it has returned nothing
 * is written, so that "it was left as it is" is true.
 */
export function openDatabase(
  path: string,
  format: Format,
  examine: (db: Database.Database) => void = () => undefined,
): OpenedDatabase {
  if (!existsSync(path)) throw invalid(path, `There is no ${format.noun} at ${path}.`);
  return guarded(path, format, () => {
    if (!isRegular(path)) throw invalid(path, `${path} ${NOT_REGULAR}`);
    judge(path, format, readHeader(path));
    const readOnly = whyReadOnly(path);
    const leftover = leftoverOf(path);
    const db = new Database(path, { fileMustExist: true, timeout: LOCK_PATIENCE, readonly: readOnly !== null });
    const examined = () => {
      // A journal left by a crash has been rolled back by now: only this is what the file really says.
      const version = Number(db.pragma("user_version", { simple: true }));
      judge(path, format, { applicationId: Number(db.pragma("application_id", { simple: true })), version });
      const stranger = strangerIn(db, format, version);
      if (stranger !== undefined) {
        throw invalid(path, `${path} is damaged (${stranger}). It was left as it is; open a copy from a backup.`);
      }
      examine(db);
      return version;
    };
    return closedOnError(db, () => {
      distrust(db);
      if (readOnly !== null || format.kind === "document") share(db);
      const version = tellingOf(leftover, path, () => guarded(path, format, examined));
      if (readOnly === null) {
        if (format.kind === "document") lock(db);
        keepJournal(db, format);
      }
      const notes: string[] = [];
      if (version < format.migrations.length) {
        if (readOnly !== null) {
          const message = `${path} is of an older form and must be brought up to date, but ${readOnly}. Copy it to a folder of yours, and open that copy.`;
          throw invalid(path, message);
        }
        const copy = freeName(`${path}.version-${version}`);
        // Not as a file: closing that would take away our lock, as POSIX has it.
        db.prepare("VACUUM INTO ?").run(copy);
        migrate(db, format, version);
        notes.push(`The ${format.noun} was brought up to date. A copy of how it was is kept as ${basename(copy)}.`);
      }
      return { db, notes, readOnly };
    });
  });
}

/**
 * Opens a file that several processes of ours share, and makes it where there is none: the first to come makes all of it in one
 * transaction. The header in the file is not asked, because the newest pages may still be in the write-ahead log.
 */
export function openShared(path: string, format: Format): Database.Database {
  return guarded(path, format, () => {
    const db = new Database(path, { timeout: SHARED_PATIENCE });
    return closedOnError(db, () => {
      distrust(db);
      keepJournal(db, format);
      db.transaction(() => {
        const version = Number(db.pragma("user_version", { simple: true }));
        const applicationId = Number(db.pragma("application_id", { simple: true }));
        const isNew =
          version === 0 && applicationId === 0 && db.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
        if (isNew) db.pragma(`application_id = ${format.applicationId}`);
        else judge(path, format, { applicationId, version });
        migrate(db, format, version);
      }).immediate();
      return db;
    });
  });
}

/** Where SQLite's header says whether a file is written by a rollback journal (1) or a write-ahead log (2), twice. */
const JOURNAL_BYTES = [18, 19];

/** A file of this format in memory, empty or read from these bytes; nothing of it is kept. */
export function openInMemory(format: Format, bytes?: Buffer): Database.Database {
  const copy = bytes && Buffer.from(bytes);
  for (const at of copy ? JOURNAL_BYTES : []) copy![at] = 1; // memory has no log
  const db = new Database(copy ?? ":memory:");
  return closedOnError(db, () => {
    db.pragma("trusted_schema = OFF");
    db.pragma("foreign_keys = ON");
    const version = Number(db.pragma("user_version", { simple: true }));
    if (copy)
      judge(format.noun, format, { applicationId: Number(db.pragma("application_id", { simple: true })), version });
    else db.pragma(`application_id = ${format.applicationId}`);
    migrate(db, format, version);
    return db;
  });
}

/** Closes a document and leaves nothing beside it: SQLite keeps an empty journal for as long as it holds the lock. */
export function closeDocument(db: Database.Database): void {
  db.pragma("locking_mode = NORMAL"); // the lock itself goes with the file
  db.pragma("journal_mode = DELETE");
  db.close();
}

/** The file may come from anyone. better-sqlite3 opens every file in SQLite's defensive mode: neither its schema nor the tables behind a search can be written to directly. */
function distrust(db: Database.Database): void {
  db.pragma("trusted_schema = OFF");
  db.pragma("cell_size_check = ON");
  db.pragma("foreign_keys = ON");
  db.pragma("temp_store = MEMORY"); // else a full disk of the system's temporary files would be told of as the project's
}

/** Keeps everybody from writing as long as the file is open; others may read. */
function share(db: Database.Database): void {
  db.pragma("locking_mode = EXCLUSIVE");
  db.prepare("SELECT count(*) FROM sqlite_schema").get(); // the first reading takes the lock
}

/** Takes a document for ourselves, as long as it is open. SQLite mends what the file's header says of its size when it does. */
function lock(db: Database.Database): void {
  db.pragma("locking_mode = EXCLUSIVE");
  db.exec("BEGIN EXCLUSIVE; COMMIT");
}

/** How what is written becomes durable; where another program chose otherwise, this rewrites the file's header. */
function keepJournal(db: Database.Database, { kind }: Format): void {
  db.pragma(`journal_mode = ${kind === "cache" ? "WAL" : "TRUNCATE"}`);
  if (kind === "document") db.pragma("synchronous = FULL"); // "saved" means that it survives a power cut
}

/** What a program that was cut off left beside a database: SQLite puts it in order before anything can be read. */
function leftoverOf(path: string): string | undefined {
  return ["-wal", "-journal"]
    .map((ending) => path + ending)
    .find((companion) => (statSync(companion, { throwIfNoEntry: false })?.size ?? 0) > 0);
}

/** A file is not quite left as it was where there was something to put in order. */
function tellingOf<T>(leftover: string | undefined, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (leftover === undefined || !isAppError(error, "project-invalid")) throw error;
    const message = `${error.message} Before, the changes in ${basename(leftover)}, left by a program that was cut off, were put in order.`;
    throw invalid(path, message, error);
  }
}

interface Header {
  applicationId: number;
  version: number;
}

/** What SQLite's file header says, read without touching the file; undefined where it is no SQLite file. */
function readHeader(path: string): Header | undefined {
  const header = Buffer.alloc(HEADER_SIZE);
  const file = openSync(path, "r");
  try {
    if (readSync(file, header, 0, HEADER_SIZE, 0) < HEADER_SIZE) return undefined;
  } finally {
    closeSync(file);
  }
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  return { version: header.readInt32BE(60), applicationId: header.readInt32BE(68) };
}

function judge(path: string, { noun, applicationId, migrations }: Format, header: Header | undefined): void {
  if (header?.applicationId !== applicationId) throw invalid(path, `${path} is not a ${noun}.`);
  if (header.version > migrations.length) {
    throw invalid(
      path,
      `${path} was written by a newer version of Diorama (its form is ${header.version}, this version knows ` +
        `${migrations.length}). Update Diorama to open it.`,
    );
  }
  if (header.version < 1) throw invalid(path, `${path} is a ${noun} that was never finished. It holds nothing.`);
}

function migrate(db: Database.Database, { migrations }: Format, from: number): void {
  for (const [i, { sql }] of migrations.entries()) {
    if (i < from) continue;
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`user_version = ${i + 1}`);
    }).immediate();
  }
}

/** What is in a file of this version and not in a new one, or the other way round, in words. */
function strangerIn(db: Database.Database, format: Format, version: number): string | undefined {
  const model = new Database(":memory:");
  try {
    migrate(model, { ...format, migrations: format.migrations.slice(0, version) }, 0);
    return findStranger(db, model);
  } finally {
    model.close();
  }
}

function closedOnError<T>(db: Database.Database, action: () => T): T {
  try {
    return action();
  } catch (error) {
    db.close();
    throw error;
  }
}
