/** How far boxes are obeyed, from attention maps small enough to reckon by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { obedience, regionAttention } from "../../src-main/guidance/obedience.ts";

test("a region's attention is that of its tokens, in shares", () => {
  const maps = Float32Array.from([1, 0, 3, 0, 0, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]); // [8 cells, 2 tokens]
  expect([...regionAttention(maps, 2, [0])]).toEqual([0.25, 0.75, 0, 0, 0, 0, 0, 0]);
  expect([...regionAttention(maps, 2, [0, 1])]).toEqual([0.125, 0.375, 0.25, 0.25, 0, 0, 0, 0]);
  expect([...regionAttention(new Float32Array(8), 2, [1])]).toEqual([0, 0, 0, 0]);
  expect([...regionAttention(maps, 2, [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

describe("obedience", () => {
  const grid = { height: 4, width: 4 };
  const rows = (...marks: string[]) =>
    Float32Array.from(marks.join(""), (mark) => (mark === "#" ? 1 : mark === "+" ? 0.5 : mark === "-" ? 0.25 : 0));
  const map = rows("##..", "##..", "....", "....");

  test.each([
    ["its very place", map, { x: 0, y: 0, width: 0.5, height: 0.5 }, 1],
    ["another place", map, { x: 0.5, y: 0.5, width: 0.5, height: 0.5 }, 0],
    ["half of its place", map, { x: 0, y: 0, width: 0.5, height: 0.25 }, 0.5],
    // Of the box's 8 cells the map fills 4.
    ["twice its place", map, { x: 0, y: 0, width: 1, height: 0.5 }, 0.5],
    // 2 cells are half covered and 2 wholly: (2 + 1) / (4 + 0).
    ["three quarters of its place", map, { x: 0, y: 0, width: 0.375, height: 0.5 }, 0.75],
    ["its place with a faint halo", rows("##--", "##--", "----", "----"), { x: 0, y: 0, width: 0.5, height: 0.5 }, 1],
    // Weaker attention counts in part: 4 / (4 + 4 x 0.5).
    [
      "the strong part of a wider map",
      rows("##++", "##++", "....", "...."),
      { x: 0, y: 0, width: 0.5, height: 0.5 },
      4 / 6,
    ],
    ["nothing", new Float32Array(16), { x: 0, y: 0, width: 1, height: 1 }, 0],
  ])("of a box at %s", (_, attention, box, expected) => {
    expect(obedience(attention, box, grid)).toBeCloseTo(expected, 6);
  });

  test("is from 0 to 1 and does not depend on how strong the map is as a whole", () => {
    const cells = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 16, maxLength: 16 });
    const share = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(cells, share, share, fc.double({ min: 0.01, max: 100, noNaN: true }), (values, x, y, factor) => {
        const box = { x, y, width: 0.5, height: 0.5 };
        const value = obedience(Float32Array.from(values), box, grid);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        fc.pre(Math.max(...values) > 1e-6);
        expect(
          obedience(
            Float32Array.from(values, (v) => v * factor),
            box,
            grid,
          ),
        ).toBeCloseTo(value, 4);
      }),
    );
  });
});
