/**
 * The PNG container (W3C PNG, third edition, section 5): a signature and chunks of length, type, data and CRC-32.
 * Every chunk that is read was checked, and what is wrong is said with the chunk's type and its byte in the file.
 */
import { crc32 } from "node:zlib";
import { AppError, invariant } from "../wire/errors.ts";

export interface Chunk {
  type: string;
  data: Uint8Array;
  /** Byte of the file at which the chunk begins; 0 for chunks to be written. */
  offset: number;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Larger files are no pictures of this program; the limits keep a hostile file from taking the memory. */
const LARGEST_FILE = 512 * 2 ** 20;
const MOST_CHUNKS = 100_000;

/** `image-invalid` with the place in the file. */
export function imageProblem(chunk: { type: string; offset: number }, message: string, cause?: unknown): AppError {
  return new AppError("image-invalid", `PNG chunk ${chunk.type} at byte ${chunk.offset}: ${message}`, {}, { cause });
}

/** Whether a file begins as a PNG. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** Width and height in pixels as the first bytes of a PNG say; nothing else is looked at. */
export function statedSize(bytes: Uint8Array): { width: number; height: number } {
  if (!isPng(bytes) || bytes.length < 33 || String.fromCharCode(...bytes.subarray(12, 16)) !== "IHDR") {
    throw new AppError("image-invalid", "not a PNG: the file does not begin as one", {});
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** Whether a picture can be shown without such a chunk: its first letter is small (section 5.4). */
function isAncillary(type: string): boolean {
  return /^[a-z]/.test(type);
}

/**
 * All chunks of a PNG from IHDR to IEND; what follows IEND is ignored, as the specification allows. An ancillary chunk
 * whose checksum is wrong is left out, as libpng does it, and told in `problems`: programs that change a comment without
 * its checksum leave picture and settings whole.
 */
export function readChunks(bytes: Uint8Array, problems: string[] = []): Chunk[] {
  if (!isPng(bytes)) {
    throw new AppError("image-invalid", "not a PNG: the file does not begin with the PNG signature", {});
  }
  if (bytes.length > LARGEST_FILE) {
    throw new AppError(
      "image-invalid",
      `a PNG of ${bytes.length} bytes is too large; at most ${LARGEST_FILE} are read`,
      {},
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let offset = SIGNATURE.length; ;) {
    if (offset + 12 > bytes.length) {
      throw new AppError(
        "image-invalid",
        `the PNG ends at byte ${bytes.length}, before its IEND chunk: it was cut off`,
        {},
      );
    }
    const length = view.getUint32(offset);
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    const chunk = { type, offset, data: bytes.subarray(offset + 8, offset + 8 + length) };
    if (!/^[A-Za-z]{4}$/.test(type))
      throw imageProblem({ type: JSON.stringify(type), offset }, "this is no chunk type");
    if (length > bytes.length - offset - 12) {
      throw imageProblem(chunk, `its ${length} bytes reach beyond the end of the file: it was cut off`);
    }
    const isWhole = crc32(bytes.subarray(offset + 4, offset + 8 + length)) === view.getUint32(offset + 8 + length);
    if (!isWhole && !isAncillary(type)) throw imageProblem(chunk, "its checksum is wrong: the file is damaged");
    if ((chunks.length === 0) !== (type === "IHDR"))
      throw imageProblem(chunk, "the first chunk, and only it, must be IHDR");
    if (!isWhole) problems.push(`chunk ${type} at byte ${offset}: its checksum is wrong, so it was left out`);
    else chunks.push(chunk);
    if (chunks.length + problems.length > MOST_CHUNKS) throw imageProblem(chunk, "too many chunks");
    if (type === "IEND") return chunks;
    offset += 12 + length;
  }
}

/** The file made of `chunks`, which begin with IHDR and end with IEND. */
export function writeChunks(chunks: readonly Chunk[]): Uint8Array<ArrayBuffer> {
  invariant(chunks[0]?.type === "IHDR" && chunks.at(-1)?.type === "IEND", "a PNG goes from IHDR to IEND");
  const size = chunks.reduce((sum, chunk) => sum + 12 + chunk.data.length, SIGNATURE.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(SIGNATURE);
  let offset = SIGNATURE.length;
  for (const { type, data } of chunks) {
    view.setUint32(offset, data.length);
    for (let i = 0; i < 4; i++) bytes[offset + 4 + i] = type.charCodeAt(i);
    bytes.set(data, offset + 8);
    const end = offset + 8 + data.length;
    view.setUint32(end, crc32(bytes.subarray(offset + 4, end)));
    offset = end + 4;
  }
  return bytes;
}
