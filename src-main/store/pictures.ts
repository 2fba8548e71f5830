/** Pictures as a project keeps them: how large they may be, and their small ones. */
import type { Pixels } from "../api/engine.ts";
import { LIMITS } from "../api/engineMessages.ts";
import { AppError } from "../wire/errors.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { statedSize } from "../image/pngChunks.ts";
import { resize } from "../image/resize.ts";

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
