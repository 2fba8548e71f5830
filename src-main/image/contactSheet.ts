/** Several pictures on a sheet that can be sent to somebody, as PNG pages or as one PDF. */
import { createCanvas, Path2D, PDFDocument, type Canvas } from "@napi-rs/canvas";
import type { Pixels } from "../api/engine.ts";
import { layOutGrid } from "./gridLayout.ts";
import { resize } from "./resize.ts";
import { colorOf, layOut, SQUARES_FROM, type SheetPage } from "./sheetLayout.ts";
import type { SheetOptions, SheetPicture } from "./sheetPlan.ts";
import { isRightToLeft } from "../scene/rightToLeft.ts";
import { pathOf } from "../scene/shapes.ts";
import { font, type Context } from "./type.ts";

export type { SheetOptions, SheetPicture } from "./sheetPlan.ts";

const PAPER = "#ffffff";
const TONES = { ink: "#181a22", muted: "#5a6072" };
const HALO = "#ffffff";
/** The frame of a cell without a picture. */
const BLANK = "#c3c7d2";
/** A4 across, in points; the long side where a sheet lies. */
const A4_POINTS = { upright: 595.28, lying: 841.89 };

/** A page as a PNG without texts, and which of the pictures are on it. */
export interface DrawnPage {
  png: Uint8Array<ArrayBuffer>;
  pictures: number[];
}

/** The sheet as PNG pages, one after the other: each is drawn when it is asked for. */
export function* sheetPngs(pictures: readonly SheetPicture[], options: SheetOptions = {}): Generator<DrawnPage> {
  for (const page of pagesOf(pictures, options)) {
    const canvas = drawn(page, pictures, options);
    yield { png: new Uint8Array(canvas.toBuffer("image/png")), pictures: page.pictures.map(({ index }) => index) };
  }
}

/** The sheet as pixels, all of it on one page. */
export function sheetPixels(pictures: readonly SheetPicture[], options: SheetOptions = {}): Pixels {
  const [page] = layOut(ruler(), pictures, { ...options, page: "scroll" });
  const { width, height } = page!;
  const { data } = drawn(page!, pictures, options).getContext("2d").getImageData(0, 0, width, height);
  return { width, height, data: Uint8Array.from(data) };
}

/** The sheet as a PDF of A4 pages, with its type as type. */
export function sheetPdf(pictures: readonly SheetPicture[], options: SheetOptions = {}): Buffer {
  const pages = pagesOf(pictures, { page: "paper", ...options });
  const title = options.title ?? "Contact sheet";
  const pdf = new PDFDocument({ title, creator: "Diorama", producer: "Diorama", encodingQuality: 92 });
  for (const page of pages) {
    const across = page.height > page.width ? A4_POINTS.upright : A4_POINTS.lying;
    const scale = across / page.width;
    const ctx = pdf.beginPage(across, page.height * scale) as Context;
    ctx.scale(scale, scale);
    drawPage(ctx, page, pictures, options);
    pdf.endPage();
  }
  return pdf.close();
}

function pagesOf(pictures: readonly SheetPicture[], { grid, ...options }: SheetOptions): SheetPage[] {
  return grid ? [layOutGrid(ruler(), pictures, { ...options, grid })] : layOut(ruler(), pictures, options);
}

function ruler(): Context {
  return createCanvas(1, 1).getContext("2d");
}

function drawn(page: SheetPage, pictures: readonly SheetPicture[], options: SheetOptions): Canvas {
  const canvas = createCanvas(page.width, page.height);
  drawPage(canvas.getContext("2d"), page, pictures, options);
  return canvas;
}

function drawPage(ctx: Context, page: SheetPage, pictures: readonly SheetPicture[], options: SheetOptions): void {
  ctx.fillStyle = PAPER;
  ctx.fillRect(0, 0, page.width, page.height);
  for (const { index, x, y, width, height } of page.pictures) {
    const picture = pictures[index]!;
    const pixels = picture.pixels();
    // Area averages where it shrinks and squares where it grows much; between them the canvas's own smoothing.
    const isSmooth = width > pixels.width && width < SQUARES_FROM * pixels.width;
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(canvasOf(isSmooth ? pixels : resize(pixels, width, height)), x, y, width, height);
    if (options.boxes) drawBoxes(ctx, picture, { x, y, width, height });
  }
  for (const { x, y, width, height } of page.blanks ?? []) {
    ctx.strokeStyle = BLANK;
    ctx.lineWidth = 2;
    ctx.setLineDash([8, 6]);
    ctx.strokeRect(x + 1, y + 1, width - 2, height - 2);
    ctx.setLineDash([]);
  }
  for (const { x, y, size, color } of page.spots) {
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.roundRect(x, y, size, size, size * 0.25);
    ctx.fill();
  }
  for (const { text, x, y, width, size, weight, tone, align } of page.texts) {
    const isFromRight = isRightToLeft(text);
    ctx.font = font(size, weight);
    ctx.fillStyle = TONES[tone];
    ctx.direction = isFromRight ? "rtl" : "ltr";
    ctx.textAlign = isFromRight || align === "end" ? "right" : "left";
    ctx.fillText(text, ctx.textAlign === "right" ? x + width : x, y);
  }
}

export function canvasOf({ width, height, data }: Pixels): Canvas {
  const canvas = createCanvas(width, height);
  const ctx = canvas.getContext("2d");
  const image = ctx.createImageData(width, height);
  image.data.set(data);
  ctx.putImageData(image, 0, 0);
  return canvas;
}

interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Outlines between two white lines, inside the regions, readable on any picture. */
function drawBoxes(ctx: Context, { boxes }: SheetPicture, frame: Frame): void {
  const line = Math.max(2, Math.round(Math.max(frame.width, frame.height) / 160));
  ctx.save();
  ctx.beginPath();
  ctx.rect(frame.x, frame.y, frame.width, frame.height);
  ctx.clip();
  for (const [i, one] of boxes.entries()) {
    const x = frame.x + one.box.x * frame.width;
    const y = frame.y + one.box.y * frame.height;
    const [width, height] = [one.box.width * frame.width, one.box.height * frame.height];
    if (one.shape) {
      drawShape(ctx, new Path2D(pathOf(one.shape, { x, y, width, height })), colorOf(one, i), line);
      continue;
    }
    for (const [style, thick] of [
      [HALO, line + 2],
      [colorOf(one, i), line],
    ] as const) {
      // Inside the box: at the picture's edge nothing is cut off.
      const inset = (line + 2) / 2;
      ctx.strokeStyle = style;
      ctx.lineWidth = thick;
      ctx.strokeRect(x + inset, y + inset, Math.max(1, width - 2 * inset), Math.max(1, height - 2 * inset));
    }
  }
  ctx.restore();
}

/** Each line is drawn twice as wide, and its outer half cut off. */
function drawShape(ctx: Context, outline: Path2D, color: string, line: number): void {
  ctx.save();
  ctx.clip(outline, "evenodd");
  ctx.lineJoin = "round";
  for (const [style, thick] of [
    [HALO, line + 2],
    [color, line + 1],
    [HALO, 1],
  ] as const) {
    ctx.strokeStyle = style;
    ctx.lineWidth = 2 * thick;
    ctx.stroke(outline);
  }
  ctx.restore();
}
