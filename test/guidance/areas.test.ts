/** Regions that are no boxes, on grids: a shape is drawn into the cells of its box, and what lies in front is cut out. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Area,
  areasOf,
  type Grid,
  has,
  isHidden,
  type Mask,
  overlapOfSmaller,
} from "../../src-main/guidance/areas.ts";
import { columnMasks } from "../../src-main/guidance/columnMask.ts";
import { coverage, gridKey, latentMask, layerMask } from "../../src-main/guidance/masks.ts";
import { obedience } from "../../src-main/guidance/obedience.ts";
import { areaMask, boundsOf } from "../../src-main/guidance/rasters.ts";
import { regionTerm } from "../../src-main/guidance/regionLoss.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Region, UnitBox } from "../../src-main/scene/scene.ts";
import { paintedOf, type RegionShape, shareOf } from "../../src-main/scene/shapes.ts";
import { anyShape } from "../support/scenes.ts";

const grid = (height: number, width: number): Grid => ({ height, width });
const box = (x: number, y: number, width: number, height: number): UnitBox => ({ x, y, width, height });
const rowsOf = (mask: Mask, { width, height }: Grid) =>
  Array.from({ length: height }, (_, y) => [...mask.slice(y * width, (y + 1) * width)].map((on) => (on ? "#" : ".")).join("")); // prettier-ignore
const polygon = (...points: [number, number][]): RegionShape => ({ kind: "polygon", points: points.map(([x, y]) => ({ x, y })) }); // prettier-ignore
const TRIANGLE = polygon([0, 0], [0.97, 0], [0, 0.97]);
/** All of the box, with a corner that none needs. */
const WHOLE = polygon([0, 0], [1, 0], [1, 0.5], [1, 1], [0, 1]);
/** An arch: its centre of mass lies outside it. */
const ARCH = polygon([0, 0], [1, 0], [1, 1], [0.9, 1], [0.9, 0.1], [0.1, 0.1], [0.1, 1], [0, 1]);

const side = fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000);
const anyBox = fc
  .tuple(side, side, side, side)
  .map(([x, y, w, h]) => box(x * 0.99, y * 0.99, Math.max(0.003, w * (1 - x * 0.99)), Math.max(0.003, h * (1 - y * 0.99)))); // prettier-ignore
const anyGrid = fc.tuple(fc.integer({ min: 2, max: 24 }), fc.integer({ min: 2, max: 24 })).map(([h, w]) => grid(h, w));

describe("on a grid", () => {
  test("ellipse, polygon and painted cells look like themselves", () => {
    const on = grid(8, 8);
    const draw = (shape: RegionShape) => rowsOf(latentMask({ ...box(0, 0, 0.75, 0.75), shape }, on), on);
    expect(draw({ kind: "ellipse" })).toEqual([".####...", "######..", "######..", "######..", "######..", ".####...", "........", "........"]); // prettier-ignore
    expect(draw(TRIANGLE).slice(0, 6)).toEqual([
      "#####...",
      "####....",
      "###.....",
      "##......",
      "#.......",
      "........",
    ]);
    expect(draw({ kind: "painted", width: 2, height: 2, cells: "1 2 1" }).slice(0, 6)).toEqual(["...###..", "...###..", "...###..", "###.....", "###.....", "###....."]); // prettier-ignore
  });

  test("a shape that is all of its box has the box's cells, whatever the rounding", () => {
    fc.assert(
      fc.property(anyBox, anyGrid, (place, on) => {
        for (const shape of [WHOLE, { kind: "painted", width: 2, height: 3, cells: "0 6" } as const]) {
          const area = { ...place, shape };
          expect(latentMask(area, on)).toEqual(latentMask(place, on));
          for (const rounding of ["round", "trunc"] as const) {
            expect(areaMask([area], on, rounding)).toEqual(areaMask([place], on, rounding));
          }
          expect(coverage(area, on)).toEqual(coverage(place, on));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("every area has a cell on every grid, one that is its own", () => {
    fc.assert(
      fc.property(anyBox, anyShape, anyGrid, (place, shape, latent) => {
        const area = { ...place, shape };
        const layer = grid(Math.ceil(latent.height / 4), Math.ceil(latent.width / 4));
        const mask = layerMask(latentMask(area, latent), latent, area, layer);
        expect(mask.includes(1)).toBe(true);
        const own = coverage(place, layer);
        const cells = [...mask.keys()].filter((p) => mask[p] === 1);
        // By rounding a cell of the box may lie beside it, never further off.
        const near = (p: number) =>
          [...own.keys()].some(
            (q) =>
              own[q]! > 0 &&
              Math.abs((q % layer.width) - (p % layer.width)) <= 1 &&
              Math.abs(Math.floor(q / layer.width) - Math.floor(p / layer.width)) <= 1,
          );
        expect(cells.every(near)).toBe(true);
      }),
    );
  });

  test("what falls between the samples keeps a cell of its own, near its centre of mass", () => {
    // Two bars far apart, one thicker: the middle between them is not its own.
    const bars: RegionShape = polygon([0, 0], [0.1, 0], [0.1, 0.96], [0.9, 0.96], [0.9, 0], [1, 0], [1, 1], [0, 1]);
    const area = { ...box(0.05, 0.05, 0.9, 0.9), shape: bars };
    const layer = grid(3, 3);
    const none = new Float32Array(64 * 64);
    const kept = layerMask(none, grid(64, 64), area, layer);
    const cell = kept.indexOf(1);
    expect(kept.reduce((sum, on) => sum + on, 0)).toBe(1);
    expect(coverage(area, layer)[cell]).toBeGreaterThan(0);
    expect(layerMask(none, grid(64, 64), { ...box(0.05, 0.05, 0.9, 0.9), shape: ARCH }, grid(9, 9)).indexOf(1)).not.toBe(40); // prettier-ignore
  });

  test("the share of each cell sums to the area", () => {
    const on = grid(24, 16);
    fc.assert(
      fc.property(anyBox, anyShape, (place, shape) => {
        const sum = coverage({ ...place, shape }, on).reduce((all, share) => all + share, 0);
        const area = place.width * place.height * shareOf(shape) * on.width * on.height;
        expect(Math.abs(sum - area)).toBeLessThan(0.02 * on.width * on.height * place.width * place.height + 1);
      }),
    );
  });

  test("words of a box's own are attended inside the shape alone", () => {
    const latent = grid(8, 8);
    const area: Area = { ...box(0, 0, 1, 1), shape: TRIANGLE };
    const mask = columnMasks(["everywhere", area, "nowhere"], latent, [latent]).get(gridKey(latent))!;
    expect(
      rowsOf(
        Float32Array.from({ length: 64 }, (_, p) => (mask[3 * p + 1] === 0 ? 1 : 0)),
        latent,
      ),
    ).toEqual(rowsOf(latentMask(area, latent), latent));
  });
});

describe("where the one in front wins", () => {
  const region = (id: string, place: UnitBox, more: Partial<Region> = {}): Region => {
    return { id, box: place, spans: [{ start: 0, end: 1 }], strength: 1, ...more };
  };
  const areas = (regions: Region[], overlap: "share" | "front") => {
    const settings = { ...DEFAULT_SETTINGS, guidance: { ...DEFAULT_SETTINGS.guidance, overlap } };
    return [...areasOf({ regions, settings }).values()];
  };
  const left = region("a", box(0, 0, 0.75, 1));
  const right = region("b", box(0.5, 0.25, 0.5, 0.5));

  test("those behind lose the cells, those in front keep all", () => {
    const on = grid(4, 4);
    const [behind, front] = areas([left, right], "front").map((area) => rowsOf(latentMask(area, on), on));
    expect(behind).toEqual(["###.", "##..", "##..", "###."]);
    expect(front).toEqual(["....", "..##", "..##", "...."]);
    const [a, b] = areas([left, right], "share").map((area) => rowsOf(latentMask(area, on), on));
    expect(a).toEqual(["###.", "###.", "###.", "###."]);
    expect(b).toEqual(front);
    // Turned round, the other one loses.
    expect(areas([right, left], "front").map((area) => rowsOf(latentMask(area, on), on))).toEqual([
      ["....", "...#", "...#", "...."],
      ["###.", "###.", "###.", "###."],
    ]);
  });

  test("no two have a cell in common on any grid with any rounding, but for the one that each keeps", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyBox, anyShape), { minLength: 2, maxLength: 4 }), anyGrid, (places, on) => {
        const regions = places.map(([place, shape], i) => region(String(i), place, { shape }));
        const all = areas(regions, "front");
        for (const draw of [
          (area: Area) => latentMask(area, on),
          (area: Area) => areaMask([area], on, "round"),
          (area: Area) => areaMask([area], on, "trunc"),
        ]) {
          const masks = all.map(draw);
          const isMore = (mask: Mask) => mask.reduce((sum, one) => sum + one, 0) > 1;
          masks.forEach((mask, i) => {
            masks.slice(i + 1).forEach((other, k) => {
              // Boxes that only meet within a cell are none that overlap.
              if (!isMore(mask) || !isMore(other) || overlapOfSmaller(places[i]![0], places[i + 1 + k]![0]) === 0)
                return;
              expect(mask.some((on, p) => on === 1 && other[p] === 1)).toBe(false);
            });
          });
        }
      }),
    );
  });

  test("a shape hides what it has, not its box", () => {
    const ring = region("b", box(0, 0, 1, 1), { shape: { kind: "painted", width: 3, height: 3, cells: "0 4 1 4" } });
    const [behind] = areas([region("a", box(0, 0, 1, 1)), ring], "front");
    expect(has(behind!, { x: 0.5, y: 0.5 })).toBe(true);
    expect(has(behind!, { x: 0.1, y: 0.5 })).toBe(false);
    expect(isHidden(behind!)).toBe(false);
    expect(isHidden(areas([region("a", box(0, 0, 0.3, 0.3)), ring], "front")[0]!)).toBe(true);
    // What has no strength hides nothing.
    expect(isHidden(areas([region("a", box(0, 0, 0.3, 0.3)), { ...ring, strength: 0 }], "front")[0]!)).toBe(false);
  });
});

test("what two areas share is a part of the smaller one", () => {
  expect(overlapOfSmaller(box(0, 0, 0.5, 1), box(0.25, 0, 0.75, 1))).toBe(0.5);
  expect(overlapOfSmaller(box(0, 0, 0.5, 1), box(0.5, 0, 0.5, 1))).toBe(0);
  const triangles = [TRIANGLE, polygon([1, 1], [1, 0.03], [0.03, 1])].map((shape) => ({ ...box(0, 0, 1, 1), shape }));
  expect(overlapOfSmaller(triangles[0]!, triangles[1]!)).toBeLessThan(0.02);
  expect(overlapOfSmaller(triangles[0]!, box(0, 0, 0.25, 0.25))).toBeCloseTo(1, 6);
  expect(overlapOfSmaller({ ...box(0, 0, 1, 1), shape: { kind: "ellipse" } }, box(0, 0, 1, 1))).toBeCloseTo(1, 2);
});

test("obedience is of the shape: attention that fills an ellipse follows it better than its box", () => {
  const on = grid(16, 16);
  const ellipse: Area = { ...box(0.1, 0.2, 0.7, 0.6), shape: { kind: "ellipse" } };
  const attention = coverage(ellipse, on);
  // A cell that is the thing's in part is taken for none or all of it, as the edge of attention is wider than a thing's.
  expect(obedience(attention, ellipse, on)).toBeGreaterThan(0.93);
  expect(obedience(attention, box(0.1, 0.2, 0.7, 0.6), on)).toBeCloseTo(Math.PI / 4, 1);
  expect(obedience(coverage(box(0.1, 0.2, 0.7, 0.6), on), ellipse, on)).toBeCloseTo(Math.PI / 4, 1);
});

test("R&B compares the box around a map with the shape drawn into it: an ellipse that fills its box is good", () => {
  const on = grid(32, 32);
  const area: Area = { ...box(0.25, 0.25, 0.5, 0.5), shape: { kind: "ellipse" } };
  const mask = areaMask([area], on, "trunc");
  // The last row and column do not count among the box around a map: it is drawn one larger.
  const map = Float64Array.from(areaMask([box(0.25, 0.25, 17 / 32, 17 / 32)], on, "trunc"));
  const flat = new Float64Array(map.length);
  const term = (isShaped: boolean) => regionTerm(map, flat, mask, on, { isOneOfMany: false, isShaped });
  expect(term(true)).toMatchObject({ overlap: 1, loss: 0 });
  expect(term(false).overlap).toBeCloseTo(Math.PI / 4, 1);
  expect(boundsOf(mask, on)).toEqual({ x0: 8, y0: 8, x1: 24, y1: 24 });
});

test("a picture of single cells on a large grid is drawn in good time", () => {
  const set = Uint8Array.from({ length: 256 * 256 }, (_, i) => (i + Math.floor(i / 256)) % 2);
  const area = { ...box(0, 0, 1, 1), shape: paintedOf({ width: 256, height: 256, set })! };
  const mask = latentMask(area, grid(256, 256));
  expect(mask.reduce((sum, on) => sum + on, 0)).toBe(256 * 128);
});
