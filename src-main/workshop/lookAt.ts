/** What a file is that somebody opens as a picture: a sheet leads to its pictures, a JPEG or WebP becomes a PNG. */
import { basename } from "node:path";
import { AppError, isAppError } from "../wire/errors.ts";
import { readAttachment } from "../image/pdfSettings.ts";
import { readPngTexts } from "../image/png.ts";
import { readSheetRecords, sheetTextOf } from "../image/sheetRecords.ts";
import type { LookedAt } from "./api.ts";
import { readChosen } from "./readChosen.ts";

/** Bytes of a file that is read: a thousand pictures in a PDF have less. */
const LARGEST = 512 * 2 ** 20;

/** Of a damaged PNG none: the project, which is to take it in, says what is wrong with it. */
function textsOf(png: Uint8Array) {
  try {
    return readPngTexts(png).texts;
  } catch (error) {
    if (isAppError(error, "image-invalid")) return [];
    throw error;
  }
}

export async function lookAt({ path }: { path: string }): Promise<LookedAt> {
  const bytes = readChosen(path, LARGEST, "a picture or a sheet");
  try {
    if (bytes.toString("latin1", 0, 5) === "%PDF-") {
      const text = readAttachment(bytes);
      if (text === undefined)
        throw new AppError(
          "image-invalid",
          "it carries no settings of Diorama. Choose a sheet that was exported with them.",
          {},
        );
      return { kind: "sheet", records: readSheetRecords(text) };
    }
    if (bytes[0] === 0x89) {
      const text = sheetTextOf(textsOf(bytes));
      return text === undefined ? { kind: "picture", png: null } : { kind: "sheet", records: readSheetRecords(text) };
    }
    const { pngOf } = await import("../image/otherForms.ts");
    return { kind: "picture", png: (await pngOf(bytes)) ?? null };
  } catch (error) {
    if (!isAppError(error, "image-invalid")) throw error;
    throw new AppError("image-invalid", `${basename(path)}: ${error.message}`, { path }, { cause: error });
  }
}
