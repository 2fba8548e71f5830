/**
 * Files that are being written. Each is noted in the app's own folder until it is done, so that what a killed process left half is
 * removed at the next start, and nothing else is.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeDatabase } from "./files.ts";

/** The end of the name of a file that is being written. */
export const UNFINISHED = ".unfinished";
const NOTE = /^(\d+)-\d+$/;

export class Unfinished {
  readonly #folder: string;
  readonly #warn: (message: string) => void;
  #last = 0;

  constructor(folder: string, warn: (message: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  /** Notes that `path` is begun; call the function returned when it is there or given up. */
  begin(path: string): () => void {
    const note = join(this.#folder, `${process.pid}-${++this.#last}`);
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(note, path);
    } catch (error) {
      // A full disk of the app's own is no reason not to save elsewhere.
      this.#warn(`${path} could not be noted as begun: ${String(error)}`);
    }
    return () => rmSync(note, { force: true });
  }

  /** Removes what processes that are no more have left; tells which files. */
  clean(): string[] {
    const removed: string[] = [];
    for (const name of this.#notes()) {
      const pid = Number(NOTE.exec(name)?.[1]);
      if (Number.isNaN(pid) || (pid !== process.pid && isAlive(pid))) continue;
      const note = join(this.#folder, name);
      try {
        const path = readFileSync(note, "utf8");
        if (path.includes(UNFINISHED)) {
          removeDatabase(path);
          removed.push(path);
        }
        rmSync(note);
      } catch (error) {
        this.#warn(`what ${note} is about could not be removed: ${String(error)}`);
      }
    }
    return removed;
  }

  #notes(): string[] {
    try {
      return readdirSync(this.#folder);
    } catch {
      return []; // nothing was ever begun
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
