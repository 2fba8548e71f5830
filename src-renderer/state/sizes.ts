/** Sizes to choose from: shapes of about as many pixels as the checkpoint was trained for. */
import type { Size } from "./geometry.ts";

export const SHAPES = [
  { name: "Square", ratio: [1, 1] },
  { name: "Landscape 4:3", ratio: [4, 3] },
  { name: "Portrait 3:4", ratio: [3, 4] },
  { name: "Landscape 3:2", ratio: [3, 2] },
  { name: "Portrait 2:3", ratio: [2, 3] },
  { name: "Wide 16:9", ratio: [16, 9] },
  { name: "Tall 9:16", ratio: [9, 16] },
] as const;

/** The size of that shape with about as many pixels as `best`, in multiples of `unit`. */
export function sizeOf([across, down]: readonly [number, number], best: Size, unit: number): Size {
  const side = Math.sqrt((best.width * best.height) / (across * down));
  const round = (length: number) => Math.max(64, Math.round(length / unit) * unit);
  return { width: round(side * across), height: round(side * down) };
}

/** Each shape once, with its size; shapes that come out the same are left out. */
export function presets(best: Size, unit: number): { name: string; size: Size }[] {
  const seen = new Set<string>();
  return SHAPES.flatMap(({ name, ratio }) => {
    const size = sizeOf(ratio, best, unit);
    const key = `${size.width}x${size.height}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ name, size }];
  });
}
