/** What a file is, whatever path leads to it: stores and windows compare projects by this, not by their names. */
import { type BigIntStats, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Device, inode and time of birth; undefined where there is nothing. Without the last a new file could pass for one that was deleted before,
 * as systems give out inodes again at once. Throws where the system does not let anybody look.
 */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && toIdentity(stat);
}

export function toIdentity({ dev, ino, birthtimeNs }: Pick<BigIntStats, "dev" | "ino" | "birthtimeNs">): string {
  return `${dev}:${ino}:${birthtimeNs}`;
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
