/** Pictures made worse on purpose, as a decoder blurs and tints them: to measure what the judge can bear. */
import type { Pixels } from "../../src-main/api/engine.ts";
import type { Random } from "./random.ts";

export interface Wear {
  /** Standard deviation of the blur in pixels, 0 for none. */
  blur: number;
  /** Standard deviation of the noise, of 255. */
  noise: number;
  /** Standard deviation of a shift of each channel that the whole picture shares, of 255. */
  tint: number;
}

/** A worn copy of `pixels`. */
export function worn({ width, height, data }: Pixels, { blur, noise, tint }: Wear, random: Random): Pixels {
  const shift = [0, 1, 2].map(() => tint * random.normal());
  const reach = Math.ceil(2.5 * blur);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, k) =>
    blur === 0 ? 1 : Math.exp(-((k - reach) ** 2) / (2 * blur ** 2)),
  );
  const total = kernel.reduce((a, b) => a + b, 0);
  const clamp = (value: number, end: number) => Math.min(end, Math.max(0, value));
  const wide = new Float32Array(data.length);
  const result = new Uint8Array(data.length).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (const [k, weight] of kernel.entries())
          sum += weight * data[(y * width + clamp(x + k - reach, width - 1)) * 4 + c]!;
        wide[(y * width + x) * 4 + c] = sum / total;
      }
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (const [k, weight] of kernel.entries())
          sum += weight * wide[(clamp(y + k - reach, height - 1) * width + x) * 4 + c]!;
        result[(y * width + x) * 4 + c] = clamp(Math.round(sum / total + shift[c]! + noise * random.normal()), 255);
      }
    }
  }
  return { width, height, data: result };
}
