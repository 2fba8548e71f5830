/** SHA-256 of files that were read once: to read a checkpoint of 4 GB takes seconds to a minute. Kept by path, size and time. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import * as v from "valibot";
import { hashFile } from "../service/hashFile.ts";

/** Files that are remembered; the newest. */
const MOST = 1_000;

const entrySchema = v.strictObject({
  path: v.pipe(v.string(), v.maxLength(4_096)),
  size: v.number(),
  modified: v.number(),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});
type Entry = v.InferOutput<typeof entrySchema>;
const fileSchema = v.pipe(v.array(entrySchema), v.maxLength(MOST));

export class HashMemory {
  readonly #file: string;
  readonly #known = new Map<string, Entry>();

  /** `file`: where it is kept. One that cannot be read is begun anew. */
  constructor(file: string) {
    this.#file = file;
    try {
      const told = v.safeParse(fileSchema, JSON.parse(readFileSync(file, "utf8")));
      for (const entry of told.success ? told.output : []) this.#known.set(entry.path, entry);
    } catch {
      // Nothing was kept yet, or nothing that is of use: files are read again.
    }
  }

  /** In hexadecimal. */
  async of(path: string, signal?: AbortSignal): Promise<string> {
    const real = await realpath(path);
    const { size, mtimeMs } = await stat(real);
    const modified = Math.round(mtimeMs);
    const known = this.#known.get(real);
    if (known?.size === size && known.modified === modified) return known.sha256;
    const sha256 = await hashFile({ path: real, size, modified }, signal);
    this.#known.delete(real);
    this.#known.set(real, { path: real, size, modified, sha256 });
    this.#keep();
    return sha256;
  }

  #keep(): void {
    try {
      writeFileSync(`${this.#file}.part`, JSON.stringify([...this.#known.values()].slice(-MOST)));
      renameSync(`${this.#file}.part`, this.#file);
    } catch {
      // It costs time at the next start, and nothing else.
    }
  }
}
