/** Regions that are not boxes, as plain data: outlines made simple, strokes of the brush, one kind made of another, points moved. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { cellsOf, holds, type Painted, type Point, type Shaped } from "../../src-main/scene/shapes.ts";
import { pasteBoxes, setBox, changeSettingsOf, moveBoxes, alignBoxes } from "../../src-renderer/state/edits.ts";
import { fromDraft, sceneOf, titleOf, toDraft } from "../../src-renderer/state/document.ts";
import { readBoxes, writeBoxes } from "../../src-renderer/state/clipboard.ts";
import { describe } from "../../src-renderer/state/compare.ts";
import { Editor } from "../../src-renderer/state/editor.svelte.ts";
import { cellsUnder, emptyCells, gridOf, paintedRegion, paintLine } from "../../src-renderer/state/painting.ts";
import { beginPoints, editedPoints, pointKey } from "../../src-renderer/state/pointEditing.ts";
import { insertPoint, pointsOf, polygonOf, removePoint, simplify } from "../../src-renderer/state/polygons.ts";
import { addRegion, asKind, hasParts, reshape } from "../../src-renderer/state/shapeEdits.ts";
import { describeRegion, kindOf, SHAPE_KINDS, touches } from "../../src-renderer/state/shapes.ts";
import { changeWords, layoutChanges } from "../../src-renderer/state/variant.ts";
import { SAMPLE } from "./support/painter.ts";

const SIZE = { width: 512, height: 384 };
const at = (x: number, y: number): Point => ({ x, y });
const TRIANGLE = [at(0.2, 0.1), at(0.6, 0.5), at(0.1, 0.7)];
const box = { x: 0.2, y: 0.25, width: 0.5, height: 0.4 };
const ellipse: Shaped = { box, shape: { kind: "ellipse" } };

const point = fc.record({
  x: fc.double({ min: 0, max: 1, noNaN: true }),
  y: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** Share of a fine grid in which two regions differ. */
function difference(a: Shaped, b: Shaped): number {
  let differs = 0;
  for (let row = 0; row < 100; row++) {
    for (let column = 0; column < 100; column++) {
      const place = at((column + 0.5) / 100, (row + 0.5) / 100);
      if (holds(a, place) !== holds(b, place)) differs++;
    }
  }
  return differs / 10_000;
}

test("a polygon's box is as small as its points, and its points are where they were", () => {
  const region = polygonOf(TRIANGLE);
  expect(region.box).toEqual({
    x: 0.1,
    y: 0.1,
    width: expect.closeTo(0.5) as number,
    height: expect.closeTo(0.6) as number,
  });
  expect(pointsOf(region)).toEqual(
    TRIANGLE.map(({ x, y }) => ({ x: expect.closeTo(x, 5) as number, y: expect.closeTo(y, 5) as number })),
  );
});

test("however thin a polygon is, its box is as large as a box may be, and it is where it was drawn", () => {
  fc.assert(
    fc.property(
      fc.array(point, { minLength: 3, maxLength: 9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (points, thin) => {
        const drawn = points.map(({ x, y }) => at(0.5 + (x - 0.5) * thin * 0.02, y));
        const region = polygonOf(drawn);
        expect(Math.min(region.box.width, region.box.height)).toBeGreaterThanOrEqual(0.01);
        expect(region.box.x + region.box.width).toBeLessThanOrEqual(1 + 1e-12);
        for (const [i, { x, y }] of pointsOf(region).entries()) {
          expect(Math.hypot(x - drawn[i]!.x, y - drawn[i]!.y)).toBeLessThan(1e-5);
        }
      },
    ),
  );
});

test("a circle drawn by hand needs few points, stays within reach of the hand, and no outline needs more than 200", () => {
  const hand = Array.from({ length: 900 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 900;
    return at(0.5 + 0.3 * Math.cos(angle), 0.5 + 0.3 * Math.sin(angle));
  });
  const simple = simplify(hand, at(0.002, 0.002));
  expect(simple.length).toBeGreaterThan(15);
  expect(simple.length).toBeLessThan(60);
  const away = hand.map((one) => Math.min(...simple.map((kept) => Math.hypot(one.x - kept.x, one.y - kept.y))));
  expect(Math.max(...away)).toBeLessThan(0.06);
  expect(difference(polygonOf(hand.filter((_, i) => i % 5 === 0)), polygonOf(simple))).toBeLessThan(0.005);

  const jagged = Array.from({ length: 5_000 }, (_, i) => at((i % 71) / 71, (i % 97) / 97));
  expect(simplify(jagged, at(1e-6, 1e-6)).length).toBeLessThanOrEqual(200);
});

test("a stroke paints what the brush passes over, and wiping it leaves nothing", () => {
  const cells = emptyCells(gridOf(SIZE));
  expect([cells.width, cells.height]).toEqual([256, 192]);
  paintLine(cells, at(0.25, 0.5), at(0.75, 0.5), 8, 1);
  const region = paintedRegion(cells)!;
  expect(region.box.x).toBeCloseTo(0.25 - 8 / 256, 2);
  expect(region.box.width).toBeCloseTo(0.5 + 16 / 256, 2);
  expect(region.box.height).toBeCloseTo(16 / 192, 2);
  expect([holds(region, at(0.5, 0.5)), holds(region, at(0.25, 0.53)), holds(region, at(0.5, 0.6))]).toEqual([
    true,
    true,
    false,
  ]);

  // Read back into cells, it is the same to the cell.
  expect(cellsUnder(region, gridOf(SIZE)).set).toEqual(cells.set);

  paintLine(cells, at(0.5, 0), at(0.5, 1), 4, 0);
  expect(hasParts(paintedRegion(cells)!)).toBe(true);
  paintLine(cells, at(0, 0.5), at(1, 0.5), 20, 0);
  expect(paintedRegion(cells)).toBeUndefined();
});

test("the thinnest brush leaves no gap, and its region is not smaller than a box may be", () => {
  const cells = emptyCells(gridOf(SIZE));
  paintLine(cells, at(0.1, 0.1), at(0.9, 0.8), 0, 1);
  const rows = new Set([...cells.set.keys()].filter((i) => cells.set[i] === 1).map((i) => Math.floor(i / cells.width)));
  expect(rows.size).toBeGreaterThanOrEqual(134);
  const dab = emptyCells(gridOf(SIZE));
  paintLine(dab, at(0, 0), at(0, 0), 0, 1);
  const region = paintedRegion(dab)!;
  expect(region.box).toMatchObject({ x: 0, y: 0, width: 3 / 256 });
  expect(cellsUnder(region, gridOf(SIZE)).set.reduce((sum, on) => sum + on, 0)).toBe(1);
});

test.each(SHAPE_KINDS.flatMap((from) => SHAPE_KINDS.map((to) => [from, to] as const)))(
  "%s becomes %s and covers as much of the same as it can",
  (from, to) => {
    const start = asKind(from === "ellipse" || from === "box" ? { box } : ellipse, from, SIZE);
    const made = asKind(start, to, SIZE);
    expect(kindOf(made)).toBe(to);
    const filling =
      to === "box"
        ? { box: start.box }
        : to === "ellipse"
          ? { box: start.box, shape: { kind: "ellipse" } as const }
          : start;
    expect(difference(filling, made)).toBeLessThan(0.01);
  },
);

test("an ellipse as a polygon has 32 points; of what is painted the polygon goes round the largest part", () => {
  const shape = asKind(ellipse, "polygon", SIZE).shape!;
  expect(shape.kind === "polygon" && shape.points.length).toBe(32);
  const cells = emptyCells(gridOf(SIZE));
  paintLine(cells, at(0.2, 0.2), at(0.2, 0.2), 10, 1);
  paintLine(cells, at(0.7, 0.6), at(0.7, 0.6), 40, 1);
  const polygon = asKind(paintedRegion(cells)!, "polygon", SIZE);
  expect(polygon.box.x).toBeCloseTo(0.7 - 40 / 256, 2);
  expect(pointsOf(polygon).length).toBeLessThan(60);
});

test("a frame touches a region only where it has something of it", () => {
  const corner = { x: box.x, y: box.y, width: 0.04, height: 0.03 };
  expect([touches({ box }, corner), touches(ellipse, corner)]).toEqual([true, false]);
  expect(touches(ellipse, { x: 0, y: 0, width: 1, height: 1 })).toBe(true);
  expect(touches(ellipse, { x: 0.44, y: 0.44, width: 0.01, height: 0.01 })).toBe(true);
  const triangle = polygonOf(TRIANGLE);
  expect(touches(triangle, { x: 0.5, y: 0.1, width: 0.09, height: 0.1 })).toBe(false);
  expect(touches(triangle, { x: 0.28, y: 0.4, width: 0.01, height: 0.01 })).toBe(true);
  expect(touches(triangle, { x: 0, y: 0.35, width: 1, height: 0.001 })).toBe(true);
  const painted = asKind(ellipse, "painted", SIZE);
  expect([touches(painted, corner), touches(painted, { ...box, height: 0.2 })]).toEqual([false, true]);
});

const sample = () => {
  const editor = new Editor(() => 0);
  editor.open(fromDraft(SAMPLE));
  return editor;
};

test("changing the shape is a step of undo, leaves locked ones alone, and is kept in drafts", async () => {
  const editor = sample();
  editor.apply("Lock", (document) => ({
    ...document,
    boxes: document.boxes.map((one, i) => ({ ...one, locked: i === 1 })),
  }));
  const before = editor.document;
  editor.apply("Change shape", reshape(["circle", "square"], "ellipse"));
  expect(editor.document.boxes.map(kindOf)).toEqual(["ellipse", "box"]);
  expect(editor.document.boxes[1]).toBe(before.boxes[1]);
  for (const kind of ["polygon", "painted"] as const) {
    editor.apply("Change shape", reshape(["circle"], kind));
    expect(fromDraft(toDraft(editor.document))).toEqual(editor.document);
    expect(sceneOf(editor.document).regions[0]!.shape?.kind).toBe(kind);
  }
  for (let i = 0; i < 3; i++) await editor.undo();
  expect(editor.document).toEqual(before);
  expect(reshape(["circle"], "box")(editor.document)).toBe(editor.document);
});

test("a region keeps its shape while it is moved, sized, aligned, copied, pasted, and when the picture changes", () => {
  const editor = sample();
  editor.apply("Draw", addRegion("three", polygonOf(TRIANGLE)));
  const { shape } = editor.boxOf("three")!;
  editor.apply("Move", moveBoxes(["three"], 0.1, 0.1));
  editor.apply("Size", setBox("three", { x: 0, y: 0, width: 0.3, height: 0.2 }));
  editor.apply("Align", alignBoxes(["three"], "right"));
  editor.apply("Wide", changeSettingsOf({ width: 640, height: 320 }));
  editor.apply("Copy", pasteBoxes([editor.boxOf("three")!], ["copy"]));
  expect(editor.boxOf("three")!.shape).toEqual(shape);
  expect(editor.boxOf("copy")!.shape).toEqual(shape);
  const read = readBoxes(writeBoxes(editor.document.boxes, editor.document.prompt), editor.document.prompt);
  expect(read!.boxes.map((one) => one.shape)).toEqual(editor.document.boxes.map((one) => one.shape));
});

test("regions are told of by what they are", () => {
  const editor = sample();
  editor.apply("Draw", addRegion("oval", ellipse));
  const oval = editor.boxOf("oval")!;
  expect(titleOf(editor.document, oval)).toBe("Ellipse 3");
  expect(describeRegion(oval)).toBe("ellipse, center, 50 by 40 percent");
  const before = sceneOf(editor.document);
  editor.apply("Change shape", reshape(["circle"], "ellipse"));
  const after = sceneOf(editor.document);
  expect(changeWords(layoutChanges(before, after))).toBe("“red circle” has another shape");
  expect(Object.fromEntries(describe(after))["Box 1: red circle"]).toMatch(/^ellipse, 6, 31 · /);
});

const press = (key: string, more: Partial<KeyboardEvent> = {}) => ({ key, ...more }) as KeyboardEvent;

test("points of a polygon are moved, added and taken away by keys, and its box follows", async () => {
  const editor = sample();
  editor.apply("Draw", addRegion("three", polygonOf(TRIANGLE)), { select: ["three"] });
  const before = editor.document;
  expect(pointKey(editor, press("Tab"))).toBe(false);
  expect(beginPoints(editor)).toBe(true);
  const near = (x: number, y: number) => ({ x: expect.closeTo(x, 4) as number, y: expect.closeTo(y, 4) as number });
  const { width } = editor.document.settings;

  pointKey(editor, press("Tab"));
  for (let i = 0; i < 3; i++) pointKey(editor, press("ArrowRight", { shiftKey: true }));
  expect(editedPoints(editor)!.points[1]).toEqual(near(0.6 + 24 / width, 0.5));
  expect(editor.boxOf("three")!.box.width).toBeCloseTo(0.5 + 24 / width, 4);
  await editor.undo();
  expect(editor.document).toEqual(before);

  pointKey(editor, press("Insert"));
  expect(editedPoints(editor)).toMatchObject({ index: 2, points: { length: 4 } });
  expect(editedPoints(editor)!.points[2]).toEqual(near(0.35, 0.6));
  pointKey(editor, press("Delete"));
  expect(editedPoints(editor)!.points).toHaveLength(3);
  let why = "";
  editor.onRefused = (said) => (why = said);
  pointKey(editor, press("Backspace"));
  expect(editedPoints(editor)!.points).toHaveLength(3);
  expect(why).toBe("A polygon has at least 3 points, not all on one line. Delete the region to be rid of it.");

  // Past the last point Tab goes on to what comes next in the window.
  expect(pointKey(editor, press("Tab"))).toBe(false);
  expect(editedPoints(editor)).toBeUndefined();
  beginPoints(editor);
  editor.select(["circle"]);
  editor.select(["three"]);
  expect(editedPoints(editor)).toBeUndefined();
});

test("a point behind the last is on the edge that closes the polygon", () => {
  expect(insertPoint(TRIANGLE, 2)[3]).toEqual(at((0.1 + 0.2) / 2, (0.7 + 0.1) / 2));
  expect(removePoint(TRIANGLE, 0)).toEqual(TRIANGLE.slice(1));
});

test("what is painted keeps its cells in few bytes", () => {
  const cells = emptyCells(gridOf({ width: 512, height: 512 }));
  paintLine(cells, at(0.2, 0.2), at(0.8, 0.7), 30, 1);
  const shape: Painted = paintedRegion(cells)!.shape;
  expect(shape.cells.length).toBeLessThan(2_000);
  expect(cellsOf(shape).set).toContain(1);
});
