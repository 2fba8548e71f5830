/** Pixels that came from the engine, as pictures that can be drawn. */
import type { AttentionMaps, Pixels } from "@api/engine.ts";

/** Pixels of the screen for one of the picture from which its pixels are shown as they are: blur would hide them. */
const PIXELS_FROM = 3;

/** Whether a picture `own` pixels wide that takes `shown` pixels of the screen shows its pixels, or is smooth. */
export function showsPixels(shown: number, own: number): boolean {
  return own > 0 && shown / own >= PIXELS_FROM;
}

export function pictureOf({ width, height, data }: Pixels): HTMLCanvasElement {
  return paint(width, height, new Uint8ClampedArray(data.buffer, data.byteOffset, data.byteLength));
}

/** Where a box's words look more than evenly, in its colour: the more, the less transparent. */
export function heatOf(
  { width, height, regions }: AttentionMaps,
  regionId: string,
  color: string,
): HTMLCanvasElement | undefined {
  const map = regions[regionId];
  if (!map) return undefined;
  const [red, green, blue] = channels(color);
  const peak = Math.max(...map, 1e-12);
  const data = new Uint8ClampedArray(width * height * 4);
  const even = 1 / map.length;
  for (const [i, value] of map.entries()) {
    const share = Math.max(0, value - even) / Math.max(peak - even, 1e-12);
    data.set([red, green, blue, 220 * Math.sqrt(share)], i * 4);
  }
  return paint(width, height, data);
}

function paint(width: number, height: number, data: Uint8ClampedArray<ArrayBuffer>): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")!.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}

/** Of `#rrggbb`. */
export function channels(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
