/** SHA-256 of a file, read in pieces: what other programs and sharing sites know models by. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { AppError } from "../wire/errors.ts";
import type { FileIdentity } from "../api/store.ts";

/** Bytes read at a time: some milliseconds of work, between which others have their turn. */
const PIECE = 4 * 2 ** 20;

/** In hexadecimal. Rejects when the file is not, or does not stay, the one that was meant. */
export async function hashFile({ path, size, modified }: FileIdentity, signal?: AbortSignal): Promise<string> {
  const handle = await open(path, "r");
  try {
    const hash = createHash("sha256");
    const piece = Buffer.alloc(Math.min(PIECE, Math.max(1, size)));
    let done = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(piece, 0, piece.length, done);
      if (bytesRead === 0) break;
      hash.update(piece.subarray(0, bytesRead));
      done += bytesRead;
    }
    const status = await handle.stat();
    if (done === size && status.size === size && Math.round(status.mtimeMs) === modified) return hash.digest("hex");
  } finally {
    await handle.close();
  }
  throw new AppError("file-unreadable", `${path} changed while it was read`, { path });
}
