/** Pictures as JPEG and WebP, on their way out and back in; inside the program every picture is a PNG. */
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { LIMITS } from "../api/engineMessages.ts";
import { AppError } from "../wire/errors.ts";
import type { Pixels } from "../api/engine.ts";
import type { PictureForm } from "../api/sheets.ts";
import { canvasOf } from "./contactSheet.ts";
import { jpegWithComment, lookAtPicture, webpWithComment } from "./exif.ts";
import { INFOTEXT_KEYWORD } from "./metadata.ts";
import { decodePng, encodePng } from "./png.ts";
import { isPng, statedSize } from "./pngChunks.ts";

/** Of 100: nothing to be seen is lost, at about a fifth of the PNG. */
const QUALITY = 92;

/** The picture in another form, with its settings as the comment that other programs read, where they are wished. */
export function encodeAs(
  form: Exclude<PictureForm, "png">,
  png: Uint8Array,
  settings: boolean,
): Uint8Array<ArrayBuffer> {
  const { pixels, texts } = decodePng(png);
  const comment = settings ? texts.find(({ keyword }) => keyword === INFOTEXT_KEYWORD)?.text : undefined;
  if (form === "webp") {
    const bytes = canvasOf(pixels).toBuffer("image/webp", QUALITY);
    return comment === undefined ? new Uint8Array(bytes) : webpWithComment(bytes, comment);
  }
  const canvas = createCanvas(pixels.width, pixels.height);
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = "#ffffff"; // a JPEG has no transparency
  ctx.fillRect(0, 0, pixels.width, pixels.height);
  ctx.drawImage(canvasOf(pixels), 0, 0);
  const bytes = canvas.toBuffer("image/jpeg", QUALITY);
  return comment === undefined ? new Uint8Array(bytes) : jpegWithComment(bytes, comment);
}

/**
 * A JPEG or WebP as a PNG with the same comment; undefined for other files. Its stated size is looked at before anything is
 * decoded; a damaged file is `image-invalid`.
 */
export async function pngOf(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const found = lookAtPicture(bytes);
  if (!found) return undefined;
  const { form, width, height, comment } = found;
  if (width < 1 || height < 1 || Math.max(width, height) > LIMITS.pixels) {
    const message = `it has ${width} x ${height} pixels. Diorama's pictures have at most ${LIMITS.pixels} a side.`;
    throw new AppError("image-invalid", message, {});
  }
  if (comment === undefined)
    throw new AppError(
      "image-invalid",
      "it carries no settings of Diorama or another program. Choose a picture that was exported with them.",
      {},
    );
  const pixels = await decoded(bytes, { form, width, height });
  return encodePng(pixels, [{ keyword: INFOTEXT_KEYWORD, text: comment }]);
}

/** The pixels of any picture that is read here, PNG, JPEG or WebP, whatever it says of itself. Throws `image-invalid`. */
export async function pixelsOf(bytes: Uint8Array): Promise<Pixels> {
  const found = isPng(bytes) ? { form: "png" as const, ...statedSize(bytes) } : lookAtPicture(bytes);
  if (!found) throw new AppError("image-invalid", "it is no PNG, JPEG or WebP picture", {});
  const { width, height } = found;
  if (width < 1 || height < 1 || Math.max(width, height) > LIMITS.pixels) {
    const message = `it has ${width} x ${height} pixels; pictures of at most ${LIMITS.pixels} a side are read`;
    throw new AppError("image-invalid", message, {});
  }
  return found.form === "png" ? decodePng(bytes).pixels : decoded(bytes, found);
}

async function decoded(
  bytes: Uint8Array,
  { form, width, height }: { form: string; width: number; height: number },
): Promise<Pixels> {
  const image = await loadImage(Buffer.from(bytes)).catch((error: unknown) => {
    throw new AppError("image-invalid", `a damaged ${form === "jpeg" ? "JPEG" : "WebP"}`, {}, { cause: error });
  });
  const canvas = createCanvas(width, height);
  const ctx = canvas.getContext("2d");
  ctx.drawImage(image, 0, 0);
  const { data } = ctx.getImageData(0, 0, width, height);
  return { width, height, data: Uint8Array.from(data) };
}
