/**
 * The Hugging Face cache as all its programs keep it: `models--owner--name/blobs/<hash>`, `snapshots/<commit>/<path>` as links to them, and
 * `refs/<branch>` with a commit in it (https://huggingface.co/docs/huggingface_hub/guides/manage-cache).
 */
import { mkdir, readdir, realpath, rename, rm, stat, statfs, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { getHFHubCachePath, getRepoFolderName } from "@huggingface/hub";
import { AppError } from "../../wire/errors.ts";
import type { HubFile } from "./unfinished.ts";

/** Where the cache is: `HF_HUB_CACHE`, `HF_HOME` and `XDG_CACHE_HOME` are honoured. */
export function cacheFolder(): string {
  return getHFHubCachePath();
}

export class RepoCache {
  readonly folder: string;

  constructor(cache: string, repo: string) {
    this.folder = join(cache, getRepoFolderName({ type: "model", name: repo }));
  }

  get blobs(): string {
    return join(this.folder, "blobs");
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  blob({ hash }: HubFile): string {
    return join(this.blobs, hash.hex);
  }

  incomplete(file: HubFile): string {
    return `${this.blob(file)}.incomplete`;
  }

  /** Whether the file is here, whole: as a blob, or, where links cannot be made, in its snapshot. */
  async has(file: HubFile, commit: string): Promise<boolean> {
    for (const path of [this.blob(file), join(this.snapshot(commit), file.path)]) {
      if ((await sizeOf(path)) === file.bytes) return true;
    }
    return false;
  }

  /** Bytes of it that are here, whole or not. */
  async here(file: HubFile, commit: string): Promise<number> {
    if (await this.has(file, commit)) return file.bytes;
    return Math.min(file.bytes, (await sizeOf(this.incomplete(file))) ?? 0);
  }

  /** Gives blobs that are all there their names, in the order of `files`, and says which commit the branch has. */
  async publish({
    files,
    commit,
    revision,
  }: {
    files: readonly HubFile[];
    commit: string;
    revision: string;
  }): Promise<void> {
    for (const file of files) {
      const path = join(this.snapshot(commit), file.path);
      if ((await sizeOf(path)) === file.bytes) continue;
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true });
      const blob = this.blob(file);
      try {
        await symlink(relative(await realpath(dirname(path)), await realpath(blob)), path);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
        await rename(blob, path); // Windows lets not everybody make links; the other programs do the same there
      }
    }
    if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(revision) && revision !== commit) {
      await mkdir(join(this.folder, "refs"), { recursive: true });
      await writeFile(join(this.folder, "refs", revision), commit);
    }
  }

  /** Removes what came of these files and no snapshot has. */
  async discard(files: readonly HubFile[]): Promise<void> {
    const used = await this.#usedBlobs();
    for (const file of files) {
      await rm(this.incomplete(file), { force: true });
      if (!used.has(this.blob(file))) await rm(this.blob(file), { force: true });
    }
    // What is empty by now goes, too; what is not stays.
    for (const folder of [this.blobs, join(this.folder, "snapshots"), this.folder]) {
      if ((await readdir(folder).catch(() => ["?"])).length === 0) await rm(folder, { recursive: true, force: true });
    }
  }

  async #usedBlobs(): Promise<Set<string>> {
    const snapshots = join(this.folder, "snapshots");
    const names = await readdir(snapshots, { recursive: true }).catch(() => []);
    const used = new Set<string>();
    for (const name of names) {
      const real = await realpath(join(snapshots, name)).catch(() => undefined);
      if (real !== undefined) used.add(join(this.blobs, real.slice(dirname(real).length + 1)));
    }
    return used;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/** What is left on a disk that is not to be filled to its last byte. */
const MARGIN = 256 * 2 ** 20;

/** Rejects where the disk has not room for so many bytes more. */
export async function refuseWithoutRoom(cache: string, bytes: number): Promise<void> {
  await mkdir(cache, { recursive: true });
  const { bavail, bsize } = await statfs(cache);
  const free = bavail * bsize;
  if (bytes === 0 || free >= bytes + MARGIN) return;
  const gb = (n: number) => `${(n / 1e9).toFixed(1)} GB`;
  const message = `The disk with ${cache} has ${gb(free)} free, and ${gb(bytes + MARGIN)} are needed. Make room, or set HF_HOME to a folder on another disk.`;
  throw new AppError("file-unreadable", message, { path: cache });
}
