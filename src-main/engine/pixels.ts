/** Between the network's planes of numbers and the pixels that people see. */
import type { Pixels } from "../api/engine.ts";
import type { Grid } from "../guidance/masks.ts";

/** Planes [3, height, width] of -1 to 1 as opaque 8-bit pixels, clamped and rounded to nearest. */
export function toPixels(planes: Float32Array, width: number, height: number): Pixels {
  const count = width * height;
  const data = new Uint8Array(4 * count).fill(255);
  for (let p = 0; p < count; p++) {
    for (let c = 0; c < 3; c++) {
      data[4 * p + c] = Math.round(255 * Math.min(1, Math.max(0, planes[c * count + p]! / 2 + 0.5)));
    }
  }
  return { width, height, data };
}

/** Planes [channels, height, width] with each side `factor` times as long, linear between the middles of the old cells. */
export function enlargePlanes(planes: Float32Array, { width, height }: Grid, factor: number): Float32Array {
  const channels = planes.length / (width * height);
  const out = new Float32Array(channels * width * height * factor * factor);
  const between = (at: number, count: number) => {
    const place = Math.min(Math.max((at + 0.5) / factor - 0.5, 0), count - 1);
    const first = Math.floor(place);
    return { first, second: Math.min(first + 1, count - 1), share: place - first };
  };
  const columns = Array.from({ length: width * factor }, (_, x) => between(x, width));
  let to = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height * factor; y++) {
      const row = between(y, height);
      const [above, below] = [(c * height + row.first) * width, (c * height + row.second) * width];
      for (const { first, second, share } of columns) {
        const upper = planes[above + first]! * (1 - share) + planes[above + second]! * share;
        const lower = planes[below + first]! * (1 - share) + planes[below + second]! * share;
        out[to++] = upper * (1 - row.share) + lower * row.share;
      }
    }
  }
  return out;
}

/** Means of `factor` x `factor` blocks of each plane [channels, height, width]; what does not fill a block is left out. */
export function poolPlanes(planes: Float32Array, size: Grid, factor: number): { planes: Float32Array; size: Grid } {
  const channels = planes.length / (size.height * size.width);
  const small = { height: Math.floor(size.height / factor), width: Math.floor(size.width / factor) };
  const out = new Float32Array(channels * small.height * small.width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < small.height * factor; y++) {
      for (let x = 0; x < small.width * factor; x++) {
        const to = (c * small.height + Math.floor(y / factor)) * small.width + Math.floor(x / factor);
        out[to]! += planes[(c * size.height + y) * size.width + x]! / (factor * factor);
      }
    }
  }
  return { planes: out, size: small };
}
