/**
 * What a checkpoint is, whoever has it and wherever it lies: two machines that agree on it draw with the same network. Unlike the hash by
 * samples (sampleHash.ts) it reads every byte of the weights, so that it is computed once and kept.
 */
import { createHash } from "node:crypto";
import type { Checkpoint, TextEncoder } from "./checkpoint.ts";

/**
 * SHA-256, in hexadecimal, of the files of the weights, part by part, and of how they are read: configurations, schedule and vocabulary.
 * Names and paths are left out. `hashFile` gives a file's SHA-256, in hexadecimal.
 */
export async function contentHash(
  { family, unet, vae, text, text2, scheduler }: Checkpoint,
  hashFile: (path: string) => Promise<string>,
): Promise<string> {
  const parts: unknown[] = ["1", family, scheduler];
  const known = new Map<string, string>();
  for (const { config, weights } of [unet, vae, text, ...(text2 ? [text2] : [])]) {
    const files: string[] = [];
    for (const path of weights.files()) {
      const hash = known.get(path) ?? (await hashFile(path));
      known.set(path, hash);
      files.push(hash);
    }
    parts.push([config, files.sort()]);
  }
  for (const encoder of [text, ...(text2 ? [text2] : [])]) parts.push(wordsOf(encoder));
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function wordsOf({ tokenizer, states, projection }: TextEncoder): unknown {
  const { vocabulary, start, end, pad, unknown, added, maxTokens } = tokenizer;
  return [
    ...[states, projection ?? null, start, end, pad, unknown, maxTokens ?? null],
    vocabulary ? [[...vocabulary.ids], vocabulary.merges] : null,
    [...added],
  ];
}
