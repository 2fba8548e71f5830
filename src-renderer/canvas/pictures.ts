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

export function copyOf(bitmap: ImageBitmap): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
  return canvas;
}

/** Of the outline of attention, in pixels of its picture. */
const LINE = { side: 512, wide: 1 };

/** Around where a box's words look at least half as much as where they look most, in its colour: the picture inside is to be seen. */
export function heatOf(
  { width, height, regions }: AttentionMaps,
  regionId: string,
  color: string,
): HTMLCanvasElement | undefined {
  const map = regions[regionId];
  if (!map) return undefined;
  const [red, green, blue] = channels(color);
  const peak = Math.max(...map, 1e-12);
  const even = 1 / map.length;
  const half = even + (peak - even) / 2;
  const scale = LINE.side / Math.max(width, height);
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  const inside = new Uint8Array(wide * high);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++)
      inside[y * wide + x] = between(map, width, height, x / scale, y / scale) >= half ? 1 : 0;
  }
  const data = new Uint8ClampedArray(wide * high * 4);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const here = inside[y * wide + x];
      const isEdge = (reach: number) =>
        [-reach, reach].some((by) => {
          const [other, under] = [x + by, y + by];
          return (
            (other >= 0 && other < wide && inside[y * wide + other] !== here) ||
            (under >= 0 && under < high && inside[under * wide + x] !== here)
          );
        });
      const at = (y * wide + x) * 4;
      if (isEdge(LINE.wide)) data.set([red, green, blue, 255], at);
      else if (isEdge(2 * LINE.wide)) data.set([8, 9, 14, 150], at);
      else if (here) data.set([red, green, blue, 26], at);
    }
  }
  return paint(wide, high, data);
}

/** A map's value between its cells, whose middles lie at halves. */
function between(map: Float32Array, width: number, height: number, x: number, y: number): number {
  const left = Math.min(Math.max(x - 0.5, 0), width - 1);
  const top = Math.min(Math.max(y - 0.5, 0), height - 1);
  const [i, j] = [Math.floor(left), Math.floor(top)];
  const [u, v] = [left - i, top - j];
  const cell = (a: number, b: number) => map[Math.min(b, height - 1) * width + Math.min(a, width - 1)]!;
  const upper = cell(i, j) * (1 - u) + cell(i + 1, j) * u;
  const lower = cell(i, j + 1) * (1 - u) + cell(i + 1, j + 1) * u;
  return upper * (1 - v) + lower * v;
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
