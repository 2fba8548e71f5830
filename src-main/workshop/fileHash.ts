/** SHA-256 of whole files of weights, which other programs know models by. Read in pieces, beside other work. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { AppError } from "../api/errors.ts";
import type { FileIdentity } from "../api/store.ts";
import { openCheckpoint } from "../checkpoint/folder.ts";

/** Bytes read at a time: some milliseconds of work, between which others have their turn. */
const PIECE = 4 * 2 ** 20;

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

/** In hexadecimal. Rejects when the file is not, or does not stay, the one that was meant. */
export async function hashFile(file: FileIdentity): Promise<string> {
  const handle = await open(file.path, "r");
  try {
    const hash = createHash("sha256");
    const piece = Buffer.alloc(PIECE);
    let done = 0;
    for (;;) {
      const { bytesRead } = await handle.read(piece, 0, PIECE, done);
      if (bytesRead === 0) break;
      hash.update(piece.subarray(0, bytesRead));
      done += bytesRead;
    }
    const { size, mtimeMs } = await handle.stat();
    if (done === file.size && size === file.size && Math.round(mtimeMs) === file.modified) return hash.digest("hex");
  } finally {
    await handle.close();
  }
  throw new AppError("file-unreadable", `${file.path} changed while it was read`, { path: file.path });
}
