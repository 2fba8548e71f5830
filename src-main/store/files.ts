/** Moving database files, together with the journals that belong to them. */
import { existsSync, renameSync, rmSync } from "node:fs";

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
