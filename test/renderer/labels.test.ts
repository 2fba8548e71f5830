/** Where the names of boxes stand, and what the window says of sizes and strengths. */
import { expect, test } from "vitest";
import { placeOfLabel, type Rect, roomOfLabel } from "../../src-renderer/canvas/labels.ts";
import { farFromKnown } from "../../src-renderer/state/sizes.ts";
import { strictnesses, strictnessOf } from "../../src-renderer/state/strictness.ts";

const LABEL = { width: 60, height: 21 };
const covers = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

test("a large box has its name inside, a small one beside it", () => {
  expect(placeOfLabel({ width: 200, height: 200 }, LABEL, [])).toMatchObject({ inside: true, x: -1, y: -1 });
  const place = placeOfLabel({ width: 40, height: 30 }, LABEL, []);
  expect(covers(place, { x: 0, y: 0, width: 40, height: 30 })).toBe(false);
});

test("a name gives way to a small box that lies where it would stand, not to a large one", () => {
  const small = { x: 10, y: 5, width: 30, height: 30 };
  const place = placeOfLabel({ width: 200, height: 200 }, LABEL, [small]);
  expect(covers(place, small)).toBe(false);
  const large = { x: 10, y: 5, width: 300, height: 300 };
  expect(placeOfLabel({ width: 200, height: 200 }, LABEL, [large])).toMatchObject({ x: -1, y: -1 });
});

test("a name goes on beyond its box until something stands beside it, or the canvas ends", () => {
  const box = { width: 120, height: 90 };
  expect(roomOfLabel(box, [], 400)).toBe(396);
  const beside = { x: 200, y: 10, width: 80, height: 80 };
  expect(roomOfLabel(box, [beside], 400)).toBe(196);
  expect(roomOfLabel(box, [{ ...beside, y: 60 }], 400)).toBe(396); // below the name
  expect(roomOfLabel(box, [{ x: 150, y: 40, width: 30, height: 30 }], 400)).toBe(146); // small: its own name is above it
  expect(roomOfLabel(box, [{ ...beside, x: 122 }], 400)).toBe(118); // never less than the box
  expect(roomOfLabel({ width: 30, height: 30 }, [{ ...beside, x: 40 }], 60)).toBe(96); // nor than a word
});

test("sizes far from what the checkpoint knows are told, with the time of a picture", () => {
  const known = { width: 256, height: 256 };
  expect(farFromKnown({ width: 320, height: 256 }, known, 1)).toBeUndefined();
  expect(farFromKnown({ width: 512, height: 512 }, known, 75)).toBe(
    "The checkpoint knows 256 × 256: in much larger pictures things repeat. A picture takes about 1 min 15 s.",
  );
  expect(farFromKnown({ width: 128, height: 128 }, known, undefined)).toMatch(/much smaller pictures/);
});

test("the three strengths are the checkpoint's own and two others; what is none of them is one's own", () => {
  const own = { nu: 1, eta: 4 };
  const all = strictnesses(own, true);
  expect(all.map(({ nu, eta }) => [nu, eta])).toEqual([
    [1, 0.5],
    [1, 1],
    [1, 4],
  ]);
  expect(strictnessOf(all, own)).toBe(2);
  expect(strictnessOf(all, { nu: 1, eta: 4.01 })).toBe(2);
  expect(strictnessOf(all, { nu: 0.7, eta: 4 })).toBeUndefined();
  expect(strictnesses({ nu: 0.75, eta: 0.48 }, false).map(({ eta }) => eta)).toEqual([0.24, 0.48, 0.72]);
});
