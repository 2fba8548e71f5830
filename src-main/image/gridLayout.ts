/** Where everything stands on the page of a grid: what each row and each column says, pictures in their cells, a frame where there is none. */
import { invariant } from "../wire/errors.ts";
import {
  captionOf,
  commonBoxes,
  fitted,
  footing,
  heading,
  measures,
  put,
  type PlacedText,
  type SheetPage,
} from "./sheetLayout.ts";
import { gridCell, type GridPlan, type SheetOptions, type SheetPicture } from "./sheetPlan.ts";
import { font, wrap, type Context } from "./type.ts";

const MOST_LABEL_LINES = 3;
/** A row's words take at most so much of a cell's width. */
const WIDEST_LABEL = 0.5;

/** The one page of a grid; `ctx` only measures. */
export function layOutGrid(
  ctx: Context,
  pictures: readonly SheetPicture[],
  options: SheetOptions & { grid: GridPlan },
): SheetPage {
  const { rows, columns, places } = options.grid;
  invariant(places.length === pictures.length, "each picture of a grid has its place");
  const cell = options.cell ?? gridCell(rows.length, columns.length);
  const m = measures(cell);
  /** Of what rows and columns say: larger than what stands beneath pictures. */
  const type = Math.round(m.text * 1.2);
  const line = Math.round(type * 1.35);
  const label = labels(ctx, type);
  const rowWords = rows.map((text) => label(text, cell * WIDEST_LABEL));
  const front = Math.max(0, ...rowWords.map(({ width }) => width));
  const left = m.margin + front + (front > 0 ? m.gap : 0);
  const inner = left - m.margin + columns.length * cell + (columns.length - 1) * m.gap;
  const page: SheetPage = { width: inner + 2 * m.margin, height: 0, texts: [], spots: [], pictures: [], blanks: [] };

  const head = heading(ctx, options.title ?? "", options.words === "above" ? commonBoxes(pictures) : [], inner, m);
  put(page, head, m.margin, m.margin);
  let y = m.margin + head.height;

  const columnWords = columns.map((text) => label(text, cell));
  const above = Math.max(0, ...columnWords.map(({ lines }) => lines.length)) * line;
  for (const [c, { lines }] of columnWords.entries()) {
    const x = left + c * (cell + m.gap);
    const first = y + above - lines.length * line;
    page.texts.push(...lines.map((text, i) => written(text, x, first + i * line + type, cell, type, "start")));
  }
  y += above === 0 ? 0 : above + Math.round(m.text * 0.4);

  const at = new Map(places.map((place, index) => [place, index]));
  for (const [r, words] of rowWords.entries()) {
    const row = columns.map((_, c) => {
      const index = at.get(r * columns.length + c);
      const picture = index === undefined ? undefined : pictures[index]!;
      const caption = picture && captionOf(ctx, picture, options.words === "each", cell, m);
      return { index, picture, caption, x: left + c * (cell + m.gap) };
    });
    const sizes = row.flatMap(({ picture }) => (picture ? [fitted(picture, cell)] : []));
    const tallest = sizes.length === 0 ? cell : Math.max(...sizes.map(({ height }) => height));
    for (const { index, picture, caption, x } of row) {
      if (index === undefined || !picture) page.blanks!.push({ x, y, width: cell, height: tallest });
      else {
        const size = fitted(picture, cell);
        page.pictures.push({
          index,
          x: x + Math.floor((cell - size.width) / 2),
          y: y + tallest - size.height,
          ...size,
        });
        if (caption) put(page, caption, x, y + tallest);
      }
    }
    const middle = y + tallest / 2 - (words.lines.length * line) / 2;
    page.texts.push(
      ...words.lines.map((text, i) => written(text, m.margin, middle + i * line + type, front, type, "end")),
    );
    y += tallest + Math.max(0, ...row.map(({ caption }) => caption?.height ?? 0)) + m.gap;
  }
  const foot = footing(ctx, options.footer ?? "", inner, m);
  put(page, foot, m.margin, y);
  page.height = y - m.gap + (foot.height === 0 ? 0 : m.gap + foot.height) + m.margin;
  return page;
}

function labels(ctx: Context, size: number) {
  return (text: string, width: number) => {
    ctx.font = font(size, 600);
    const lines = text === "" ? [] : wrap(ctx, text, width, MOST_LABEL_LINES);
    return { lines, width: Math.ceil(Math.max(0, ...lines.map((line) => ctx.measureText(line).width))) };
  };
}

function written(text: string, x: number, y: number, width: number, size: number, align: "start" | "end"): PlacedText {
  return { text, x, y: Math.round(y), width, size, weight: 600, tone: "ink", align };
}
