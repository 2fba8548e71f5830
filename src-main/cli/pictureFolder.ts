/** The folder that pictures go to: a file there is whole or absent, and none is overwritten unasked. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, messageOf } from "../wire/errors.ts";

/** Errors of file systems without hard links (FAT, some network drives). */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];
const MOST_NUMBERS = 100_000;

export class PictureFolder {
  readonly path: string;
  readonly #force: boolean;
  /** Temporary files that are being written. */
  readonly #unfinished = new Set<string>();

  constructor(path: string, options: { force?: boolean } = {}) {
    this.path = path;
    this.#force = options.force ?? false;
  }

  /** Makes the folder, so that an unwritable place is known before hours of work. */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true });
      const trial = this.#temporary("trial");
      await (await open(trial, "wx")).close();
      await rm(trial);
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }

  /**
   * Writes `bytes` as `stem.png`, or `stem-2.png` and so on where that is taken, and returns the path. The bytes go
   * to a temporary file beside it, to the disk, and only then get their name.
   */
  async save(stem: string, bytes: Uint8Array): Promise<string> {
    const temporary = this.#temporary(stem);
    this.#unfinished.add(temporary);
    try {
      const file = await open(temporary, "wx");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      return await this.#giveName(temporary, stem);
    } catch (error) {
      throw unwritable(this.path, error);
    } finally {
      await rm(temporary, { force: true });
      this.#unfinished.delete(temporary);
    }
  }

  /** Deletes what is half written; for a process that ends at once. */
  removeUnfinished(): void {
    for (const path of this.#unfinished) rmSync(path, { force: true });
  }

  #temporary(stem: string): string {
    return join(this.path, `.${stem}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
  }

  async #giveName(temporary: string, stem: string): Promise<string> {
    for (let n = 1; n <= MOST_NUMBERS; n++) {
      const path = join(this.path, n === 1 ? `${stem}.png` : `${stem}-${n}.png`);
      try {
        if (this.#force) await rename(temporary, path);
        else await renameNew(temporary, path);
        return path;
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
      }
    }
    throw new Error(`there are ${MOST_NUMBERS} pictures of this name`);
  }
}

/**
 * Gives a file a new name, or fails with EEXIST. A hard link does that in one step, so two programs never take the
 * same name. Where there are no links an empty file takes the name first; only a crash between the two lines could
 * leave it empty.
 */
export async function renameNew(from: string, to: string, makeLink: typeof link = link): Promise<void> {
  try {
    await makeLink(from, to);
  } catch (error) {
    if (!NO_LINKS.includes(errorCode(error) ?? "")) throw error;
    await (await open(to, "wx")).close();
    await rename(from, to);
  }
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function unwritable(path: string, error: unknown): AppError<"file-unreadable"> {
  const why = messageOf(error);
  return new AppError(
    "file-unreadable",
    `cannot write pictures to ${path}: ${why}. Choose another folder with --out.`,
    { path },
    { cause: error },
  );
}

/** A name without what some file system would refuse; never empty, never hidden. */
export function fileStem(name: string): string {
  const clean = name
    .normalize("NFC")
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+|[.-]+$/g, "");
  return clean.slice(0, 80) || "scene";
}
