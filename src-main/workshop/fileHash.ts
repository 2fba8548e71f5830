/** Which file of a checkpoint other programs know it by. */
import { open } from "node:fs/promises";
import type { FileIdentity } from "../api/store.ts";
import { openCheckpoint } from "../checkpoint/folder.ts";

/** The file that holds the network of a checkpoint; null where it is spread over several, which together have no such hash. */
export async function networkFile(path: string): Promise<FileIdentity | null> {
  const { networkFile } = await openCheckpoint(path);
  if (networkFile === undefined) return null;
  const handle = await open(networkFile, "r");
  try {
    const { size, mtimeMs } = await handle.stat();
    return { path: networkFile, size, modified: Math.round(mtimeMs) };
  } finally {
    await handle.close();
  }
}
