/**
 * Looks at a MessagePack message before anything is made of it: how deep it nests and how many values it has. A few bytes can ask
 * for millions of empty lists; here they cost a walk over the bytes and no memory.
 */

export interface Bounds {
  /** Lists and maps within each other. */
  depth: number;
  /** Values in all, keys of maps included. */
  values: number;
}

/** What is wrong with a message that is no message at all. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Throws `FrameError` unless `bytes` are exactly one value within `bounds`. */
export function checkShape(bytes: Uint8Array, { depth, values }: Bounds): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** Values that the lists and maps around this place still want, innermost last. */
  const open: number[] = [];
  let at = 0;
  let seen = 0;
  const length = (size: 1 | 2 | 4): number => {
    if (at + size > bytes.length) throw new FrameError("it ends in the middle of a value");
    const value = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at) : view.getUint32(at);
    at += size;
    return value;
  };
  const skip = (size: number) => {
    if (at + size > bytes.length) throw new FrameError("it ends in the middle of a value");
    at += size;
  };
  do {
    if (++seen > values) throw new FrameError(`it has more than ${values} values`);
    const wanted = contentsOf(length(1), length, skip);
    if (wanted > values - seen) throw new FrameError(`it has more than ${values} values`);
    if (open.length > 0) open[open.length - 1]!--;
    if (wanted > 0) open.push(wanted);
    if (open.length > depth) throw new FrameError(`it nests deeper than ${depth} levels`);
    while (open.at(-1) === 0) open.pop();
  } while (open.length > 0);
  if (at !== bytes.length) throw new FrameError("something stands behind its end");
}

/** How many values are in the one that begins with `first`, whose own bytes are passed over. */
function contentsOf(first: number, length: (size: 1 | 2 | 4) => number, skip: (size: number) => void): number {
  if (first <= 0x7f || first >= 0xe0) return 0; // a small number
  if (first <= 0x8f) return 2 * (first & 0x0f);
  if (first <= 0x9f) return first & 0x0f;
  if (first <= 0xbf) {
    skip(first & 0x1f);
    return 0;
  }
  switch (first) {
    case 0xc1:
      throw new FrameError("it has a byte that no value begins with");
    case 0xc4:
    case 0xd9:
      skip(length(1));
      return 0;
    case 0xc5:
    case 0xda:
      skip(length(2));
      return 0;
    case 0xc6:
    case 0xdb:
      skip(length(4));
      return 0;
    case 0xc7:
    case 0xc8:
    case 0xc9:
      skip(length(first === 0xc7 ? 1 : first === 0xc8 ? 2 : 4) + 1);
      return 0;
    case 0xdc:
      return length(2);
    case 0xdd:
      return length(4);
    case 0xde:
      return 2 * length(2);
    case 0xdf:
      return 2 * length(4);
    default:
      skip(FIXED[first] ?? 0);
      return 0;
  }
}

/** Bytes behind the first one. */
const FIXED: Record<number, number> = {
  ...{ 0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8 },
  ...{ 0xd4: 2, 0xd5: 3, 0xd6: 5, 0xd7: 9, 0xd8: 17 },
};
