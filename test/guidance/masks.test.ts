import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UnitBox } from "../../src-main/scene/scene.ts";
import type { Grid, Mask } from "../../src-main/guidance/masks.ts";
import {
  coverage,
  latentMask,
  layerMask,
  lossGrid,
  resizeAdjoint,
  resizeWeights,
} from "../../src-main/guidance/masks.ts";
import { bilinear } from "../support/layoutReference.ts";
import { normals } from "../support/randomNumbers.ts";

const draw = (mask: Mask, { width }: Grid): string[] =>
  [...mask].reduce<string[]>(
    (rows, on, i) => (i % width === 0 ? [...rows, on ? "#" : "."] : rows.with(-1, rows.at(-1)! + (on ? "#" : "."))),
    [],
  );

const grid = (height: number, width: number): Grid => ({ height, width });
const box = (x: number, y: number, width: number, height: number): UnitBox => ({ x, y, width, height });
/** A box in cells of a 64 x 64 latent, as the published runs give them. */
const cells = (x: number, y: number, w: number, h: number) => box(x / 64, y / 64, w / 64, h / 64);

describe("a box on the latent's grid", () => {
  test("fills the cells from its rounded start to its rounded end", () => {
    expect(draw(latentMask(box(0.24, 0.5, 0.27, 0.5), grid(4, 8)), grid(4, 8))).toEqual([
      "........",
      "........",
      "..##....", // 8 x 0.24 = 1.92 and 8 x 0.51 = 4.08
      "..##....",
    ]);
  });

  test.each([
    ["the whole picture", box(0, 0, 1, 1), ["####", "####", "####"]],
    ["an end that is not quite 1", box(0.7, 0, 0.3 - 1e-16, 1), ["...#", "...#", "...#"]],
    ["less than a cell", box(0.3, 0.4, 0.001, 0.001), ["....", ".#..", "...."]],
    ["less than a cell in the far corner", box(0.999, 0.999, 0.001, 0.001), ["....", "....", "...#"]],
    ["a thin column", box(0.5, 0, 0.01, 1), ["..#.", "..#.", "..#."]],
  ])("%s", (_, region, rows) => {
    expect(draw(latentMask(region, grid(3, 4)), grid(3, 4))).toEqual(rows);
  });
});

describe("a box on a layer's grid", () => {
  test("keeps every n-th row and column, starting with the first", () => {
    const latent = grid(4, 8);
    const region = box(1 / 8, 1 / 4, 4 / 8, 2 / 4); // columns 1 to 4, rows 1 and 2
    const mask = latentMask(region, latent);
    expect(draw(layerMask(mask, latent, region, grid(2, 4)), grid(2, 4))).toEqual(["....", ".##."]);
    expect(draw(layerMask(mask, latent, region, latent), latent)).toEqual(draw(mask, latent));
  });

  test("is on from ceil(x / s) to ceil((x + w) / s), as the authors' sampling is", () => {
    const start = fc.integer({ min: 0, max: 63 });
    fc.assert(
      fc.property(start, start, fc.nat(63), fc.nat(63), fc.constantFrom(1, 2, 4, 8), (x, y, dw, dh, s) => {
        const [w, h] = [1 + Math.min(dw, 63 - x), 1 + Math.min(dh, 63 - y)];
        const [k0, k1] = [Math.ceil(x / s), Math.ceil((x + w) / s)];
        const [r0, r1] = [Math.ceil(y / s), Math.ceil((y + h) / s)];
        fc.pre(k1 > k0 && r1 > r0);
        const layer = grid(64 / s, 64 / s);
        const mask = layerMask(latentMask(cells(x, y, w, h), grid(64, 64)), grid(64, 64), cells(x, y, w, h), layer);
        const inside = (p: number) => {
          const [row, column] = [Math.floor(p / layer.width), p % layer.width];
          return row >= r0 && row < r1 && column >= k0 && column < k1;
        };
        return mask.every((on, p) => on === (inside(p) ? 1 : 0));
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  test("keeps the cell of its centre where it falls between the samples", () => {
    const latent = grid(64, 64);
    const region = cells(9, 17, 3, 4); // no multiple of 8 in columns 9 to 11
    expect(draw(layerMask(latentMask(region, latent), latent, region, grid(8, 8)), grid(8, 8))).toEqual([
      "........",
      "........",
      ".#......",
      "........",
      "........",
      "........",
      "........",
      "........",
    ]);
  });

  test.each([
    [17, 9],
    [24, 40],
    [65, 33],
    [1, 5],
  ])("whole pictures of %i x %i cells stay whole on every level", (height, width) => {
    const latent = grid(height, width);
    const whole = box(0, 0, 1, 1);
    for (
      let layer = latent;
      layer.height > 1 || layer.width > 1;
      layer = grid(Math.ceil(layer.height / 2), Math.ceil(layer.width / 2))
    ) {
      expect(layerMask(latentMask(whole, latent), latent, whole, layer).every((on) => on === 1)).toBe(true);
    }
  });
});

test("coverage is the share of each cell that the box covers", () => {
  expect([...coverage(box(0.25, 0.5, 0.5, 0.5), grid(2, 2))]).toEqual([0, 0, 0.5, 0.5]);
  const sum = coverage(box(0.13, 0.27, 0.5, 0.41), grid(16, 24)).reduce((a, b) => a + b, 0);
  expect(sum).toBeCloseTo(0.5 * 0.41 * 16 * 24, 4);
});

describe("resizing attention maps", () => {
  test("to 16 has the published weights", () => {
    const [from64, from32, from16, from8] = [64, 32, 16, 8].map((n) => resizeWeights(n, 16)) as [
      number[][],
      number[][],
      number[][],
      number[][],
    ];
    const row = (n: number, entries: Record<number, number>) => Array.from({ length: n }, (_, i) => entries[i] ?? 0);
    for (let k = 0; k < 16; k++) {
      expect(from64[k]).toEqual(row(64, { [4 * k + 1]: 0.5, [4 * k + 2]: 0.5 }));
      expect(from32[k]).toEqual(row(32, { [2 * k]: 0.5, [2 * k + 1]: 0.5 }));
      expect(from16[k]).toEqual(row(16, { [k]: 1 }));
    }
    expect(from8[0]).toEqual(row(8, { 0: 1 }));
    expect(from8[15]).toEqual(row(8, { 7: 1 }));
    for (let k = 1; k < 15; k += 2) expect(from8[k]).toEqual(row(8, { [(k - 1) / 2]: 0.75, [(k + 1) / 2]: 0.25 }));
    for (let k = 2; k < 15; k += 2) expect(from8[k]).toEqual(row(8, { [k / 2 - 1]: 0.25, [k / 2]: 0.75 }));
  });

  // torch 2.13, torch.nn.functional.interpolate of 1, 2, 4, 8, ... in float64, mode bilinear, align_corners false
  test.each([
    { from: 5, to: 4, values: [1.125, 2.75, 6.5, 15] },
    { from: 3, to: 5, values: [1, 1.4, 2, 3.2, 4] },
    { from: 9, to: 4, values: [1.625, 7.5, 36, 176] },
    { from: 1, to: 3, values: [1, 1, 1] },
  ])("from $from to $to is PyTorch's", ({ from, to, values }) => {
    const got = resizeWeights(from, to).map((row) => row.reduce((sum, w, i) => sum + w * 2 ** i, 0));
    got.forEach((x, i) => expect(x).toBeCloseTo(values[i]!, 10));
  });

  test("every row of weights sums to 1", () => {
    for (const [from, to] of [
      [9, 16],
      [5, 16],
      [40, 16],
      [3, 7],
      [16, 3],
    ] as const) {
      for (const row of resizeWeights(from, to)) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    }
  });

  test.each([
    [grid(64, 64), grid(16, 16)],
    [grid(8, 8), grid(16, 16)],
    [grid(9, 5), grid(16, 9)],
    [grid(24, 40), grid(16, 16)],
  ])("from %j to %j has the exact adjoint: (resized a) . b = a . (adjoint of b)", (from, to) => {
    const [a, b] = [normals([from.height * from.width], 1), normals([to.height * to.width], 2)];
    const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
      Array.from(x, (v, i) => v * y[i]!).reduce((s, v) => s + v, 0);
    const there = dot(bilinear(a, from, to), b);
    expect(Math.abs(there - dot(a, resizeAdjoint(b, to, from)))).toBeLessThan(1e-6 * Math.abs(there));
  });

  test("must be told the map's own grid", () => {
    expect(() => resizeAdjoint([1, 2, 3], grid(2, 2), grid(4, 4))).toThrow("map of 3 cells on 2x2");
  });
});

test.each([
  { latent: grid(64, 64), loss: grid(16, 16) },
  { latent: grid(96, 64), loss: grid(24, 16) },
  { latent: grid(72, 128), loss: grid(18, 32) },
  { latent: grid(32, 48), loss: grid(16, 16) },
  { latent: grid(17, 9), loss: grid(16, 9) },
])("the loss of a latent of $latent is on $loss", ({ latent, loss }) => {
  expect(lossGrid(latent)).toEqual(loss);
});
