/** Unpacks a zip archive into a folder: machines without a desktop often have no `unzip`. Links and encrypted entries are refused. */
import { createWriteStream } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import { dirname, isAbsolute, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { openPromise, type Entry } from "yauzl";

const LINK = 0xa000;

/** Writes the entries that `place` gives a path to, relative to `folder`; `onProgress` gets the share of bytes done. */
export async function unzip(
  archive: string,
  folder: string,
  place: (name: string) => string | undefined,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<void> {
  const zip = await openPromise(archive, { autoClose: false });
  try {
    const placed: { entry: Entry; target: string }[] = [];
    for await (const entry of zip.eachEntry()) {
      const path = entry.fileName.endsWith("/") ? undefined : place(entry.fileName);
      if (path !== undefined) placed.push({ entry, target: inside(folder, path) });
    }
    const total = placed.reduce((sum, { entry }) => sum + entry.compressedSize, 0);
    let done = 0;
    for (const { entry, target } of placed) {
      const mode = entry.externalFileAttributes >>> 16; // Unix file type and permissions
      if ((mode & 0xf000) === LINK) throw new Error(`the zip archive has a link: ${target}`); // it could lead outside
      await mkdir(dirname(target), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target));
      if (mode & 0o777) await chmod(target, mode & 0o777);
      done += entry.compressedSize;
      onProgress(done / total);
    }
  } finally {
    zip.close();
  }
}

/** An archive must not write outside its folder. */
function inside(folder: string, path: string): string {
  const target = join(folder, path);
  const way = relative(folder, target);
  if (way.startsWith("..") || isAbsolute(way)) throw new Error(`the zip archive would write to ${target}`);
  return target;
}
