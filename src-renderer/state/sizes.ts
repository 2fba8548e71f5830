/** Sizes to choose from: shapes of about as many pixels as the checkpoint was trained for. */
import type { ModelFamily } from "@api/models.ts";
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

/** Sizes that Stable Diffusion XL was trained on most (arXiv 2307.01952, appendix I), each of about 1024 x 1024 pixels in multiples of 64. */
const XL_SIZES = [
  { name: "Square", width: 1024, height: 1024 },
  { name: "Landscape 9:7", width: 1152, height: 896 },
  { name: "Portrait 7:9", width: 896, height: 1152 },
  { name: "Landscape 3:2", width: 1216, height: 832 },
  { name: "Portrait 2:3", width: 832, height: 1216 },
  { name: "Wide 16:9", width: 1344, height: 768 },
  { name: "Tall 9:16", width: 768, height: 1344 },
  { name: "Panorama 12:5", width: 1536, height: 640 },
  { name: "Banner 5:12", width: 640, height: 1536 },
] as const;

/** The sizes to choose from for a checkpoint of this family that is best at `best`; XL's own, where it is best at theirs. */
export function sizesFor(best: Size, unit: number, family: ModelFamily | undefined): { name: string; size: Size }[] {
  if (family !== "sdxl") return presets(best, unit);
  if (best.width * best.height !== 1024 * 1024) return presets(best, 64);
  return XL_SIZES.map(({ name, width, height }) => ({ name, size: { width, height } }));
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
