/** A name for a set of weights that costs milliseconds where a full hash of 4 GB costs a minute. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { orUnreadable, readExactly, type SafetensorsFile } from "./safetensors.ts";

const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/**
 * SHA-256 of `extra` and of each file's size, header and 64 evenly spaced samples of 4 KiB. Headers alone would not do:
 * all fine-tunes of one model share them. It tells checkpoints apart; it does not prove that none was altered.
 */
export async function sampleHash(files: readonly SafetensorsFile[], extra: string): Promise<string> {
  const hash = createHash("sha256").update(extra);
  for (const { file, size, dataStart } of files) {
    const handle = await orUnreadable(file, () => open(file, "r"));
    try {
      hash.update(`\n${size} ${dataStart}\n`);
      hash.update(await readExactly(handle, 0, dataStart, file));
      const last = Math.max(dataStart, size - SAMPLE_BYTES);
      for (let i = 0; i < SAMPLES; i++) {
        const at = dataStart + Math.floor(((last - dataStart) * i) / (SAMPLES - 1));
        hash.update(await readExactly(handle, at, Math.min(SAMPLE_BYTES, size - at), file));
      }
    } finally {
      await handle.close();
    }
  }
  return `sampled-sha256:${hash.digest("hex")}`;
}
