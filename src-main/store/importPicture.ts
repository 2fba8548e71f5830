/** Pictures from outside on their way into a project. */
import { basename } from "node:path";
import type { Pixels, RunRecord } from "../api/engine.ts";
import { LIMITS } from "../api/engineMessages.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import type { ImportedPicture } from "../api/store.ts";
import { recordFromTexts } from "../image/foreignRecord.ts";
import { parseRecord, readMetadata } from "../image/metadata.ts";
import { decodePng } from "../image/png.ts";
import { isPng, statedSize } from "../image/pngChunks.ts";
import { readRegular } from "../service/regularFile.ts";
import { LARGEST_PICTURE, thumbnailOf } from "./pictures.ts";
import type { Results } from "./results.ts";

/** Takes in a picture that carries our settings, or a text that tells them, as a run of its own; one that is there already is found instead. */
export function importPicture(results: Results, path: string, made?: Uint8Array): ImportedPicture {
  const png = made ?? readPicture(path);
  const name = basename(path);
  if (!isPng(png)) {
    const what = kindOf(png);
    const is = what === undefined ? "is no PNG, whatever its name says" : `is ${what}, not a PNG`;
    const message = `${name} ${is}. Only PNG, JPEG and WebP files carry the settings that a scene is made of: choose the picture as it was exported.`;
    throw new AppError("image-invalid", message, { path });
  }
  try {
    return importPng(results, path, png);
  } catch (error) {
    if (!isAppError(error, "image-invalid") || error.details.path !== undefined) throw error;
    const message = `${name} is damaged: ${error.message}. Copy or download it again.`;
    throw new AppError("image-invalid", message, { path }, { cause: error });
  }
}

function importPng(results: Results, path: string, png: Uint8Array): ImportedPicture {
  const size = statedSize(png);
  if (Math.max(size.width, size.height) > LIMITS.pixels) {
    const message = `${basename(path)} has ${size.width} x ${size.height} pixels. Diorama's pictures have at most ${LIMITS.pixels} a side.`;
    throw new AppError("image-invalid", message, { path });
  }
  const metadata = readMetadata(png);
  const found =
    metadata.kind === "record"
      ? { ...metadata, notes: [] }
      : metadata.kind === "foreign"
        ? recordFromTexts(metadata.texts)
        : undefined;
  if (!found) {
    const message = `${basename(path)} carries no settings of Diorama or another program, so there is no scene to open. Choose a picture as it was saved when it was drawn: many programs and sites take its settings out.`;
    throw new AppError("image-invalid", message, { path });
  }
  const { record, notes } = found;
  const { pixels } = decodePng(png);
  const { width, height } = pixels;
  const known = results.drawn.likeRecord(record, { width, height }).find((id) => shows(results, id, png, pixels));
  if (known !== undefined) return { ...results.readInfo(known), notes, known: true };
  const thumbnail = thumbnailOf(pixels);
  return results.allOrNothing(() => {
    const { id } = results.beginRun(record.scene, record.model.name, 1);
    const result = results.keep({ runId: id, seed: record.seed, seconds: 0, width, height, record, png, thumbnail });
    results.endRun(id, "done", null);
    return { ...result, notes, known: false };
  });
}

/** What a file is that people take for a picture of ours, by its first bytes. */
function kindOf(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 12));
  if (bytes.length === 0) return "empty";
  if (text.startsWith("\xff\xd8\xff")) return "a JPEG";
  if (text.startsWith("RIFF") && text.endsWith("WEBP")) return "a WebP";
  if (text.startsWith("GIF8")) return "a GIF";
  return text.slice(4, 8) === "ftyp" ? "a HEIC or AVIF picture" : undefined;
}

/** Whether a result is this picture, however it is packed. */
function shows(results: Results, id: number, png: Uint8Array, pixels: Pixels): boolean {
  const own = results.readPicture(id, "full");
  return Buffer.compare(own, png) === 0 || Buffer.compare(decodePng(own).pixels.data, pixels.data) === 0;
}

/** For each record the newest result that is its picture, each result once. */
export function findPictures(results: Results, records: readonly RunRecord[]): (number | null)[] {
  const taken = new Set<number>();
  return records.map((given) => {
    const record = parseRecord(given);
    const { width, height } = record.scene.settings;
    const found = results.drawn.likeRecord(record, { width, height }).find((id) => !taken.has(id));
    if (found !== undefined) taken.add(found);
    return found ?? null;
  });
}

function readPicture(path: string): Uint8Array {
  try {
    const png = readRegular(path, LARGEST_PICTURE);
    if (png) return png;
  } catch (error) {
    if (isAppError(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === "ENOENT"
        ? "is not there any more: it was moved, renamed or deleted, or its disk is not connected"
        : code === "EACCES" || code === "EPERM"
          ? "may not be read by you: change its permissions, or copy it"
          : `cannot be read (${messageOf(error)})`;
    throw new AppError("file-unreadable", `${path} ${why}.`, { path }, { cause: error });
  }
  throw new AppError("image-invalid", `${path} is too large for a picture.`, { path });
}
