/** Pictures on their way into a project. */
import { basename } from "node:path";
import type { Pixels } from "../api/engine.ts";
import { LIMITS } from "../api/engineMessages.ts";
import { AppError, isAppError, messageOf } from "../api/errors.ts";
import type { ImportedPicture } from "../api/store.ts";
import { recordFromTexts } from "../image/foreignRecord.ts";
import { readMetadata } from "../image/metadata.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { isPng, statedSize } from "../image/pngChunks.ts";
import { resize } from "../image/resize.ts";
import { readRegular } from "./files.ts";
import type { Results } from "./results.ts";

/** The longer side of a thumbnail, in pixels: what a gallery shows on a screen of double density. */
const THUMBNAIL = 256;
/** The shorter side of a small one. */
const SMALL = 128;
/** More bytes has no picture of ours: 4096 x 4096 pixels with alpha, not packed at all, and room for its settings. */
export const LARGEST_PICTURE = 80 * 2 ** 20;
/** The longer side that each may have, in pixels; a stranger's thumbnail may be another size than ours, but not for ever larger. */
const LARGEST_SIDES = { full: LIMITS.pixels, thumbnail: 4 * THUMBNAIL };

/** Refuses what is no PNG, or one that would fill the memory of whoever shows it, by its first bytes. */
export function refuseLarge(png: Uint8Array, size: "full" | "thumbnail"): void {
  const { width, height } = statedSize(png);
  const most = LARGEST_SIDES[size];
  if (Math.max(width, height) <= most) return;
  const message = `This picture says that it has ${width} x ${height} pixels; at most ${most} a side are shown.`;
  throw new AppError("image-invalid", message, {});
}

/** A small PNG; pictures that are small already keep their size. */
export function thumbnailOf(pixels: Pixels): Uint8Array {
  const scale = Math.min(1, THUMBNAIL / Math.max(pixels.width, pixels.height));
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  return encodePng(resize(pixels, side(pixels.width), side(pixels.height)));
}

/**
 * A thumbnail for a card of at most 128 pixels. A browser keeps the pixels of pictures after they were shown, in the size in which they
 * came: a strip of hundreds of small cards takes a fifth of the memory with these.
 */
export function smallOf(thumbnail: Uint8Array): Uint8Array<ArrayBuffer> {
  const { pixels } = decodePng(thumbnail);
  const scale = Math.min(1, SMALL / Math.min(pixels.width, pixels.height));
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  return new Uint8Array(encodePng(resize(pixels, side(pixels.width), side(pixels.height))));
}

/** Takes in a picture that carries our settings, or a text that tells them, as a run of its own; one that is there already is found instead. */
export function importPicture(results: Results, path: string): ImportedPicture {
  const png = readPicture(path);
  const name = basename(path);
  if (!isPng(png)) {
    const what = kindOf(png);
    const is = what === undefined ? "is no PNG, whatever its name says" : `is ${what}, not a PNG`;
    const message = `${name} ${is}. Only PNGs carry the settings that a scene is made of: choose the PNG that was drawn.`;
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
