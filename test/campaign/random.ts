/** Random numbers that are the same at every run: each case has its own, from the campaign's seed, the part and the case's number. */

/** A whole number from 0 to n - 1. */
export type Pick = (n: number) => number;

export function randomOf(seed: number, part: string, index: number): Pick {
  let state = seed ^ Math.imul(index + 1, 0x9e3779b1);
  for (const letter of part) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  // mulberry32
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

export const oneOf = <T>(pick: Pick, values: readonly T[]): T => values[pick(values.length)]!;

/** Bytes that no compression makes smaller. */
export function noise(pick: Pick, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = pick(256);
  return bytes;
}

/** Some bits turned, a piece cut off, doubled, blanked or put in from elsewhere: what disks and transfers do to a file. */
export function damageBytes(bytes: Uint8Array, pick: Pick): Uint8Array<ArrayBuffer> {
  const at = pick(bytes.length + 1);
  const length = 1 + pick(oneOf(pick, [4, 64, 1024, 16_384]));
  switch (pick(6)) {
    case 0:
      return Uint8Array.from(bytes.subarray(0, at));
    case 1:
      return joined(bytes, noise(pick, length));
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - length)));
    case 4: {
      const copy = Uint8Array.from(bytes);
      copy.fill(oneOf(pick, [0, 255]), at, at + length);
      return copy;
    }
    default: {
      const copy = Uint8Array.from(bytes);
      if (copy.length > 0) for (let n = 1 + pick(4); n > 0; n--) copy[pick(copy.length)]! ^= 1 << pick(8);
      return copy;
    }
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}
