/**
 * The comment that tells how a picture was made in JPEG and WebP files: Exif's UserComment (Exif 2.32, tag 0x9286), UTF-16 as
 * AUTOMATIC1111 writes it. JPEG holds it in an APP1 segment, WebP in a chunk of its RIFF container.
 */
import { AppError } from "../wire/errors.ts";

const EXIF = Buffer.from("Exif\0\0", "latin1");
const USER_COMMENT = 0x9286;
const EXIF_POINTER = 0x8769;
const UNDEFINED = 7;
const LONG = 4;
/** A JPEG segment's length has 16 bits, two of its bytes are that length. */
const LONGEST_SEGMENT = 65_533;
/** Exif data that is read from a WebP, in bytes. */
const LONGEST_EXIF = 4 * 2 ** 20;
const MOST_PARTS = 10_000;

/** Exif data with nothing but a comment, big-endian. */
function exifOf(text: string): Buffer {
  const letters = Buffer.from(text, "utf16le").swap16();
  const comment = Buffer.concat([Buffer.from("UNICODE\0", "latin1"), letters]);
  const head = Buffer.alloc(44);
  head.write("MM\0*", "latin1");
  head.writeUInt32BE(8, 4); // the first directory: one entry, which points to the second
  head.writeUInt16BE(1, 8);
  entry(head, 10, EXIF_POINTER, LONG, 1, 26);
  head.writeUInt16BE(1, 26);
  entry(head, 28, USER_COMMENT, UNDEFINED, comment.length, 44);
  return Buffer.concat([head, comment]);
}

function entry(to: Buffer, at: number, tag: number, type: number, count: number, value: number): void {
  to.writeUInt16BE(tag, at);
  to.writeUInt16BE(type, at + 2);
  to.writeUInt32BE(count, at + 4);
  to.writeUInt32BE(value, at + 8);
}

/** The JPEG with `text` as its comment; `image-invalid` where that is longer than a JPEG can hold. */
export function jpegWithComment(jpeg: Uint8Array, text: string): Uint8Array<ArrayBuffer> {
  const data = Buffer.concat([EXIF, exifOf(text)]);
  if (data.length > LONGEST_SEGMENT) {
    const message =
      "The settings of this picture are too long for a JPEG. Export it as PNG or WebP, or without settings.";
    throw new AppError("image-invalid", message, {});
  }
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return new Uint8Array(Buffer.concat([jpeg.subarray(0, 2), head, data, jpeg.subarray(2)]));
}

/** The WebP with `text` as its comment, in the extended form of the container. */
export function webpWithComment(webp: Uint8Array, text: string): Uint8Array<ArrayBuffer> {
  const parts = webpParts(webp).filter(({ type }) => type !== "EXIF" && type !== "VP8X");
  const { width, height } = webpSize(webp);
  const isTransparent = parts.some(({ type, data }) => type === "ALPH" || (type === "VP8L" && (data[4]! & 0x10) !== 0));
  const extended = Buffer.alloc(10);
  extended[0] = 0x08 | (isTransparent ? 0x10 : 0) | (parts.some(({ type }) => type === "ICCP") ? 0x20 : 0);
  extended.writeUIntLE(width - 1, 4, 3);
  extended.writeUIntLE(height - 1, 7, 3);
  const all = [{ type: "VP8X", data: extended }, ...parts, { type: "EXIF", data: exifOf(text) }];
  const body = Buffer.concat(
    all.flatMap(({ type, data }) => {
      const head = Buffer.alloc(8);
      head.write(type, "latin1");
      head.writeUInt32LE(data.length, 4);
      return [head, data, Buffer.alloc(data.length % 2)];
    }),
  );
  const riff = Buffer.alloc(12);
  riff.write("RIFF", "latin1");
  riff.writeUInt32LE(body.length + 4, 4);
  riff.write("WEBP", 8, "latin1");
  return new Uint8Array(Buffer.concat([riff, body]));
}

export interface ForeignPicture {
  form: "jpeg" | "webp";
  width: number;
  height: number;
  /** The comment, where there is one that can be read. */
  comment: string | undefined;
}

/** What a JPEG or WebP says of itself; undefined for other files. Nothing is decoded. A damaged file is `image-invalid`. */
export function lookAtPicture(bytes: Uint8Array): ForeignPicture | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file[0] === 0xff && file[1] === 0xd8) return { form: "jpeg", ...lookAtJpeg(file) };
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WEBP") return undefined;
  const exif = webpParts(file).find(({ type }) => type === "EXIF")?.data;
  // Some programs repeat JPEG's mark in front of the data.
  const plain = exif?.subarray(0, 6).equals(EXIF) ? exif.subarray(6) : exif;
  return { form: "webp", ...webpSize(file), comment: plain && commentOf(plain) };
}

function lookAtJpeg(file: Buffer): { width: number; height: number; comment: string | undefined } {
  let comment: string | undefined;
  let at = 2;
  for (let n = 0; n < MOST_PARTS; n++) {
    while (file[at] === 0xff && file[at + 1] === 0xff) at++; // fill bytes
    if (at + 4 > file.length || file[at] !== 0xff) break;
    const marker = file[at + 1]!;
    const length = file.readUInt16BE(at + 2);
    const data = file.subarray(at + 4, at + 2 + length);
    if (length < 2 || at + 2 + length > file.length) break;
    if (marker === 0xe1 && data.subarray(0, 6).equals(EXIF)) comment ??= commentOf(data.subarray(6));
    // Start of frame, of whatever kind: all of C0 to CF but the tables C4, C8 and CC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker) && data.length >= 5)
      return { height: data.readUInt16BE(1), width: data.readUInt16BE(3), comment };
    at += 2 + length;
  }
  throw new AppError("image-invalid", `a damaged JPEG: no picture begins before byte ${at}`, {});
}

function webpParts(bytes: Uint8Array): { type: string; data: Buffer }[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: { type: string; data: Buffer }[] = [];
  for (let at = 12; at + 8 <= file.length && parts.length < MOST_PARTS;) {
    const type = file.toString("latin1", at, at + 4);
    const length = file.readUInt32LE(at + 4);
    if (at + 8 + length > file.length)
      throw new AppError("image-invalid", `WebP chunk ${JSON.stringify(type)} at byte ${at}: it was cut off`, {});
    if (type === "EXIF" && length > LONGEST_EXIF)
      throw new AppError("image-invalid", `WebP chunk EXIF at byte ${at}: ${length} bytes are too many`, {});
    parts.push({ type, data: file.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length % 2);
  }
  return parts;
}

function webpSize(bytes: Uint8Array): { width: number; height: number } {
  for (const { type, data } of webpParts(bytes)) {
    if (type === "VP8X" && data.length >= 10)
      return { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 };
    if (type === "VP8 " && data.length >= 10)
      return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
    if (type === "VP8L" && data.length >= 5) {
      const bits = data.readUInt32LE(1);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
  }
  throw new AppError("image-invalid", "a damaged WebP: there is no picture in it", {});
}

/** The comment of Exif data; undefined where it has none, or cannot be read: that is no reason to refuse the picture. */
function commentOf(exif: Buffer): string | undefined {
  try {
    const order = exif.toString("latin1", 0, 2);
    if (order !== "MM" && order !== "II") return undefined;
    const short = (at: number) => (order === "MM" ? exif.readUInt16BE(at) : exif.readUInt16LE(at));
    const long = (at: number) => (order === "MM" ? exif.readUInt32BE(at) : exif.readUInt32LE(at));
    const find = (directory: number, tag: number): number | undefined => {
      for (let i = 0; i < short(directory); i++) {
        if (short(directory + 2 + 12 * i) === tag) return directory + 2 + 12 * i;
      }
      return undefined;
    };
    const pointer = find(long(4), EXIF_POINTER);
    const found = pointer === undefined ? undefined : find(long(pointer + 8), USER_COMMENT);
    if (found === undefined) return undefined;
    const count = long(found + 4);
    const start = long(found + 8);
    const data = exif.subarray(start, start + count);
    const text = data.subarray(8);
    const coding = data.toString("latin1", 0, 8).replace(/\0+$/, "");
    if (coding !== "UNICODE") return text.toString("utf8");
    const even = text.subarray(0, text.length & ~1);
    return new TextDecoder(isBigEndian(even, order) ? "utf-16be" : "utf-16le").decode(even);
  } catch {
    return undefined; // a place outside the data
  }
}

/** Writers differ in whether the letters follow the order of the whole; a settings text is mostly ASCII, which tells. */
function isBigEndian(letters: Buffer, order: string): boolean {
  let first = 0;
  let second = 0;
  for (let i = 0; i + 1 < Math.min(letters.length, 400); i += 2) {
    if (letters[i] === 0) first++;
    if (letters[i + 1] === 0) second++;
  }
  return first === second ? order === "MM" : first > second;
}
