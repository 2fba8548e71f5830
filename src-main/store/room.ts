/** The room of what was deleted from a document, and how the disk gets it back. */
import type Database from "better-sqlite3";

/** How long giving back room may take, in milliseconds: somebody waits for the file to be closed. The rest is given back next time. */
const SHRINK_TIME = 1_000;
/** Pages moved in one transaction: a few megabytes. */
const SHRINK_STEP = 1024;

/** Says of a new file, or of the copies that are made of an old one, that `shrink` may be used on it. */
export function letShrink(db: Database.Database): void {
  // Said again to a file that knows it, this would write.
  if (db.pragma("auto_vacuum", { simple: true }) === 0) db.pragma("auto_vacuum = INCREMENTAL");
}

/** Gives back to the disk what was deleted. A file from before this was thought of only shrinks as a copy. */
export function shrink(db: Database.Database, time = SHRINK_TIME): void {
  const end = performance.now() + time;
  const free = () => Number(db.pragma("freelist_count", { simple: true }));
  for (let before = free(); before > 0 && performance.now() < end;) {
    db.pragma(`incremental_vacuum(${SHRINK_STEP})`);
    const after = free();
    if (after === before) return;
    before = after;
  }
}
