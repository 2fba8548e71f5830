/// <reference lib="esnext.float16" />
import fc from "fast-check";
import { expect, test } from "vitest";
import { floatsOf, fromHalf, halvesOf, toHalf } from "../../src-main/graph/float16.ts";

// Node 24 has Float16Array; ours is for Electron and for older Node.
const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
const meant = new Float16Array(halves.buffer);
const bitsOf = (x: number) => new Uint16Array(Float16Array.of(x).buffer)[0]!;

test("each of the 65,536 halves means what Float16Array says", () => {
  const wrong = [...halves].filter((half) => !Object.is(fromHalf(half), meant[half]));
  expect(wrong).toEqual([]);
  expect([...floatsOf(halves)].findIndex((x, i) => !Object.is(x, meant[i]))).toBe(-1);
});

test("and becomes itself again, but for the many ways to write NaN", () => {
  const numbers = [...halves].filter((half) => !Number.isNaN(fromHalf(half)));
  expect(numbers).toHaveLength(65536 - 2046);
  expect(numbers.filter((half) => toHalf(fromHalf(half)) !== half)).toEqual([]);
  expect(Number.isNaN(fromHalf(toHalf(NaN)))).toBe(true);
});

test("halfway between two halves goes to the even one", () => {
  const finite = [...halves].filter((half) => (half & 0x7fff) < 0x7bff);
  const middles = finite.map((half) => (fromHalf(half) + fromHalf(half + 1)) / 2);
  expect(middles.filter((x) => toHalf(x) !== bitsOf(x))).toEqual([]);
});

test.each([
  [65519.996, 0x7bff],
  [65520, 0x7c00],
  [-1e38, 0xfc00],
  [Infinity, 0x7c00],
  [2 ** -25, 0],
  [2 ** -25 * 1.0001, 1],
  [-0, 0x8000],
  [-1e-30, 0x8000],
])("%d is stored as %i", (x, half) => {
  expect(toHalf(x)).toBe(half);
});

test("random float32 numbers are rounded as Float16Array rounds them", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), fc.float({ min: -100000, max: 100000, noNaN: true }), (any, near) => {
      expect([...halvesOf([any, near])]).toEqual([bitsOf(any), bitsOf(near)]);
    }),
    { numRuns: 5000, seed: 1 },
  );
});
