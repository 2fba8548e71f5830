/**
 * Where the file of an open project is now. SQLite goes on writing into a file that was deleted or replaced, so that "saved" would be
 * untrue: the path is compared with the open file, by device and inode, and with what we wrote ourselves.
 */
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { identityOf, toIdentity } from "../service/fileIdentity.ts";

export type Whereabouts =
  | { kind: "here" }
  /** Where it was, but somebody else has written in it since. */
  | { kind: "touched" }
  /** The same file under another name. */
  | { kind: "moved"; path: string }
  /** Nothing is at its path, and nobody knows where it went. */
  | { kind: "gone" }
  /** Another file is at its path. */
  | { kind: "replaced" };

/** Folders of deleted files: who moved a project there has deleted it. */
const TRASH = new Set(["Trash", ".Trash", ".Trashes", "$RECYCLE.BIN"]);
/** Entries of a folder that are looked at for a file that was renamed. */
const MOST_ENTRIES = 10_000;

/** Files that this process has open: looking into one and closing it again would take away the lock on it (POSIX). */
const openHere = new Set<string>();

export class Place {
  readonly path: string;
  /** Device and inode of the open file. */
  readonly identity: string;
  /** Ours beside SQLite's own. Closed after that: closing it before would take away SQLite's locks (POSIX takes all of a process). */
  readonly #handle: number;
  #written: { mtimeNs: bigint; size: bigint };

  /** Call after SQLite has opened and locked the file. */
  constructor(path: string) {
    this.path = path;
    this.#handle = openSync(path, "r");
    this.#written = fstatSync(this.#handle, { bigint: true });
    this.identity = toIdentity(fstatSync(this.#handle, { bigint: true }));
    openHere.add(this.identity);
  }

  static isOpenHere(identity: string | undefined): boolean {
    return identity !== undefined && openHere.has(identity);
  }

  look(): Whereabouts {
    const at = identityOf(this.path);
    if (at === this.identity) {
      const { mtimeNs, size } = fstatSync(this.#handle, { bigint: true });
      return mtimeNs === this.#written.mtimeNs && size === this.#written.size ? { kind: "here" } : { kind: "touched" };
    }
    const path = this.#find();
    if (path !== undefined && !isTrash(path)) return { kind: "moved", path };
    return { kind: at === undefined ? "gone" : "replaced" };
  }

  /** Says that what is in the file now is our own doing. */
  wrote(): void {
    this.#written = fstatSync(this.#handle, { bigint: true });
  }

  /** Call when SQLite has closed the file. */
  close(): void {
    closeSync(this.#handle);
    openHere.delete(this.identity);
  }

  #find(): string | undefined {
    if (fstatSync(this.#handle).nlink === 0) return undefined;
    const known = process.platform === "linux" ? readlinkSync(`/proc/self/fd/${this.#handle}`) : undefined;
    if (known !== undefined && identityOf(known) === this.identity) return known;
    return findByIdentity(dirname(this.path), this.identity);
  }
}

/** The file of a folder that has this identity, by whatever name. */
export function findByIdentity(folder: string, identity: string): string | undefined {
  const names = readNames(folder).slice(0, MOST_ENTRIES);
  return names
    .map((name) => join(folder, name))
    .find((path) => {
      const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      return stat !== undefined && toIdentity(stat) === identity;
    });
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // gone with its folder, or out of reach
  }
}

function isTrash(path: string): boolean {
  return path.split(sep).some((part) => TRASH.has(part) || /^\.Trash-\d+$/.test(part));
}
