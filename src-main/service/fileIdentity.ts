/** What a file is, whatever path leads to it: stores and windows compare projects by this, not by their names. */
import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** Device and inode, as `device:inode`; undefined where there is nothing. Throws where the system does not let anybody look. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && toIdentity(stat);
}

export function toIdentity({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`;
}

/** The path without links; of what is not there yet, with its folder's. */
export function realPath(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync.native(whole);
  } catch {
    try {
      return join(realpathSync.native(dirname(whole)), basename(whole));
    } catch {
      return whole; // not even its folder is there
    }
  }
}

/** Whether two paths lead to one file, through links, other spellings or hard links; of files that are not there: would lead. */
export function isSameFile(a: string, b: string): boolean {
  if (resolve(a) === resolve(b) || realPath(a) === realPath(b)) return true;
  try {
    const identity = identityOf(a);
    return identity !== undefined && identity === identityOf(b);
  } catch {
    return false;
  }
}
