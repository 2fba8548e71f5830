/** Where everything stands on the pages of a sheet: pictures in rows, captions beneath them, as many rows as a page has room for. */
import { invariant } from "../wire/errors.ts";
import { BOX_COLORS, COLOR_COUNT } from "../scene/boxColors.ts";
import { thumbnailSize } from "./resize.ts";
import { cellFor, columnsFor, type SheetBox, type SheetOptions, type SheetPicture } from "./sheetPlan.ts";
import { font, wrap, type Context } from "./type.ts";

/** Text at a place, in pixels; `width` is the room it has, `y` its baseline. */
export interface PlacedText {
  text: string;
  x: number;
  y: number;
  width: number;
  size: number;
  weight: number;
  tone: "ink" | "muted";
  align: "start" | "end";
}
/** A spot of colour in front of a box's words. */
export interface PlacedSpot {
  x: number;
  y: number;
  size: number;
  color: string;
}
export interface PlacedPicture {
  /** Its place in the list of all. */
  index: number;
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface SheetPage {
  width: number;
  height: number;
  texts: PlacedText[];
  spots: PlacedSpot[];
  pictures: PlacedPicture[];
  /** Where a grid has no picture. */
  blanks?: Omit<PlacedPicture, "index">[];
}

const MOST_TITLE_LINES = 8;
const MOST_CAPTION_LINES = 4;
const MOST_FOOTER_LINES = 4;
const A4 = Math.SQRT2;
/** Pixels that a page that is not for paper may have in its height, or twice its width where that is more. */
const HIGHEST_SHEET = 4_800;
/** Pictures that grow by this or more show their pixels as squares. */
export const SQUARES_FROM = 3;

/** The colour of a box on paper. */
export function colorOf({ color }: SheetBox, place: number): string {
  return BOX_COLORS.light[(color ?? place) % COLOR_COUNT]!;
}

/** Text sizes and gaps, all from the side of a picture. */
export function measures(cell: number) {
  const text = Math.min(22, Math.max(11, Math.round(cell * 0.036)));
  return {
    text,
    line: Math.round(text * 1.42),
    title: Math.round(text * 1.7),
    gap: Math.max(10, Math.round(cell * 0.05)),
    margin: Math.max(16, Math.round(cell * 0.09)),
  };
}
export type Measures = ReturnType<typeof measures>;

/** What stands in a column: its texts and spots from 0, 0 on, and its height. */
interface Block {
  texts: PlacedText[];
  spots: PlacedSpot[];
  height: number;
}

/** The pages of a sheet; `ctx` only measures. */
export function layOut(ctx: Context, pictures: readonly SheetPicture[], options: SheetOptions): SheetPage[] {
  invariant(pictures.length > 0, "a sheet needs a picture");
  const columns = Math.max(1, Math.min(pictures.length, options.columns ?? columnsFor(pictures.length)));
  const cell = options.cell ?? cellFor(columns);
  const m = measures(cell);
  const inner = columns * cell + (columns - 1) * m.gap;
  const width = inner + 2 * m.margin;
  const kind = options.page ?? "sheet";
  const paper = Math.round(columns <= 3 ? width * A4 : width / A4);
  const most = kind === "paper" ? paper : kind === "sheet" ? Math.max(2 * width, HIGHEST_SHEET) : Infinity;
  const words = options.words ?? "none";

  const head = heading(ctx, options.title ?? "", words === "above" ? commonBoxes(pictures) : [], inner, m);
  const foot = footing(ctx, options.footer ?? "", inner - 5 * m.text, m);
  const bottom = (foot.height === 0 ? 0 : foot.height + m.gap) + m.margin;

  const pages: SheetPage[] = [];
  const begin = (): SheetPage => {
    const page = { width, height: 0, texts: [], spots: [], pictures: [] };
    pages.push(page);
    return page;
  };
  let page = begin();
  put(page, head, m.margin, m.margin);
  let y = m.margin + head.height;
  const end = () => {
    const height = y - m.gap + bottom;
    page.height = kind === "paper" ? Math.max(paper, height) : height;
    put(page, foot, m.margin, page.height - m.margin - foot.height);
  };
  for (let start = 0; start < pictures.length; start += columns) {
    const row = pictures.slice(start, start + columns).map((picture, column) => {
      const size = fitted(picture, cell);
      const x = m.margin + column * (cell + m.gap);
      return { size, x, caption: captionOf(ctx, picture, words === "each", cell, m) };
    });
    const tallest = Math.max(...row.map(({ size }) => size.height));
    const height = tallest + Math.max(...row.map(({ caption }) => caption.height));
    if (page.pictures.length > 0 && y + height + bottom > most) {
      end();
      page = begin();
      y = m.margin;
    }
    for (const [column, { size, x, caption }] of row.entries()) {
      page.pictures.push({ index: start + column, x, y: y + tallest - size.height, ...size });
      put(page, caption, x, y + tallest);
    }
    y += height + m.gap;
  }
  end();
  if (pages.length > 1) {
    // On the last line of the footer, or in the margin.
    const numberUp = foot.height > 0 ? m.margin + m.line - m.text : Math.round(m.margin * 0.45);
    for (const [n, one] of pages.entries()) {
      one.texts.push({
        ...{ text: `${n + 1} / ${pages.length}`, x: m.margin, y: one.height - numberUp, width: inner },
        ...{ size: m.text, weight: 500, tone: "muted", align: "end" },
      });
    }
  }
  return pages;
}

export function put(page: SheetPage, block: Block, x: number, y: number): void {
  page.texts.push(...block.texts.map((text) => ({ ...text, x: text.x + x, y: text.y + y })));
  page.spots.push(...block.spots.map((spot) => ({ ...spot, x: spot.x + x, y: spot.y + y })));
}

/** Small pictures grow by whole factors, so that their pixels stay squares; all others are as large as there is room. */
export function fitted({ width, height }: SheetPicture, cell: number): { width: number; height: number } {
  const factor = Math.floor(cell / Math.max(width, height));
  return factor >= SQUARES_FROM
    ? { width: width * factor, height: height * factor }
    : thumbnailSize(width, height, cell);
}

/** The boxes of all pictures, where all have the same words in the same order. */
export function commonBoxes(pictures: readonly SheetPicture[]): readonly SheetBox[] {
  const wordsOf = ({ boxes }: SheetPicture) => JSON.stringify(boxes.map((box, i) => [box.label, colorOf(box, i)]));
  const [first] = pictures;
  return first && pictures.every((one) => wordsOf(one) === wordsOf(first)) ? first.boxes : [];
}

export function heading(ctx: Context, title: string, boxes: readonly SheetBox[], width: number, m: Measures): Block {
  ctx.font = font(m.title, 600);
  const line = Math.round(m.title * 1.3);
  const lines = title === "" ? [] : wrap(ctx, title, width, MOST_TITLE_LINES);
  const look = { x: 0, width, size: m.title, weight: 600, tone: "ink", align: "start" } as const;
  const texts: PlacedText[] = lines.map((text, i) => ({ ...look, text, y: i * line + Math.round(m.title) }));
  const block: Block = { texts, spots: [], height: lines.length * line };
  if (boxes.length > 0) {
    const legend = spotted(ctx, boxes, width, m);
    const top = block.height + (lines.length > 0 ? Math.round(m.text * 0.6) : 0);
    add(block, legend, top);
  }
  if (block.height > 0) block.height += Math.round(m.gap * 1.1);
  return block;
}

export function captionOf(ctx: Context, picture: SheetPicture, withWords: boolean, width: number, m: Measures): Block {
  const block: Block = { texts: [], spots: [], height: 0 };
  const lines = picture.caption.filter((line) => line !== "");
  const hasWords = withWords && picture.boxes.length > 0;
  if (lines.length === 0 && !hasWords) return block;
  let y = Math.round(m.text * 0.55);
  for (const [n, line] of lines.entries()) {
    const weight = n === 0 ? 600 : 400;
    ctx.font = font(m.text, weight);
    for (const text of wrap(ctx, line, width, MOST_CAPTION_LINES)) {
      const tone = n === 0 ? "ink" : "muted";
      block.texts.push({ text, x: 0, y: y + m.text, width, size: m.text, weight, tone, align: "start" });
      y += m.line;
    }
  }
  block.height = y;
  if (hasWords) add(block, spotted(ctx, picture.boxes, width, m), y);
  return block;
}

export function footing(ctx: Context, footer: string, width: number, m: Measures): Block {
  if (footer === "") return { texts: [], spots: [], height: 0 };
  ctx.font = font(m.text, 400);
  const lines = wrap(ctx, footer, width, MOST_FOOTER_LINES);
  const look = { x: 0, width, size: m.text, weight: 400, tone: "muted", align: "start" } as const;
  return {
    texts: lines.map((text, i) => ({ ...look, text, y: i * m.line + m.text })),
    spots: [],
    height: lines.length * m.line,
  };
}

/** Words of boxes one after the other, each behind a spot of its colour. */
function spotted(ctx: Context, boxes: readonly SheetBox[], width: number, m: Measures): Block {
  ctx.font = font(m.text, 400);
  const block: Block = { texts: [], spots: [], height: 0 };
  const spot = Math.round(m.text * 0.72);
  const indent = spot + Math.round(m.text * 0.45);
  let x = 0;
  let y = 0;
  for (const [i, box] of boxes.entries()) {
    const lines = wrap(ctx, box.label === "" ? `Box ${i + 1}` : box.label, width - indent, MOST_CAPTION_LINES);
    const wide = Math.ceil(Math.max(0, ...lines.map((line) => ctx.measureText(line).width)));
    if (x > 0 && x + indent + wide > width) {
      x = 0;
      y += m.line;
    }
    block.spots.push({ x, y: y + Math.round(m.text * 0.32), size: spot, color: colorOf(box, i) });
    for (const [n, text] of lines.entries()) {
      const place = { x: x + indent, y: y + n * m.line + m.text, width: wide };
      block.texts.push({ text, ...place, size: m.text, weight: 400, tone: "ink", align: "start" });
    }
    if (lines.length > 1) {
      x = 0;
      y += lines.length * m.line;
    } else x += indent + wide + m.text;
  }
  block.height = x > 0 ? y + m.line : y;
  return block;
}

function add(block: Block, below: Block, y: number): void {
  block.texts.push(...below.texts.map((text) => ({ ...text, y: text.y + y })));
  block.spots.push(...below.spots.map((spot) => ({ ...spot, y: spot.y + y })));
  block.height = y + below.height;
}
