/** The picture of a model, which comes from anywhere: looked at before it is decoded, and made small. */
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { lookAtPicture } from "../image/exif.ts";
import { isPng, statedSize } from "../image/pngChunks.ts";
import { thumbnailOf } from "../checkpoint/inspect/metadata.ts";
import { readSafetensors } from "../checkpoint/safetensors.ts";
import { readRegular } from "../service/regularFile.ts";

/** Pixels of the longer side, and of what is decoded at all. */
const SIDE = 512;
const MOST_PIXELS = 50_000_000;
const LARGEST_FILE = 32 * 2 ** 20;

/** A PNG of the picture file beside a model, or of the one in its metadata; null where there is none that can be shown. */
export async function readThumbnail(model: string, picture: string | null): Promise<Uint8Array<ArrayBuffer> | null> {
  const beside = picture === null ? undefined : readRegular(picture, LARGEST_FILE);
  const bytes = beside ?? thumbnailOf((await readSafetensors(model)).metadata);
  return bytes ? shrunk(bytes) : null;
}

async function shrunk(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer> | null> {
  const size = isPng(bytes) ? statedSize(bytes) : lookAtPicture(bytes);
  if (!size || size.width < 1 || size.height < 1 || size.width * size.height > MOST_PIXELS) return null;
  const image = await loadImage(Buffer.from(bytes)).catch(() => undefined);
  if (!image) return null;
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const scaled = (side: number) => Math.max(1, Math.round(side * scale));
  const canvas = createCanvas(scaled(image.width), scaled(image.height));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Uint8Array(await canvas.encode("png"));
}
