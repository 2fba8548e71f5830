/**
 * The reference picture: what a person lays under the canvas to compose after. It is part of the project, as a small WebP inside the
 * draft, and never of what is drawn or exported.
 */
import { isRecord } from "@scene/fields.ts";

export const FITS = ["fit", "fill"] as const;

export interface Reference {
  /** Of the file that it was. */
  name: string;
  /** A WebP in base64; empty where the project has something else in its place, which cannot be shown. */
  data: string;
  /** 0 to 1. */
  opacity: number;
  /** `fit` shows all of it, `fill` covers the picture and cuts what is too much. */
  fit: (typeof FITS)[number];
  shown: boolean;
}

/** Bytes of the picture in a project: it is saved with every change, and with every version. */
export const LARGEST_REFERENCE = 256_000;
/** Pixels of its longer side; as many as a window shows of it. */
const LONGEST_SIDE = 1536;
/** Bytes of a file that is tried at all. */
const LARGEST_FILE = 200 * 2 ** 20;
const LONGEST_NAME = 200;

/** As a project has it, which a stranger may have written; null where there is none. */
export function readReference(value: unknown): Reference | null {
  if (!isRecord(value)) return null;
  const { name, data, opacity, fit, shown } = value;
  return {
    name: typeof name === "string" ? name.slice(0, LONGEST_NAME) : "",
    data: typeof data === "string" && bytesOf(data) ? data : "",
    opacity: typeof opacity === "number" && opacity >= 0 && opacity <= 1 ? opacity : 1,
    fit: fit === "fill" ? "fill" : "fit",
    shown: shown !== false,
  };
}

/** The bytes of a picture that was made here; undefined for anything else, whatever it may be. */
export function bytesOf(data: string): Uint8Array<ArrayBuffer> | undefined {
  if (data.length === 0 || data.length > (LARGEST_REFERENCE * 4) / 3 + 4) return undefined;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data) || data.length % 4 !== 0) return undefined;
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const size = sizeOfWebp(bytes);
  return size && Math.max(size.width, size.height) <= LONGEST_SIDE ? bytes : undefined;
}

/**
 * Width and height that a lossy WebP says it has: nothing is decoded, as little may stand for very much. RFC 9649, section 2.5 (with
 * what else is in the file) and 2.7 (alone).
 */
export function sizeOfWebp(bytes: Uint8Array): { width: number; height: number } | undefined {
  if (bytes.length < 30) return undefined;
  const text = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (text(0) !== "RIFF" || text(8) !== "WEBP") return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (text(12) === "VP8X") {
    const [width, height] = [24, 27].map((at) => (view.getUint32(at, true) & 0xffffff) + 1) as [number, number];
    return { width, height };
  }
  const isFrame = bytes[23] === 0x9d && bytes[24] === 0x01 && bytes[25] === 0x2a;
  if (text(12) !== "VP8 " || !isFrame) return undefined;
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

/** Makes one of a file that a person has chosen; rejects with what is wrong with it. */
export async function makeReference(file: File): Promise<Reference> {
  const name = file.name.slice(0, LONGEST_NAME);
  if (file.size > LARGEST_FILE) throw new Error(`${name} is too large for a reference picture. Choose a smaller one.`);
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch (error) {
    const message = `${name} cannot be shown as a picture. Choose a PNG, JPEG, WebP, AVIF, GIF or BMP that is whole.`;
    throw new Error(message, { cause: error });
  }
  try {
    return { name, data: await encode(picture), opacity: 1, fit: "fit", shown: true };
  } finally {
    picture.close();
  }
}

/** As large as the limits allow, and opaque: paper lies under it anyway. */
async function encode(picture: ImageBitmap): Promise<string> {
  for (let side = LONGEST_SIDE; ; side = Math.floor(side / 1.4)) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const size = [picture.width, picture.height].map((length) => Math.max(1, Math.round(length * scale)));
    const canvas = new OffscreenCanvas(size[0]!, size[1]!);
    const context = canvas.getContext("2d", { alpha: false })!;
    context.imageSmoothingQuality = "high";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.82 });
    if (blob.size <= LARGEST_REFERENCE) return base64(new Uint8Array(await blob.arrayBuffer()));
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
