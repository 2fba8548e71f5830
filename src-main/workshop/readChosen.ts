/** The bytes of a file that somebody chose. */
import { readRegular } from "../service/regularFile.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";

/** Throws `file-unreadable`, and `image-invalid` where it has more than `most` bytes, which is too many for `what`. */
export function readChosen(path: string, most: number, what: string): Buffer<ArrayBuffer> {
  let bytes: Buffer<ArrayBuffer> | undefined;
  try {
    bytes = readRegular(path, most);
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError("file-unreadable", `${path} cannot be read (${messageOf(error)}).`, { path }, { cause: error });
  }
  if (!bytes) throw new AppError("image-invalid", `${path} is too large for ${what}.`, { path });
  return bytes;
}
