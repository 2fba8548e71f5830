/** What SQLite and the system say of a file, in words for the person whose file it is: what happened, and what to do. */
import { SqliteError } from "better-sqlite3";
import { AppError } from "../wire/errors.ts";

/** Runs `action`, turning SQLite's errors into one that names the file and what to do. */
export function guarded<T>(path: string, format: { noun: string }, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof SqliteError) throw explain(path, format, error);
    if (isFileError(error)) {
      if (NO_ROOM.test(error.code ?? "")) throw fullDisk(path, error);
      throw invalid(path, `${path} cannot be read or written (${error.message}).`, error);
    }
    throw error;
  }
}

/** A file that cannot be used as a project; the message says why and what to do. */
export function invalid(path: string, message: string, cause?: unknown): AppError<"project-invalid"> {
  return new AppError("project-invalid", message, { path }, { cause });
}

/** What the system says when a disk, or somebody's share of it, is full. */
const NO_ROOM = /^(ENOSPC|EDQUOT)$/;

function fullDisk(path: string, cause: unknown): AppError<"project-invalid"> {
  return invalid(path, `The disk with ${path} is full. Nothing was changed; make room, and try again.`, cause);
}

export function isInUse(path: string, cause?: unknown): AppError<"project-invalid"> {
  return invalid(path, `${path} is open in another window or program. Close it there, and open it again.`, cause);
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function explain(path: string, { noun }: { noun: string }, error: InstanceType<typeof SqliteError>): AppError {
  const { code } = error;
  const because = (message: string) => invalid(path, message, error);
  if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED") {
    return isInUse(path, error);
  }
  if (code.startsWith("SQLITE_READONLY") || code === "SQLITE_PERM" || code === "SQLITE_CANTOPEN") {
    return because(`${path} cannot be written (${error.message}). Copy it to a folder of yours, and open that copy.`);
  }
  if (code === "SQLITE_NOTADB") return because(`${path} is not a ${noun}.`);
  if (code === "SQLITE_FULL") return fullDisk(path, error);
  if (code.startsWith("SQLITE_IOERR")) {
    return because(`${path} could not be read or written (${error.message}). Is its disk still there?`);
  }
  // What we write was checked, so what it contradicts is in the file already.
  if (code.startsWith("SQLITE_CONSTRAINT"))
    return because(
      `${path} is damaged: it contradicts itself (${error.message}). Nothing was changed; go on in a copy from a backup.`,
    );
  return because(`${path} is damaged (${error.message}). It was left as it is; open a copy from a backup.`);
}
