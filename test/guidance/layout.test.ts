import { describe, expect, test } from "vitest";
import type { Region, UnitBox } from "../../src-main/scene/scene.ts";
import { layoutOf } from "../../src-main/guidance/layout.ts";
import { resizeAdjoint } from "../../src-main/guidance/masks.ts";

const TOKENS = 6;
const latent = { height: 32, width: 32 };
const target = { height: 16, width: 16 };
const layers = [latent, target, { height: 8, width: 8 }];
const left: UnitBox = { x: 0, y: 0, width: 0.5, height: 1 };
const right: UnitBox = { x: 0.5, y: 0, width: 0.5, height: 1 };
const top: UnitBox = { x: 0, y: 0, width: 1, height: 0.25 };

const region = (box: UnitBox, strength = 1): Region => ({ id: "r", box, spans: [{ start: 0, end: 1 }], strength });
const bind = (box: UnitBox, tokens: number[], strength = 1) => ({ region: region(box, strength), tokens });
const layout = (...bound: ReturnType<typeof bind>[]) => layoutOf(bound, TOKENS, latent, target, layers);
const column = (map: Float32Array, token: number) => [...map].filter((_, i) => i % TOKENS === token);
/** One row of the 8 x 8 grid. */
const row = (map: Float32Array, token: number, y = 4) => column(map, token).slice(8 * y, 8 * y + 8);

describe("one box and one token", () => {
  const { injection, contrast, tokenWeights } = layout(bind(left, [2]));

  test("inject into the box, into no other token", () => {
    expect([...injection.keys()]).toEqual(["32x32", "16x16", "8x8"]);
    expect(row(injection.get("8x8")!, 2)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    for (const t of [0, 1, 3, 4, 5]) expect(column(injection.get("8x8")!, t).every((v) => v === 0)).toBe(true);
    expect(column(injection.get("32x32")!, 2).reduce((a, b) => a + b)).toBe(32 * 16);
  });

  test("weigh 1, as published", () => {
    expect([...tokenWeights]).toEqual([0, 0, 1, 0, 0, 0]);
  });

  test("contrast outside with inside, carried to each layer's grid by the adjoint of resizing", () => {
    const c = Float32Array.from({ length: 256 }, (_, p) => (p % 16 < 8 ? -1 : 1));
    for (const grid of layers) {
      const map = contrast.get(`${grid.height}x${grid.width}`)!;
      expect(column(map, 2)).toEqual([...resizeAdjoint(c, target, grid)]);
      expect(column(map, 3).every((v) => v === 0)).toBe(true);
    }
  });
});

test("the tokens of a phrase share its weight", () => {
  const { tokenWeights, injection } = layout(bind(left, [1, 2, 3, 4]));
  expect([...tokenWeights]).toEqual([0, 0.25, 0.25, 0.25, 0.25, 0]);
  for (const t of [1, 2, 3, 4]) expect(row(injection.get("8x8")!, t)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
});

test("several boxes of one phrase are their union", () => {
  const { injection, contrast, tokenWeights } = layout(bind(left, [2]), bind(top, [2]));
  expect(row(injection.get("8x8")!, 2, 0)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  expect(row(injection.get("8x8")!, 2, 2)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  expect(column(contrast.get("16x16")!, 2).filter((c) => c === -1)).toHaveLength(8 * 16 + 8 * 4);
  expect(tokenWeights[2]).toBe(1);
});

test("two halves of a phrase are the whole picture", () => {
  const both = layout(bind(left, [2]), bind(right, [2]));
  const whole = layout(bind({ x: 0, y: 0, width: 1, height: 1 }, [2]));
  expect(both).toEqual(whole);
});

test("a token that regions share has the greater strength in each place, and the greater weight", () => {
  const { injection, tokenWeights } = layout(bind(left, [2, 3], 0.5), bind(right, [3], 2));
  expect(row(injection.get("8x8")!, 3)).toEqual([0.5, 0.5, 0.5, 0.5, 2, 2, 2, 2]);
  expect(row(injection.get("8x8")!, 2)).toEqual([0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]);
  expect([...tokenWeights]).toEqual([0, 0, 0.25, 2, 0, 0]);
});

test("boxes of different tokens overlap without touching each other", () => {
  const [together, alone] = [layout(bind(left, [1]), bind(top, [4])), layout(bind(top, [4]))];
  for (const key of ["32x32", "16x16", "8x8"]) {
    expect(column(together.injection.get(key)!, 4)).toEqual(column(alone.injection.get(key)!, 4));
    expect(column(together.contrast.get(key)!, 4)).toEqual(column(alone.contrast.get(key)!, 4));
  }
});

test("a strength of 0 does nothing", () => {
  const { injection, contrast, tokenWeights } = layout(bind(left, [2], 0));
  const all = [...injection.values(), ...contrast.values(), tokenWeights];
  expect(all.every((map) => map.every((v) => v === 0))).toBe(true);
});

test("nor do a region whose tokens are all past the limit, and no region at all", () => {
  expect(layout(bind(left, []))).toEqual(layout());
  expect(layout().tokenWeights.every((w) => w === 0)).toBe(true);
});

test("weights make up for a loss grid of more cells than the authors' 16 x 16", () => {
  const large = { height: 96, width: 64 };
  const { tokenWeights } = layoutOf([bind(left, [2])], TOKENS, large, { height: 24, width: 16 }, [large]);
  expect(tokenWeights[2]).toBeCloseTo(256 / 384, 6);
});
