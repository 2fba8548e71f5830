/** Files that people name, and moving database files, together with the journals that belong to them. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { AppError } from "../api/errors.ts";

/** SQLite's own files beside a database; a database without its journal may be half of a transaction. */
export const JOURNALS = ["-journal", "-wal", "-shm"];
const COMPANIONS = ["", ...JOURNALS];

/** Keeps what is at `path` out of the way under another name, and tells which; undefined where there is nothing. */
export function setAside(path: string, ending: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const aside = freeName(`${path}.${ending}`);
  for (const companion of COMPANIONS) {
    if (existsSync(path + companion)) renameSync(path + companion, aside + companion);
  }
  return aside;
}

export function removeDatabase(path: string): void {
  for (const companion of COMPANIONS) rmSync(path + companion, { force: true });
}

/** `path`, or the first of `path-2`, `path-3`, ... that is not taken. */
export function freeName(path: string): string {
  let free = path;
  for (let i = 2; existsSync(free); i++) free = `${path}-${i}`;
  return free;
}

/** Only regular files are opened: a pipe would be waited for until somebody writes to it, a device may have no end. */
export function isRegular(path: string): boolean {
  return statSync(path).isFile();
}

export const NOT_REGULAR = "is a folder, a pipe or a device, not a file. Choose another one.";

/** Windows has neither pipes in its folders nor this flag. */
const NO_WAITING = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/** The bytes of a regular file; undefined where they are more than `most`. The system's errors are thrown as they are. */
export function readRegular(path: string, most: number): Buffer<ArrayBuffer> | undefined {
  // It may have become something else since it was looked at: opening without waiting, and looking at what was opened.
  const file = openSync(path, constants.O_RDONLY | NO_WAITING);
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new AppError("file-unreadable", `${path} ${NOT_REGULAR}`, { path });
    return status.size <= most ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}
