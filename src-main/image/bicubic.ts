/**
 * Pictures made smaller or larger by Keys' cubic (a = -0.5) or Lanczos' kernel of three lobes, stretched over the pixels that fall together,
 * in 8 bits after each pass: as Pillow's `resize` does it, which is what networks that look at pictures were trained behind.
 */
import type { Pixels } from "../api/engine.ts";

interface Taps {
  first: number;
  weights: readonly number[];
}

/** Bits behind the point of Pillow's weights. */
const POINT = 2 ** 22;

interface Kernel {
  /** Pixels to each side. */
  reach: number;
  at: (x: number) => number;
}

/** Red, green and blue [height, width, 3], 0 to 255, of the picture before a black ground, in another size. */
export function bicubic(pixels: Pixels, width: number, height: number): Uint8Array<ArrayBuffer> {
  return resampled(pixels, width, height, { reach: 2, at: cubic });
}

/** The same, sharper: what A1111's web UI calls Lanczos. */
export function lanczos(pixels: Pixels, width: number, height: number): Uint8Array<ArrayBuffer> {
  const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  return resampled(pixels, width, height, { reach: 3, at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) });
}

function resampled(pixels: Pixels, width: number, height: number, kernel: Kernel): Uint8Array<ArrayBuffer> {
  const columns = taps(pixels.width, width, kernel);
  const rows = taps(pixels.height, height, kernel);
  const colour = (at: number, c: number) => Math.round((pixels.data[at * 4 + c]! * pixels.data[at * 4 + 3]!) / 255);
  const wide = new Uint8Array(width * pixels.height * 3);
  for (let y = 0; y < pixels.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x]!;
      for (let c = 0; c < 3; c++) {
        wide[(y * width + x) * 3 + c] = summed(weights, (k) => colour(y * pixels.width + first + k, c));
      }
    }
  }
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y]!;
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        out[(y * width + x) * 3 + c] = summed(weights, (k) => wide[((first + k) * width + x) * 3 + c]!);
      }
    }
  }
  return out;
}

function summed(weights: readonly number[], of: (k: number) => number): number {
  let sum = POINT / 2;
  for (let k = 0; k < weights.length; k++) sum += weights[k]! * of(k);
  return Math.max(0, Math.min(255, Math.floor(sum / POINT)));
}

function taps(from: number, to: number, { reach, at }: Kernel): Taps[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach * stretch + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach * stretch + 0.5));
    const raw = Array.from({ length: end - first }, (_, k) => at((first + k - centre + 0.5) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((weight) => Math.round((weight / sum) * POINT)) };
  });
}

function cubic(x: number): number {
  const at = Math.abs(x);
  if (at < 1) return (1.5 * at - 2.5) * at * at + 1;
  return at < 2 ? ((-0.5 * at + 2.5) * at - 4) * at + 2 : 0;
}
