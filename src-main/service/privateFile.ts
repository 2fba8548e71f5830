/** Small files that only their owner may read, such as keys and passwords; written beside and put in place whole, and changed by one program at a time. */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "../wire/errors.ts";

/** Milliseconds: a change takes one or two, so that a lock older than this was left by a program that died. */
const STALE = 2_000;
const LOOK_EVERY = 10;

export function writePrivate(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.new`;
  writeFileSync(beside, JSON.stringify(value, null, 1), { mode: 0o600 });
  renameSync(beside, path);
}

/** Reads and writes a file while no other program does: what one of them writes, another one must not write over unread. */
export function changeAlone<T>(path: string, change: () => T): T {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = `${path}.lock`;
  for (let waited = 0; !tryLock(lock); waited += LOOK_EVERY) {
    if (waited > 2 * STALE) {
      throw new AppError("file-unreadable", `${path} is being changed by another program. Try again.`, { path });
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY);
  }
  try {
    return change();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, "wx", 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > STALE) rmSync(lock, { force: true });
    return false;
  }
}
