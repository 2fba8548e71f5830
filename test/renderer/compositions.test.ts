/** Compositions: where boxes come to lie. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { COMPOSITIONS, layOut, placesOf, whatWasLaidOut } from "../../src-renderer/state/compositions.ts";
import { EMPTY_DOCUMENT } from "../../src-renderer/state/document.ts";
import { addBox, changeBoxes } from "../../src-renderer/state/edits.ts";
import { overlapOf } from "../../src-renderer/state/geometry.ts";

const SQUARE = { width: 512, height: 512 };
const composition = fc.constantFrom(...COMPOSITIONS);
const side = fc.integer({ min: 8, max: 256 }).map((n) => n * 8);
const size = fc.record({ width: side, height: side });
const ids = () => {
  let n = 0;
  return () => `new-${++n}`;
};

test("whatever the shape and the number of boxes: a place for each, inside the picture, none on another", () => {
  fc.assert(
    fc.property(composition, fc.integer({ min: 0, max: 64 }), size, (name, count, picture) => {
      const places = placesOf(name, count, picture);
      expect(places.length).toBeGreaterThanOrEqual(Math.max(2, count));
      for (const [i, { x, y, width, height }] of places.entries()) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1 + 1e-9);
        expect(Math.min(width, height)).toBeGreaterThan(0.01);
        for (const other of places.slice(i + 1)) expect(overlapOf(places[i]!, other)).toBeLessThan(1e-6);
      }
    }),
  );
});

test("gaps have as many pixels across as down", () => {
  const [left, right] = placesOf("pair", 2, { width: 1024, height: 512 });
  expect((right!.x - left!.x - left!.width) * 1024).toBeCloseTo(25.6);
  expect(left!.y * 512).toBeCloseTo(25.6);
});

test("a hero is larger than all beside it together; a triptych has three equal parts", () => {
  const [hero, ...aside] = placesOf("hero", 4, SQUARE);
  const area = ({ width, height }: { width: number; height: number }) => width * height;
  expect(area(hero!)).toBeGreaterThan(aside.reduce((sum, one) => sum + area(one), 0));
  expect(new Set(placesOf("triptych", 3, SQUARE).map((one) => area(one).toFixed(9))).size).toBe(1);
});

test("boxes that are there are laid out in their order and keep their words; empty ones are made for the rest", () => {
  const box = { x: 0.4, y: 0.4, width: 0.1, height: 0.1 };
  const one = addBox("a", box, [{ start: 2, end: 5 }])({ ...EMPTY_DOCUMENT, prompt: "a cat" });
  const { boxes } = layOut("triptych", ["a"], ids())(one);
  expect(boxes.map(({ id, spans }) => [id, spans.length])).toEqual([
    ["a", 1],
    ["new-1", 0],
    ["new-2", 0],
  ]);
  expect(boxes.map((each) => each.box)).toEqual(placesOf("triptych", 3, one.settings));
  expect(new Set(boxes.map(({ color }) => color)).size).toBe(3);
});

test("a locked box stays, and none is made in its stead where there are enough", () => {
  const box = { x: 0.4, y: 0.4, width: 0.1, height: 0.1 };
  const three = ["a", "b", "c"].reduce((now, id) => addBox(id, box)(now), EMPTY_DOCUMENT);
  const locked = changeBoxes(["b"], { locked: true })(three);
  const { boxes } = layOut("pair", ["a", "b", "c"], ids())(locked);
  expect(boxes.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  expect(boxes[1]!.box).toEqual(box);
});

test("what was moved is told, with what was added and what stayed; where nothing moved, nothing is", () => {
  const box = { x: 0.4, y: 0.4, width: 0.1, height: 0.1 };
  const one = addBox("a", box)(EMPTY_DOCUMENT);
  const laidOut = layOut("triptych", ["a"], ids())(one);
  expect(whatWasLaidOut(one, laidOut)).toBe("1 box was moved and resized, 2 empty ones were added.");
  expect(whatWasLaidOut(laidOut, layOut("triptych", ["a", "new-1", "new-2"], ids())(laidOut))).toBeUndefined();
  expect(whatWasLaidOut(EMPTY_DOCUMENT, layOut("pair", [], ids())(EMPTY_DOCUMENT))).toBeUndefined();
  const three = addBox("c", box)(changeBoxes(["b"], { locked: true })(addBox("b", box)(one)));
  expect(whatWasLaidOut(three, layOut("pair", ["a", "b", "c"], ids())(three))).toBe(
    "2 boxes were moved and resized. Locked ones stayed.",
  );
});
