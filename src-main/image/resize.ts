/** Pictures in other sizes, for thumbnails and sheets. */
import type { Pixels } from "../api/engine.ts";
import { invariant } from "../wire/errors.ts";

/** For one pixel of the result: the first pixel of the source and the weights from there on, which sum to 1. */
interface Taps {
  first: number;
  weights: number[];
}

/**
 * `pixels` in another size. A side that shrinks averages the area that each new pixel covers; a side that grows
 * repeats pixels, so that small pictures stay crisp.
 */
export function resize(pixels: Pixels, width: number, height: number): Pixels {
  invariant(
    width >= 1 && height >= 1 && Number.isInteger(width) && Number.isInteger(height),
    `no size: ${width} x ${height}`,
  );
  if (width === pixels.width && height === pixels.height) return { width, height, data: pixels.data.slice() };
  const columns = taps(pixels.width, width);
  const rows = taps(pixels.height, height);

  // Colours are weighed by their alpha: the colour of a transparent pixel means nothing.
  const wide = new Float32Array(width * pixels.height * 4); // [source height, width, RGBA]
  for (let y = 0; y < pixels.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x]!;
      const to = (y * width + x) * 4;
      for (let k = 0; k < weights.length; k++) {
        const from = (y * pixels.width + first + k) * 4;
        const alpha = weights[k]! * pixels.data[from + 3]!;
        for (let c = 0; c < 3; c++) wide[to + c]! += alpha * pixels.data[from + c]!;
        wide[to + 3]! += alpha;
      }
    }
  }
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y]!;
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0, 0];
      for (let k = 0; k < weights.length; k++) {
        const from = ((first + k) * width + x) * 4;
        for (let c = 0; c < 4; c++) sum[c]! += weights[k]! * wide[from + c]!;
      }
      const alpha = sum[3]!;
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) data[to + c] = alpha === 0 ? 0 : Math.round(sum[c]! / alpha);
      data[to + 3] = Math.round(alpha);
    }
  }
  return { width, height, data };
}

function taps(from: number, to: number): Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (scale <= 1) return { first: Math.floor((i + 0.5) * scale), weights: [1] };
    const [start, end] = [i * scale, Math.min(from, (i + 1) * scale)];
    const first = Math.floor(start);
    const weights: number[] = [];
    for (let k = first; k < end; k++) weights.push((Math.min(k + 1, end) - Math.max(k, start)) / (end - start));
    return { first, weights };
  });
}

/** The largest size within `side` x `side` with the picture's proportions, at least one pixel each way. */
export function thumbnailSize(width: number, height: number, side: number): { width: number; height: number } {
  const scale = side / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
