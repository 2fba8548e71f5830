/** Sizes to choose from: shapes of about as many pixels as the checkpoint was trained for. */
import type { Size } from "./geometry.ts";
import { formatSeconds } from "./jobs.svelte.ts";

export const SHAPES = [
  { name: "Square", ratio: [1, 1] },
  { name: "Landscape 4:3", ratio: [4, 3] },
  { name: "Portrait 3:4", ratio: [3, 4] },
  { name: "Landscape 3:2", ratio: [3, 2] },
  { name: "Portrait 2:3", ratio: [2, 3] },
  { name: "Wide 16:9", ratio: [16, 9] },
  { name: "Tall 9:16", ratio: [9, 16] },
] as const;

/** Times as many or as few pixels as the checkpoint was trained for from which its pictures suffer. */
const FAR = 2;

/** What to expect of a size far from what the checkpoint knows, with the seconds that a picture would take; undefined for others. */
export function farFromKnown(size: Size, known: Size, seconds: number | undefined): string | undefined {
  const times = (size.width * size.height) / (known.width * known.height);
  const isLong = Math.max(size.width, size.height) > FAR * Math.max(known.width, known.height);
  const time = seconds === undefined ? "" : ` A picture takes about ${formatSeconds(seconds)}.`;
  const knows = `The checkpoint knows ${known.width} × ${known.height}:`;
  if (times > FAR || isLong) return `${knows} in much larger pictures things repeat.${time}`;
  if (times < 1 / FAR) return `${knows} much smaller pictures come out blurred or without their things.${time}`;
  return undefined;
}

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
