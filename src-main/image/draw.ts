/** Rectangles, pictures and letters on pixels: what a sheet needs, no more. Everything is clipped to the canvas. */
import type { Pixels } from "../api/engine.ts";
import { GLYPH_ADVANCE, GLYPH_HEIGHT, GLYPH_WIDTH, glyphHas } from "./font.ts";

export type Colour = readonly [red: number, green: number, blue: number];

/** An opaque canvas of one colour. */
export function canvas(width: number, height: number, colour: Colour): Pixels {
  const pixels = { width, height, data: new Uint8Array(width * height * 4) };
  fillRect(pixels, 0, 0, width, height, colour);
  return pixels;
}

export function fillRect(to: Pixels, x: number, y: number, width: number, height: number, colour: Colour): void {
  const right = Math.min(to.width, x + width);
  const bottom = Math.min(to.height, y + height);
  for (let j = Math.max(0, y); j < bottom; j++) {
    for (let i = Math.max(0, x); i < right; i++) to.data.set([...colour, 255], (j * to.width + i) * 4);
  }
}

/** A frame of `thickness` pixels that lies inside the rectangle. */
export function strokeRect(
  to: Pixels,
  x: number,
  y: number,
  width: number,
  height: number,
  thickness: number,
  colour: Colour,
): void {
  const t = Math.min(thickness, width, height);
  fillRect(to, x, y, width, t, colour);
  fillRect(to, x, y + height - t, width, t, colour);
  fillRect(to, x, y, t, height, colour);
  fillRect(to, x + width - t, y, t, height, colour);
}

/** Lays `from` over the canvas with its top left at x, y. */
export function drawPixels(to: Pixels, from: Pixels, x: number, y: number): void {
  for (let j = Math.max(0, -y); j < from.height && y + j < to.height; j++) {
    for (let i = Math.max(0, -x); i < from.width && x + i < to.width; i++) {
      const source = (j * from.width + i) * 4;
      const target = ((y + j) * to.width + x + i) * 4;
      const alpha = from.data[source + 3]! / 255;
      for (let c = 0; c < 3; c++) {
        to.data[target + c] = Math.round(from.data[source + c]! * alpha + to.data[target + c]! * (1 - alpha));
      }
      to.data[target + 3] = 255;
    }
  }
}

/** Pixels that a line of text takes. */
export function textSize(text: string, scale: number): { width: number; height: number } {
  return {
    width: (Array.from(text).length * GLYPH_ADVANCE - (GLYPH_ADVANCE - GLYPH_WIDTH)) * scale,
    height: GLYPH_HEIGHT * scale,
  };
}

/** One line of text with its top left at x, y. */
export function drawText(to: Pixels, text: string, x: number, y: number, scale: number, colour: Colour): void {
  for (const [n, letter] of Array.from(text).entries()) {
    for (let j = 0; j < GLYPH_HEIGHT; j++) {
      for (let i = 0; i < GLYPH_WIDTH; i++) {
        if (!glyphHas(letter, i, j)) continue;
        fillRect(to, x + (n * GLYPH_ADVANCE + i) * scale, y + j * scale, scale, scale, colour);
      }
    }
  }
}

/** `text`, shortened with dots where it is wider than `width` pixels. */
export function fitText(text: string, scale: number, width: number): string {
  const letters = Array.from(text);
  const most = Math.floor(width / scale / GLYPH_ADVANCE);
  return letters.length <= most ? text : `${letters.slice(0, Math.max(0, most - 2)).join("")}..`;
}
