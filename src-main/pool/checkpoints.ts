/** The checkpoints that a pool knows of this machine: by their contents, so that two machines mean the same one. */
import { basename, dirname, extname } from "node:path";
import type { HubChoice } from "../api/models.ts";
import type { PoolModel } from "../api/pool.ts";
import { contentHash } from "../checkpoint/contentHash.ts";
import { openCheckpoint } from "../checkpoint/folder.ts";
import { aboutOf, type ModelAbout } from "./about.ts";
import type { HashMemory } from "./hashMemory.ts";

export interface KnownCheckpoint extends PoolModel {
  path: string;
  /** As pictures tell it (`RunRecord.model.hash`). */
  sampled: string;
  /** Where the hub has it, if it came from there: `owner/name`. */
  repo?: string;
  about: ModelAbout;
}

/** Reads all of a checkpoint's weights, once; rejects where it does not open. */
export async function knownCheckpoint(path: string, hashes: HashMemory): Promise<KnownCheckpoint> {
  const checkpoint = await openCheckpoint(path);
  const hash = await contentHash(checkpoint, (file) => hashes.of(file));
  const repo = repoOf(checkpoint.path);
  const { name } = checkpoint;
  return {
    hash,
    name,
    path: checkpoint.path,
    sampled: await checkpoint.hash(),
    about: aboutOf(checkpoint),
    ...(repo === undefined ? {} : { repo }),
  };
}

/** Of a snapshot in the hub's usual cache: `models--owner--name/snapshots/COMMIT`, or a file in it. */
function repoOf(path: string): string | undefined {
  const folders = [dirname(path), path].map((snapshot) => ({
    above: dirname(snapshot),
    entry: dirname(dirname(snapshot)),
  }));
  const found = folders.find(
    ({ above, entry }) => basename(above) === "snapshots" && basename(entry).startsWith("models--"),
  );
  return found && basename(found.entry).slice("models--".length).replace("--", "/");
}

/** Of what a repository has, that which somebody else calls `name`: a single file is called by its name, a folder is not. */
export function choiceFor<Choice extends Pick<HubChoice, "id" | "files">>(
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const isCalled = ({ files: [file, ...others] }: Choice) =>
    file !== undefined && others.length === 0 && basename(file.path, extname(file.path)) === name;
  return choices.find(isCalled) ?? choices.find(({ id }) => id === "folder") ?? choices[0];
}
