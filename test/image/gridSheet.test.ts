/** Grids on a page: rows and columns with their words, a picture in each cell, a frame where there is none. */
import { createCanvas } from "@napi-rs/canvas";
import { expect, test } from "vitest";
import { sheetPdf, sheetPngs } from "../../src-main/image/contactSheet.ts";
import { layOutGrid } from "../../src-main/image/gridLayout.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { gridCell, type SheetPicture } from "../../src-main/image/sheetPlan.ts";
import { pixelAt, plain } from "../support/pixels.ts";

const ruler = () => createCanvas(1, 1).getContext("2d");
const COLOURS = [
  [200, 0, 0],
  [0, 200, 0],
  [0, 0, 200],
] as const;
const picture = (n: number, caption: string[] = []): SheetPicture => ({
  ...{ width: 128, height: 128, caption, boxes: [] },
  pixels: () => plain(128, 128, COLOURS[n]!),
});
const grid = { rows: ["None", "iLGD"], columns: ["Seed 1", "Seed 2"], places: [0, 3, 2] };
const three = [picture(0), picture(1), picture(2)];

test("each picture stands in its cell, under its column's words and beside its row's", () => {
  const page = layOutGrid(ruler(), three, { grid, title: "Method × Seed", cell: 200 });
  const at = (text: string) => page.texts.find((one) => one.text === text)!;
  const [first, below, last] = page.pictures;
  expect(page.pictures.map(({ index }) => index)).toEqual([0, 2, 1]);
  expect(first!.y).toBeLessThan(last!.y);
  expect(below!.x).toBe(first!.x);
  expect(below!.y).toBe(last!.y);
  expect(at("Seed 1").y).toBeLessThan(first!.y);
  expect(at("Seed 2").x).toBeGreaterThan(first!.x + first!.width);
  const front = at("iLGD");
  expect(front.x + front.width).toBeLessThan(below!.x);
  expect(front.y).toBeGreaterThan(below!.y);
  expect(front.y).toBeLessThan(below!.y + below!.height);
  // The one cell without a picture is top right, as large as its neighbour is high.
  expect(page.blanks).toHaveLength(1);
  expect(page.blanks![0]!.y).toBe(first!.y);
  expect(page.blanks![0]!.x).toBeGreaterThan(first!.x + first!.width);
  expect(Math.max(...page.pictures.map(({ x, width }) => x + width))).toBeLessThanOrEqual(page.width);
});

test("the page is one PNG, and one page of a PDF", () => {
  const pages = [...sheetPngs(three, { grid, title: "Method × Seed", footer: "demo", cell: 200 })];
  expect(pages).toHaveLength(1);
  expect(pages[0]!.pictures).toEqual([0, 2, 1]);
  const { pixels } = decodePng(pages[0]!.png);
  const page = layOutGrid(ruler(), three, { grid, title: "Method × Seed", footer: "demo", cell: 200 });
  for (const { index, x, y, width, height } of page.pictures) {
    expect([...pixelAt(pixels, x + (width >> 1), y + (height >> 1))].slice(0, 3)).toEqual([...COLOURS[index]!]);
  }
  const pdf = sheetPdf(three, { grid, title: "Method × Seed" }).toString("latin1");
  expect(pdf.match(/\/Type \/Page\b/g)).toHaveLength(1);
});

test("cells get smaller where there are many, so that the largest grid can be drawn", () => {
  expect(gridCell(2, 3)).toBe(720);
  expect(gridCell(30, 30) * 30).toBeLessThanOrEqual(6_000);
  expect(gridCell(30, 2) * 30).toBeLessThanOrEqual(6_000);
  expect(gridCell(1, 1)).toBe(768);
});

test("a grid in one direction has words on that side alone", () => {
  const page = layOutGrid(ruler(), three, {
    grid: { rows: [""], columns: ["a", "b", "c"], places: [0, 1, 2] },
    cell: 100,
  });
  expect(page.texts.map(({ text }) => text)).toEqual(["a", "b", "c"]);
  expect(page.blanks).toEqual([]);
});
