import { describe, expect, test } from "vitest";
import type { Pixels } from "../../src-main/api/engine.ts";
import { contactSheet } from "../../src-main/image/contactSheet.ts";
import { canvas, drawPixels, drawText, fillRect, fitText, strokeRect } from "../../src-main/image/draw.ts";
import { resize, thumbnailSize } from "../../src-main/image/resize.ts";

function gray(rows: number[][]): Pixels {
  const data = Uint8Array.from(rows.flat().flatMap((value) => [value, value, value, 255]));
  return { width: rows[0]!.length, height: rows.length, data };
}
function grays({ width, height, data }: Pixels): number[][] {
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => data[(y * width + x) * 4]!));
}
/** The canvas with ink as # and paper as dots, which a reviewer can read. */
function print(pixels: Pixels): string {
  return grays(pixels)
    .map((row) => row.map((value) => (value < 128 ? "#" : ".")).join(""))
    .join("\n");
}
const at = ({ width, data }: Pixels, x: number, y: number) => [
  ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4),
];

describe("resize", () => {
  test("averages the area that a new pixel covers", () => {
    expect(
      grays(
        resize(
          gray([
            [0, 100, 30, 50],
            [20, 40, 70, 90],
          ]),
          2,
          1,
        ),
      ),
    ).toEqual([[40, 60]]);
  });

  test("counts pixels that are covered in part by their part", () => {
    // 3 to 2: the middle pixel belongs to both by a half, so (90 + 30 / 2) / 1.5 and (30 / 2 + 0) / 1.5.
    expect(grays(resize(gray([[90, 30, 0]]), 2, 1))).toEqual([[70, 10]]);
  });

  test("repeats pixels when growing", () => {
    expect(grays(resize(gray([[1, 2]]), 4, 2))).toEqual([
      [1, 1, 2, 2],
      [1, 1, 2, 2],
    ]);
  });

  test("ignores the colour of transparent pixels", () => {
    const pixels = { width: 2, height: 1, data: Uint8Array.of(200, 100, 50, 255, 0, 0, 0, 0) };
    expect(at(resize(pixels, 1, 1), 0, 0)).toEqual([200, 100, 50, 128]);
  });

  test("keeps the mean of any picture", () => {
    const values = Array.from({ length: 63 }, (_, i) => (i * 53) % 256);
    const small = resize(gray([values]), 10, 1);
    const mean = (list: number[]) => list.reduce((a, b) => a + b) / list.length;
    expect(mean(grays(small)[0]!)).toBeCloseTo(mean(values), 0);
  });

  test("to the same size is a copy", () => {
    const pixels = gray([[1, 2]]);
    const copy = resize(pixels, 2, 1);
    expect(copy).toEqual(pixels);
    expect(copy.data).not.toBe(pixels.data);
  });

  test("for a thumbnail keeps proportions and at least a pixel", () => {
    expect(thumbnailSize(512, 256, 64)).toEqual({ width: 64, height: 32 });
    expect(thumbnailSize(2048, 1, 64)).toEqual({ width: 64, height: 1 });
  });
});

describe("drawing", () => {
  test("writes letters that a person can read", () => {
    const paper = canvas(23, 9, [255, 255, 255]);
    drawText(paper, "Ag7%", 0, 0, 1, [0, 0, 0]);
    expect(`\n${print(paper)}`).toMatchInlineSnapshot(`
      "
      .###........#####.##...
      #...#...........#.##..#
      #...#..####....#.....#.
      #...#.#...#...#.....#..
      #####.#...#..#.....#...
      #...#.#...#..#....#..##
      #...#..####..#.......##
      ..........#............
      .......###............."
    `);
  });

  test("clips to the canvas on every side", () => {
    const paper = canvas(3, 3, [255, 255, 255]);
    fillRect(paper, -5, -5, 6, 6, [0, 0, 0]);
    drawPixels(
      paper,
      gray([
        [0, 0],
        [0, 0],
      ]),
      2,
      2,
    );
    strokeRect(paper, 10, 10, 5, 5, 1, [0, 0, 0]);
    expect(print(paper)).toBe("#..\n...\n..#");
  });

  test("draws a frame inside its rectangle", () => {
    const paper = canvas(5, 4, [255, 255, 255]);
    strokeRect(paper, 0, 0, 5, 4, 1, [0, 0, 0]);
    expect(print(paper)).toBe("#####\n#...#\n#...#\n#####");
  });

  test("lays transparent pictures over what is there", () => {
    const paper = canvas(1, 1, [200, 200, 200]);
    drawPixels(paper, { width: 1, height: 1, data: Uint8Array.of(0, 0, 0, 128) }, 0, 0);
    expect(at(paper, 0, 0)).toEqual([100, 100, 100, 255]);
  });

  test("shortens text that does not fit", () => {
    expect(fitText("red circle", 1, 60)).toBe("red circle");
    expect(fitText("red circle", 1, 59)).toBe("red cir..");
    expect(fitText("red circle", 2, 60)).toBe("red..");
  });
});

describe("a contact sheet", () => {
  const red = canvas(64, 64, [214, 40, 40]);
  const picture = {
    pixels: red,
    label: "seed 7",
    boxes: [{ box: { x: 0.25, y: 0.5, width: 0.5, height: 0.25 }, label: "cat" }],
  };

  test("has a place for every picture, its text and the title", () => {
    const one = contactSheet([picture], { cell: 64 });
    const grid = contactSheet([picture, picture, picture], { cell: 64, title: "three cats" });
    expect([one.width, one.height]).toEqual([64 + 24, 12 + 64 + 17 + 12]);
    expect([grid.width, grid.height]).toEqual([12 + 2 * 76, 12 + 17 + 2 * (64 + 17 + 12)]);
    expect(contactSheet([picture, picture, picture], { cell: 64, columns: 3 }).height).toBe(one.height);
  });

  test("draws the outline of a box where the box is", () => {
    const sheet = contactSheet([picture], { cell: 64 });
    const orange = [230, 159, 0, 255];
    expect(at(sheet, 12 + 16, 12 + 47)).toEqual(orange);
    expect(at(sheet, 12 + 47, 12 + 46)).toEqual(orange);
    expect(at(sheet, 12 + 40, 12 + 44)).toEqual([214, 40, 40, 255]);
    expect(at(sheet, 12 + 8, 12 + 8)).toEqual([214, 40, 40, 255]);
  });

  test("grows small pictures by whole factors and shrinks large ones", () => {
    const tiny = contactSheet([{ ...picture, pixels: canvas(60, 60, [0, 0, 0]), boxes: [] }], { cell: 200 });
    expect(at(tiny, 12 + 10, 12 + 10)).toEqual([0, 0, 0, 255]);
    expect(at(tiny, 12 + 9, 12 + 9)).toEqual([250, 250, 248, 255]);
    const large = contactSheet([{ ...picture, pixels: canvas(512, 256, [0, 0, 0]), boxes: [] }], { cell: 64 });
    expect(at(large, 12, 12 + 16)).toEqual([0, 0, 0, 255]);
    expect(at(large, 12, 12 + 15)).toEqual([250, 250, 248, 255]);
  });
});
