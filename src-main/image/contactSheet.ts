/**
 * Several pictures on one sheet, with a line of text under each and their boxes drawn: for comparing seeds and
 * methods.
 */
import type { Pixels } from "../api/engine.ts";
import { invariant } from "../api/errors.ts";
import type { UnitBox } from "../api/scene.ts";
import { canvas, drawPixels, drawText, fillRect, fitText, strokeRect, textSize, type Colour } from "./draw.ts";
import { resize, thumbnailSize } from "./resize.ts";

export interface SheetPicture {
  pixels: Pixels;
  /** Stands under the picture. */
  label: string;
  /** Boxes with the same place in the list have the same colour on the whole sheet. */
  boxes: readonly { box: UnitBox; label: string }[];
}

export interface SheetOptions {
  /** Stands above all pictures. */
  title?: string;
  /** Pictures in a row; by default as many as make the sheet about square. */
  columns?: number;
  /** Side of the square that each picture is fitted in; 320 by default. Small pictures grow by whole factors. */
  cell?: number;
}

/** Okabe & Ito 2008, told apart with any kind of colour vision; without its black and gray, which pictures swallow. */
const BOX_COLOURS: readonly Colour[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
];
const PAPER: Colour = [250, 250, 248];
const INK: Colour = [32, 33, 36];
const WHITE: Colour = [255, 255, 255];
const GAP = 12;

/** The sheet as pixels. */
export function contactSheet(pictures: readonly SheetPicture[], options: SheetOptions = {}): Pixels {
  invariant(pictures.length > 0, "a sheet needs a picture");
  const cell = options.cell ?? 320;
  const columns = Math.min(pictures.length, options.columns ?? Math.ceil(Math.sqrt(pictures.length)));
  const rows = Math.ceil(pictures.length / columns);
  const scale = Math.max(1, Math.round(cell / 160));
  const line = textSize("", scale).height + 8;
  const titleHeight = options.title === undefined ? 0 : line;
  const width = GAP + columns * (cell + GAP);
  const sheet = canvas(width, GAP + titleHeight + rows * (cell + line + GAP), PAPER);
  if (options.title !== undefined)
    drawText(sheet, fitText(options.title, scale, width - 2 * GAP), GAP, GAP, scale, INK);

  for (const [n, picture] of pictures.entries()) {
    const left = GAP + (n % columns) * (cell + GAP);
    const top = GAP + titleHeight + Math.floor(n / columns) * (cell + line + GAP);
    const fitted = fit(picture.pixels, cell);
    const x = left + Math.floor((cell - fitted.width) / 2);
    const y = top + Math.floor((cell - fitted.height) / 2);
    drawPixels(sheet, fitted, x, y);
    for (const [i, { box, label }] of picture.boxes.entries()) {
      drawBox(
        sheet,
        box,
        label,
        { x, y, width: fitted.width, height: fitted.height },
        scale,
        BOX_COLOURS[i % BOX_COLOURS.length]!,
      );
    }
    drawText(sheet, fitText(picture.label, scale, cell), left, top + cell + 5, scale, INK);
  }
  return sheet;
}

function fit(pixels: Pixels, cell: number): Pixels {
  const factor = Math.floor(cell / Math.max(pixels.width, pixels.height));
  const size =
    factor >= 1
      ? { width: pixels.width * factor, height: pixels.height * factor }
      : thumbnailSize(pixels.width, pixels.height, cell);
  return resize(pixels, size.width, size.height);
}

/**
 * Outline between two white lines, readable on any picture, and a tag on the box, or inside where there is no room
 * above.
 */
function drawBox(
  sheet: Pixels,
  box: UnitBox,
  label: string,
  frame: { x: number; y: number; width: number; height: number },
  scale: number,
  colour: Colour,
): void {
  const x = frame.x + Math.round(box.x * frame.width);
  const y = frame.y + Math.round(box.y * frame.height);
  const width = frame.x + Math.round((box.x + box.width) * frame.width) - x;
  const height = frame.y + Math.round((box.y + box.height) * frame.height) - y;
  strokeRect(sheet, x, y, width, height, scale + 2, WHITE);
  strokeRect(sheet, x, y, width, height, scale + 1, colour);

  // The largest letters that there is room for, down to the font's own size; a tag may be a little wider than its box.
  const widest = Math.min(frame.x + frame.width - x, width * 1.25);
  const room = (letters: number) => widest - 4 * letters;
  let letters = scale;
  while (letters > 1 && textSize(label, letters).width > room(letters)) letters--;
  const text = fitText(label, letters, room(letters));
  if (text === "" || text === "..") return;
  const size = textSize(text, letters);
  const tagHeight = size.height + 2 * letters;
  const top = y - tagHeight >= frame.y ? y - tagHeight : y;
  fillRect(sheet, x, top, size.width + 4 * letters, tagHeight, colour);
  // Dark letters on the bright colours: luminance by Rec. 709.
  const isBright = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2] > 120;
  drawText(sheet, text, x + 2 * letters, top + 2 * letters, letters, isBright ? INK : WHITE);
}
