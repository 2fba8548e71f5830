/** IEEE 754 half precision, for runtimes without `Float16Array`. */

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** Bits of the half nearest to `x`, ties to even; too large becomes infinity. */
export function toHalf(x: number): number {
  floats[0] = x;
  const f = bits[0]!;
  const sign = (f >>> 16) & 0x8000;
  const magnitude = f & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65536 or more
  if (magnitude < 0x38800000) {
    // Subnormal: the unit is 2^-24, and adding 0.5 in single precision rounds to it.
    floats[0] = Math.abs(floats[0]) + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** The number that the low 16 bits of `half` mean. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function halvesOf(numbers: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(numbers, toHalf);
}

export function floatsOf(halves: ArrayLike<number>): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, fromHalf);
}
