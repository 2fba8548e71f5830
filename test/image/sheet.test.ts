/** Pictures in other sizes, and sheets of them: what stands where is read from the layout, what is drawn from the pixels. */
import { createCanvas } from "@napi-rs/canvas";
import { describe, expect, test } from "vitest";
import type { Pixels } from "../../src-main/api/engine.ts";
import { BOX_COLORS } from "../../src-main/scene/boxColors.ts";
import { sheetPdf, sheetPixels, sheetPngs } from "../../src-main/image/contactSheet.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { resize, thumbnailSize } from "../../src-main/image/resize.ts";
import { layOut, type PlacedPicture, type PlacedText } from "../../src-main/image/sheetLayout.ts";
import type { SheetOptions, SheetPicture } from "../../src-main/image/sheetPlan.ts";
import { isRightToLeft } from "../../src-main/scene/rightToLeft.ts";
import type { RegionShape } from "../../src-main/scene/shapes.ts";
import { font, shorten, wrap } from "../../src-main/image/type.ts";
import { pixelAt as at, plain } from "../support/pixels.ts";

function gray(rows: number[][]): Pixels {
  const data = Uint8Array.from(rows.flat().flatMap((value) => [value, value, value, 255]));
  return { width: rows[0]!.length, height: rows.length, data };
}
function grays({ width, height, data }: Pixels): number[][] {
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => data[(y * width + x) * 4]!));
}

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

const ruler = () => createCanvas(1, 1).getContext("2d");
const RED = [214, 40, 40] as const;
const LONG =
  "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen neben einer außergewöhnlich großen Straßenbahnhaltestelle";

function picture(change: Partial<SheetPicture> = {}): SheetPicture {
  const { width = 64, height = 64 } = change;
  return { width, height, pixels: () => plain(width, height, RED), caption: ["Seed 7"], boxes: [], ...change };
}
const page = (pictures: SheetPicture[], options: SheetOptions = {}) => layOut(ruler(), pictures, options);
const rgb = (hex: string) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
/** Pixels of a rectangle that are not white. */
function ink(pixels: Pixels, x: number, y: number, width: number, height: number): number {
  let dark = 0;
  for (let j = y; j < y + height; j++) {
    for (let i = x; i < x + width; i++) if (at(pixels, i, j)[0]! < 160) dark++;
  }
  return dark;
}

describe("type", () => {
  test.each([
    ["Latin", "Größe żółć"],
    ["Greek", "Ελλάδα"],
    ["Cyrillic", "Привет"],
  ])("%s is set in the font that comes along, not in the system's", (_name, text) => {
    const ctx = ruler();
    ctx.font = font(40, 400);
    const own = ctx.measureText(text).width;
    ctx.font = "40px serif";
    expect(own).not.toBe(ctx.measureText(text).width);
    expect(own).toBeGreaterThan(text.length * 15);
  });

  test("a long text is broken between words, a long word between its letters, and nothing of it is lost", () => {
    const ctx = ruler();
    ctx.font = font(16, 400);
    const lines = wrap(ctx, LONG, 200, 20);
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) expect(ctx.measureText(line).width).toBeLessThanOrEqual(200);
    expect(lines.join("").replaceAll(" ", "")).toBe(LONG.replaceAll(" ", ""));
    expect(lines.at(-1)).not.toContain("…");
  });

  test("Japanese is broken without spaces, and no line begins with a full stop", () => {
    const ctx = ruler();
    ctx.font = font(16, 400);
    const text = "赤い円と青い四角のある静かな風景。水彩画、柔らかい光、早朝の霧。";
    const lines = wrap(ctx, text, 130, 20);
    expect(lines.join("")).toBe(text);
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(line).not.toMatch(/^[。、]/);
  });

  test("what does not fit ends with dots", () => {
    const ctx = ruler();
    ctx.font = font(16, 400);
    expect(wrap(ctx, LONG, 200, 2)).toHaveLength(2);
    expect(wrap(ctx, LONG, 200, 2).at(-1)).toMatch(/…$/);
    expect(shorten(ctx, "red", 200)).toBe("red");
    expect(wrap(ctx, "", 200, 2)).toEqual([]);
    expect(wrap(ctx, "🧑‍🚀".repeat(50), 1, 3)).toHaveLength(3);
  });

  test("the first letter says where a text is read from", () => {
    expect(isRightToLeft("12 قطة")).toBe(true);
    expect(isRightToLeft("cat قطة")).toBe(false);
    expect(isRightToLeft("חתול")).toBe(true);
  });
});

describe("a sheet", () => {
  test("has captions beneath the pictures, never over them, and no two over each other", () => {
    const caption = ["Seed 1 · obeyed 83 %", LONG, "قطة حمراء كبيرة على سجادة"];
    const boxes = ["cat", LONG, "赤い円"].map((label) => ({ label, box: { x: 0, y: 0, width: 1, height: 1 } }));
    const pictures = [picture({ caption, boxes }), picture({ height: 128, boxes }), picture({ caption: [] })];
    const [sheet] = page([...pictures, ...pictures], {
      title: LONG,
      footer: LONG,
      words: "each",
      cell: 240,
      columns: 3,
    });
    const boxesOf = sheet!.texts.map(({ x, y, width, size }) => ({ x, y: y - size, width, height: size }));
    for (const text of boxesOf) {
      expect(text.x).toBeGreaterThanOrEqual(0);
      expect(text.x + text.width).toBeLessThanOrEqual(sheet!.width);
      expect(text.y + text.height).toBeLessThanOrEqual(sheet!.height);
    }
    const overlap = (a: (typeof boxesOf)[0], b: (typeof boxesOf)[0]) =>
      a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
    for (const [i, one] of boxesOf.entries()) {
      expect(sheet!.pictures.filter((other) => overlap(one, other))).toEqual([]);
      expect(boxesOf.filter((other, j) => j < i && overlap(one, other))).toEqual([]);
    }
    // The whole title is there.
    expect(
      sheet!.texts
        .filter(({ weight, size }) => weight === 600 && size > 12)
        .map(({ text }) => text)
        .join(" "),
    ).toContain("Straßenbahnhaltestelle");
  });

  test("has as many columns as were chosen, or as suit", () => {
    const columns = (n: number, options: SheetOptions = {}) => {
      const [sheet] = page(
        Array.from({ length: n }, () => picture()),
        { cell: 100, page: "scroll", ...options },
      );
      return new Set(sheet!.pictures.map(({ x }) => x)).size;
    };
    expect([1, 2, 3, 4, 9, 20, 60].map((n) => columns(n))).toEqual([1, 2, 3, 2, 3, 4, 5]);
    expect(columns(9, { columns: 7 })).toBe(7);
    expect(columns(2, { columns: 7 })).toBe(2);
  });

  test("of many pictures goes over pages, and none is cut", () => {
    const many = Array.from({ length: 1_000 }, (_, i) => picture({ caption: [`Seed ${i}`] }));
    for (const kind of ["sheet", "paper"] as const) {
      const pages = page(many, { page: kind, footer: "20 steps" });
      expect(pages.length).toBeGreaterThan(3);
      expect(pages.flatMap(({ pictures }) => pictures.map(({ index }) => index))).toEqual([...many.keys()]);
      const texts = pages.flatMap((one) => one.texts.map(({ text }) => text));
      for (const i of many.keys()) expect(texts).toContain(`Seed ${i}`);
      expect(texts).toContain(`2 / ${pages.length}`);
      for (const { pictures, height } of pages) {
        for (const one of pictures) expect(one.y + one.height).toBeLessThan(height);
      }
      expect(Math.max(...pages.map(({ height, width }) => height / width))).toBeLessThanOrEqual(2.1);
    }
  });

  test("shows boxes in the editor's colours, by their place or as they are told, or not at all", () => {
    const box = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
    const colourOf = (color: number | undefined, boxes = true) => {
      const one = picture({ boxes: [{ box, label: "cat", ...(color === undefined ? {} : { color }) }] });
      const options: SheetOptions = { cell: 256, boxes, columns: 1 };
      const [{ pictures }] = page([one], options) as [ReturnType<typeof page>[0]];
      const [{ x, y }] = pictures as [(typeof pictures)[0]];
      return at(sheetPixels([one], options), x + 128, y + 64 + 2).slice(0, 3);
    };
    expect(colourOf(undefined)).toEqual(rgb(BOX_COLORS.light[0]!));
    expect(colourOf(4)).toEqual(rgb(BOX_COLORS.light[4]!));
    expect(colourOf(4, false)).toEqual([...RED]);
  });

  test("shows ellipses, polygons and painted regions as they are, inside their boxes", () => {
    const box = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
    const coloured = (shape: RegionShape | undefined) => {
      const one = picture({ boxes: [{ box, label: "cat", color: 1, ...(shape ? { shape } : {}) }] });
      const sheet = sheetPixels([one], { cell: 256, boxes: true, columns: 1 });
      const wanted = rgb(BOX_COLORS.light[1]!);
      const isLine = (x: number, y: number) =>
        at(sheet, x, y).every((value, i) => i > 2 || Math.abs(value - wanted[i]!) < 60);
      const found: { x: number; y: number }[] = [];
      for (let y = 0; y < sheet.height; y++) {
        for (let x = 0; x < sheet.width; x++) if (isLine(x, y)) found.push({ x, y });
      }
      const left = Math.min(...found.map(({ x }) => x));
      const top = Math.min(...found.map(({ y }) => y));
      return found.map(({ x, y }) => ({ x: x - left, y: y - top }));
    };
    const has = (spots: { x: number; y: number }[], x: number, y: number) =>
      spots.some((spot) => Math.abs(spot.x - x) <= 1 && Math.abs(spot.y - y) <= 1);
    const [plainBox, ellipse, diamond, painted] = [
      undefined,
      { kind: "ellipse" },
      {
        kind: "polygon",
        points: [
          { x: 0.5, y: 0 },
          { x: 1, y: 0.5 },
          { x: 0.5, y: 1 },
          { x: 0, y: 0.5 },
        ],
      },
      { kind: "painted", width: 2, height: 2, cells: "1 3" },
    ].map((shape) => coloured(shape as RegionShape | undefined));
    // The corner of the box, and the middle of its upper side: the sheet's picture is 256 wide, the box half of that.
    expect([has(plainBox!, 0, 0), has(plainBox!, 62, 0)]).toEqual([true, true]);
    expect([has(ellipse!, 0, 0), has(ellipse!, 62, 0)]).toEqual([false, true]);
    expect([has(diamond!, 0, 0), has(diamond!, 31, 31)]).toEqual([false, true]);
    expect([has(painted!, 0, 0), has(painted!, 122, 0)]).toEqual([false, true]);
  });

  test("says the words of boxes once above all where they are the same, and nowhere else", () => {
    const of = (label: string) => picture({ boxes: [{ label, box: { x: 0, y: 0, width: 1, height: 1 } }] });
    const texts = (labels: string[]) => page(labels.map(of), { words: "above" })[0]!.texts.map(({ text }) => text);
    expect(texts(["cat", "cat"]).filter((text) => text === "cat")).toHaveLength(1);
    expect(texts(["cat", "dog"])).not.toContain("cat");
  });

  test.each([
    ["Latin", "Seed 7"],
    ["Japanese", "赤い円"],
    ["Arabic", "قطة حمراء"],
  ])("is drawn with its captions in %s", (_name, caption) => {
    const one = picture({ caption: [caption] });
    const [sheet] = page([one], { cell: 256 });
    const [{ x, y, width, size }] = sheet!.texts as [PlacedText];
    const dark = ink(sheetPixels([one], { cell: 256 }), x, y - size, width, size);
    expect(dark).toBeGreaterThan(40);
    expect(ink(sheetPixels([picture({ caption: [] })], { cell: 256 }), 0, 0, 20, 20)).toBe(0);
  });

  test("grows small pictures by whole factors, others to the room there is", () => {
    const [{ pictures }] = page(
      [picture(), picture({ width: 300, height: 150 }), picture({ width: 900, height: 600 })],
      {
        cell: 330,
        columns: 3,
      },
    ) as [ReturnType<typeof page>[0]];
    expect(pictures.map(({ width, height }) => [width, height])).toEqual([
      [320, 320],
      [330, 165],
      [330, 220],
    ]);
    const checked = { width: 2, height: 1, pixels: () => gray([[0, 200]]), caption: [], boxes: [] };
    const pixels = sheetPixels([checked], { cell: 200, columns: 1 });
    const [{ x, y }] = page([checked], { cell: 200, columns: 1 })[0]!.pictures as [PlacedPicture];
    expect([at(pixels, x + 99, y + 50)[0], at(pixels, x + 100, y + 50)[0]]).toEqual([0, 200]);
  });

  test("as PNG has a page after the other, as PDF one file with its type in it", () => {
    const many = Array.from({ length: 40 }, () => picture());
    const pngs = [...sheetPngs(many, { columns: 2 })];
    expect(pngs.flatMap(({ pictures }) => pictures)).toHaveLength(40);
    expect(pngs.length).toBeGreaterThan(1);
    expect(decodePng(pngs[0]!.png).pixels.width).toBe(page(many, { columns: 2 })[0]!.width);
    const pdf = sheetPdf(many, { columns: 2, title: "Cats" }).toString("latin1");
    expect(pdf.match(/\/Type \/Page\n/g)).toHaveLength(page(many, { columns: 2, page: "paper" }).length);
    expect(pdf).toContain("/ToUnicode"); // type, which can be searched and copied
  });
});
