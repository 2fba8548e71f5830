/** Pictures of one colour, for tests. */
import type { Pixels } from "../../src-main/api/engine.ts";

export function plain(width: number, height: number, [red, green, blue]: readonly [number, number, number]): Pixels {
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < data.length; i += 4) data.set([red, green, blue, 255], i);
  return { width, height, data };
}

/** Red, green, blue and alpha at a place. */
export function pixelAt({ width, data }: Pixels, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
}
