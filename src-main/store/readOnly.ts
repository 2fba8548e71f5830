/** Whether a file can be written at all, before SQLite is asked to. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Why nothing can be written to a file or beside it, where SQLite's journal goes; null where it can. Modes count for root, too. */
export function whyReadOnly(path: string): string | null {
  if (!existsSync(path)) return "it is not there any more";
  const isWritable = (target: string) => {
    if ((statSync(target).mode & 0o222) === 0) return false;
    try {
      accessSync(target, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  };
  if (!isWritable(path)) return "it is write-protected";
  return isWritable(dirname(path)) ? null : `nothing can be written in ${dirname(path)}`;
}
