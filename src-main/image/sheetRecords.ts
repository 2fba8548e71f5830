/** The settings of all pictures of a sheet inside its file, so that the sheet leads back to them. Read as strictly as those of a picture. */
import type { RunRecord } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import { asciiJson, parseRecord } from "./metadata.ts";
import type { PngText } from "./pngText.ts";

const SHEET_KEYWORD = "diorama-sheet";
/** Characters of all records of a file together: a thousand pictures of one scene have 3 million. */
const LONGEST_SHEET = 12 * 2 ** 20;
/** Pictures of a sheet: more are not asked for (mainMessages.ts). */
export const MOST_SHEET_RECORDS = 2_000;

/** The records as text; undefined where they are longer than is read back. */
export function writeSheetRecords(records: readonly RunRecord[]): string | undefined {
  const text = asciiJson({ version: 1, pictures: records });
  return text.length <= LONGEST_SHEET ? text : undefined;
}

/** The texts that a PNG page carries. */
export function sheetTexts(records: readonly RunRecord[]): PngText[] {
  const text = writeSheetRecords(records);
  return text === undefined ? [] : [{ keyword: SHEET_KEYWORD, text }];
}

/** The text among those of a PNG; undefined where it is no sheet. */
export function sheetTextOf(texts: readonly PngText[]): string | undefined {
  return texts.find(({ keyword }) => keyword === SHEET_KEYWORD)?.text;
}

/** The records of a sheet, or `image-invalid` with the place of what is wrong. */
export function readSheetRecords(text: string): RunRecord[] {
  if (text.length > LONGEST_SHEET) throw problem(`${text.length} characters are too many`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw problem((error as Error).message.slice(0, 200));
  }
  const { version, pictures } = (value ?? {}) as { version?: unknown; pictures?: unknown };
  if (version !== 1) throw problem(`version ${String(version).slice(0, 40)} is not known here`);
  if (!Array.isArray(pictures) || pictures.length === 0) throw problem("there are no pictures in it");
  if (pictures.length > MOST_SHEET_RECORDS) throw problem(`${pictures.length} pictures are too many`);
  return pictures.map((one: unknown) => parseRecord(one));
}

function problem(message: string): AppError<"image-invalid"> {
  return new AppError("image-invalid", `the settings in the sheet are damaged: ${message}`, {});
}
