/** Files of weights whose headers are changed as those of checkpoints are (safetensors.ts), and what may come of reading one. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { isAppError } from "../../src-main/wire/errors.ts";
import { Fault } from "./part.ts";
import type { Pick } from "./random.ts";
import { damaged, type Sound } from "./safetensors.ts";

/** What of the file at `path` is damaged. */
export function soundOf(path: string, name: string): Sound {
  const file = readFileSync(path);
  const end = 8 + Number(file.readBigUInt64LE());
  return { name, header: file.subarray(8, end), dataBytes: file.length - end };
}

/**
 * Writes `sound` to `path`, damaged, and lets `read` read it, which says what is wrong with what it got from `size` bytes. Throws `Fault`
 * for that, and where the file is refused otherwise than by an `AppError` that names it.
 */
export async function tryDamaged(
  pick: Pick,
  path: string,
  sound: Sound,
  read: (size: number) => Promise<string | undefined>,
): Promise<string> {
  const { start, size } = damaged(sound, pick);
  const file = openSync(path, "w");
  writeSync(file, start);
  ftruncateSync(file, size);
  closeSync(file);
  const evidence = { "header.bin": start, "size.txt": `${size} bytes in all, zeros after the header\n` };
  try {
    const wrong = await read(size);
    if (wrong !== undefined) throw new Fault(wrong, { evidence });
    return "read";
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (!isAppError(error, "checkpoint-invalid"))
      throw new Fault("refused with an error of another kind", { evidence, cause: error });
    if (!error.message.includes(path)) throw new Fault(`the message names no file: ${error.message}`, { evidence });
    return "refused";
  }
}
