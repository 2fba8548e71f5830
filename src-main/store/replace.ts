/**
 * Puts a whole file in its place: written beside it, on the disk before it gets the name, and the one that was there is there until
 * then. Whoever has that one open keeps it: its lock is honoured.
 */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { isAppError } from "../wire/errors.ts";
import { realPath } from "../service/fileIdentity.ts";
import { LOCK_PATIENCE } from "./database.ts";
import { guarded, invalid } from "./databaseErrors.ts";
import { freeName, JOURNALS, removeDatabase } from "./files.ts";
import { PROJECT_FORMAT } from "./projectFormat.ts";
import { UNFINISHED, type Unfinished } from "./unfinished.ts";

export interface Placing {
  /** Whether a file that is there may go. */
  replace: boolean;
  /** Where it is noted that the file is being written. */
  unfinished?: Unfinished | undefined;
}

/** What SQLite says of a folder in which nobody, or somebody else, may write. */
const NOT_WRITABLE = /^SQLITE_(CANTOPEN|READONLY|PERM)/;

/**
 * Has `make` write a database to another name in the same folder, and gives it the name `path` when that is whole. Throws an
 * `AppError` about `path`; then what was there is still there, and nothing else is.
 */
export function putInPlace(path: string, make: (unfinished: string) => void, { replace, unfinished }: Placing): void {
  const target = realPath(path); // of a link, what it leads to
  const folder = dirname(target);
  if (!existsSync(folder)) throw invalid(path, `There is no folder ${folder} any more. Choose another place.`);
  const there = statSync(target, { throwIfNoEntry: false });
  if (there && !replace) throw invalid(path, `There already is a file at ${path}.`);
  if (there && !there.isFile())
    throw invalid(path, `${path} is not a file that could be replaced. Choose another name.`);
  const beside = freeName(`${target}${UNFINISHED}`);
  const done = unfinished?.begin(beside);
  let release: (() => void) | undefined;
  try {
    guarded(path, PROJECT_FORMAT, () => {
      release = there && lock(target, path);
      make(beside);
      flush(beside, "r+"); // for reading alone, Windows would not
      // A journal that lies there would be taken for the new file's.
      for (const journal of JOURNALS) rmSync(target + journal, { force: true });
      if (process.platform === "win32") release?.(); // which does not rename over an open file, so needs no lock
      if (there) renameSync(beside, target);
      else renameNew(beside, target, path);
      if (process.platform !== "win32") flush(folder, "r");
    });
  } catch (thrown) {
    const error = ofPlace(thrown, beside, path);
    const { cause } = error as Error;
    if (!(cause instanceof Database.SqliteError) || !NOT_WRITABLE.test(cause.code)) throw error;
    throw invalid(path, `Nothing can be written in ${folder} (${cause.message}). Choose another place.`, cause);
  } finally {
    release?.();
    removeDatabase(beside);
    done?.();
  }
}

/** An error about the file that was being written, as one about the place where it was to be. */
function ofPlace(error: unknown, beside: string, path: string): unknown {
  if (!isAppError(error, "project-invalid") || error.details.path !== beside) return error;
  return invalid(path, error.message.replaceAll(beside, path), error.cause);
}

/** Takes the lock of a project that is about to be replaced; throws where somebody has it open. What is no database has none. */
function lock(target: string, path: string): (() => void) | undefined {
  let db: Database.Database | undefined;
  try {
    db = new Database(target, { fileMustExist: true, timeout: LOCK_PATIENCE });
    db.exec("BEGIN EXCLUSIVE");
    db.pragma("user_version"); // of a file that may only be read, the lock is not taken before
  } catch (error) {
    db?.close();
    if (!(error instanceof Database.SqliteError)) throw error;
    if (!/^SQLITE_(BUSY|LOCKED)/.test(error.code)) return undefined;
    const message = `${path} is open in another window or program. Close it there, or choose another name.`;
    throw invalid(path, message, error);
  }
  const opened = db;
  return () => opened.close();
}

/** As a rename, but refuses to replace what has come there meanwhile. */
function renameNew(from: string, to: string, path: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw invalid(path, `There already is a file at ${path}.`);
    renameSync(from, to); // a file system without hard links
    return;
  }
  rmSync(from);
}

/** Waits until a file or a folder is on the disk. */
function flush(path: string, flags: "r" | "r+"): void {
  const handle = openSync(path, flags);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
