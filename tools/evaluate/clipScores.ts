/** T2I-Sim and CLIP-IQA of pictures that were drawn, by any CLIP folder. Kept beside the verdicts, so that a later run computes none twice. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { openClip } from "../../src-main/checkpoint/clip.ts";
import { sampleHash } from "../../src-main/checkpoint/sampleHash.ts";
import { readPart } from "../../src-main/checkpoint/parts.ts";
import { ClipModel } from "../../src-main/engine/clip.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { picturePath, type DrawTask } from "./drawAll.ts";
import { KeyedLog } from "./keyedLog.ts";

export interface ClipScore {
  /** Cosine between the picture and its prompt, -1 to 1. */
  similarity: number;
  /** CLIP-IQA's quality, 0 to 1. */
  quality: number;
}

interface Line extends ClipScore {
  /** The picture's key and the CLIP's hash. */
  key: string;
}

const isLine = (value: unknown): value is Line => {
  const { key, similarity, quality } = (value ?? {}) as Partial<Line>;
  return typeof key === "string" && typeof similarity === "number" && typeof quality === "number";
};

/** Scores by the key of each picture of `tasks` in `folder`; stops early when `signal` is aborted. */
export async function clipScores(
  clipFolder: string,
  tasks: readonly DrawTask[],
  { out, folder, signal }: { out: string; folder: string; signal: AbortSignal },
): Promise<Map<string, ClipScore>> {
  const checkpoint = await openClip(clipFolder);
  const hash = await sampleHash((await readPart(clipFolder, "model")).files, "clip");
  const log = await KeyedLog.open(path.join(out, "clip.jsonl"), "CLIP score", isLine);
  const scores = new Map<string, ClipScore>();
  let clip: ClipModel | undefined;
  try {
    for (const { key, request } of tasks) {
      if (signal.aborted) break;
      const name = `${key} ${hash}`;
      if (!log.entries.has(name)) {
        clip ??= await ClipModel.open(checkpoint);
        const vector = await clip.picture(decodePng(await readFile(picturePath(folder, key))).pixels);
        const similarity = await clip.similarity(vector, request.scene.prompt);
        await log.add({ key: name, similarity, quality: await clip.quality(vector) });
      }
      scores.set(key, log.entries.get(name)!);
    }
  } finally {
    await log.close();
    await clip?.close();
  }
  return scores;
}
