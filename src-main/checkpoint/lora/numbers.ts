/** A LoRA's numbers read once from beginning to end: that all of them are numbers, and the hash that other programs know it by. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { allFinite } from "../floats.ts";
import { refuse } from "../header.ts";
import { orUnreadable, readExactly, type SafetensorsFile } from "../safetensors.ts";

/** Bytes read at a time; a multiple of every type's width. */
const PIECE = 8 * 2 ** 20;

/**
 * SHA-256 in hexadecimal of everything behind the header, which does not change with the metadata: kohya's `sshs_model_hash`, whose
 * first twelve digits stand in A1111's `Lora hashes`. Throws `checkpoint-invalid` at a tensor with an infinity or what is no number.
 */
export async function checkNumbers({ file, tensors }: SafetensorsFile): Promise<string> {
  const inOrder = [...tensors.values()].sort((a, b) => a.offset - b.offset);
  const hash = createHash("sha256");
  const handle = await orUnreadable(file, () => open(file, "r"));
  try {
    // The tensors tile the file (header.ts), so that their bytes in order are all of it.
    for (const { key, offset, length, type } of inOrder) {
      for (let done = 0; done < length; done += PIECE) {
        const bytes = await readExactly(handle, offset + done, Math.min(PIECE, length - done), file);
        hash.update(bytes);
        if (allFinite(aligned(bytes), type) === false) {
          refuse(file, key, "it holds numbers that are infinite or none (NaN): this LoRA is damaged. Get it again");
        }
      }
    }
  } finally {
    await handle.close();
  }
  return hash.digest("hex");
}

/** Small buffers lie anywhere in a shared one. */
function aligned(bytes: Buffer): Buffer<ArrayBuffer> {
  return (bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(Uint8Array.from(bytes).buffer)) as Buffer<ArrayBuffer>;
}
