/** A picture that somebody chooses to go on from: its pixels, whatever its file is and says of itself. */
import { basename } from "node:path";
import { encodePng } from "../image/png.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import { readChosen } from "./readChosen.ts";

/** Bytes of a file that is read: 4096 x 4096 pixels with alpha, not packed at all, have fewer. */
const LARGEST = 80 * 2 ** 20;

export async function pictureAt({ path }: { path: string }): Promise<Uint8Array<ArrayBuffer>> {
  return pictureFrom({ bytes: readChosen(path, LARGEST, "a picture"), name: basename(path) });
}

/** The same of a file's bytes; `name` is for the message. */
export async function pictureFrom({
  bytes,
  name,
}: {
  bytes: Uint8Array;
  name: string;
}): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { pixelsOf } = await import("../image/otherForms.ts");
    return encodePng(await pixelsOf(bytes));
  } catch (error) {
    if (!isAppError(error, "image-invalid")) throw error;
    const message = `${name}: ${error.message}. Choose a PNG, JPEG or WebP picture.`;
    throw new AppError("image-invalid", message, { path: name }, { cause: error });
  }
}
