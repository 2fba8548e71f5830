/** Shapes of regions: what is inside, how much of the box it is, and what is wrong with one. */
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { sceneSchema } from "../../src-main/api/sceneMessages.ts";
import { decodeCells, encodeCells } from "../../src-main/scene/cells.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { parseScene, serializeScene } from "../../src-main/scene/parser.ts";
import {
  cellsOf,
  flipped,
  holds,
  isInside,
  paintedOf,
  pathOf,
  type RegionShape,
  ringsOf,
  shareOf,
  tightened,
} from "../../src-main/scene/shapes.ts";
import { describe as tell } from "../../src-main/wire/rpc.ts";
import { anyShape } from "../support/scenes.ts";

const TRIANGLE: RegionShape = { kind: "polygon", points: [{ x: 0.25, y: 0.5 }, { x: 0.75, y: 0.5 }, { x: 0.25, y: 1 }] }; // prettier-ignore
/** Two rings in one another, turned the same way: by the rule of odd and even the inner one is a hole. */
const STAR: RegionShape = {
  kind: "polygon",
  points: Array.from({ length: 5 }, (_, i) => {
    const angle = (4 * Math.PI * i) / 5;
    return { x: 0.5 + 0.5 * Math.sin(angle), y: 0.5 - 0.5 * Math.cos(angle) };
  }),
};
// . # #
// # . #
const PAINTED: RegionShape = { kind: "painted", width: 3, height: 2, cells: "1 3 1 1" };

/** Share of a fine raster that is inside. */
function counted(shape: RegionShape, side = 200): number {
  let inside = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) if (isInside(shape, (x + 0.5) / side, (y + 0.5) / side)) inside++;
  }
  return inside / side ** 2;
}

describe("a shape", () => {
  test("has inside what it encloses, and nothing outside its box", () => {
    expect(isInside(undefined, 1, 0)).toBe(true);
    expect(isInside({ kind: "ellipse" }, 0.5, 0)).toBe(true);
    expect(isInside({ kind: "ellipse" }, 0.1, 0.1)).toBe(false);
    expect(isInside(TRIANGLE, 0.3, 0.6)).toBe(true);
    expect(isInside(TRIANGLE, 0.7, 0.9)).toBe(false);
    expect(isInside(STAR, 0.5, 0.5)).toBe(false);
    expect(isInside(STAR, 0.5, 0.1)).toBe(true);
    expect([0.1, 0.5, 0.9].map((u) => isInside(PAINTED, u, 0.9))).toEqual([true, false, true]);
    expect(isInside(PAINTED, 1, 0)).toBe(true);
    expect(isInside(PAINTED, 1.01, 0)).toBe(false);
    const box = { x: 0.5, y: 0.25, width: 0.5, height: 0.5 };
    expect(holds({ box, shape: TRIANGLE }, { x: 0.65, y: 0.55 })).toBe(true);
    expect(holds({ box }, { x: 0.4, y: 0.5 })).toBe(false);
  });

  test("has the share of its box that a fine raster counts", () => {
    expect(shareOf(undefined)).toBe(1);
    for (const shape of [{ kind: "ellipse" } as const, TRIANGLE, STAR, PAINTED]) {
      expect(shareOf(shape)).toBeCloseTo(counted(shape), 2);
    }
    fc.assert(
      fc.property(anyShape, (shape) => {
        expect(Math.abs(shareOf(shape) - counted(shape, 60))).toBeLessThan(0.05);
      }),
      { numRuns: 60 },
    );
  });

  test("is the same place in a tighter box", () => {
    fc.assert(
      fc.property(anyShape, fc.double({ min: 0, max: 1, noNaN: true }), (shape, at) => {
        if (shape.kind === "polygon" && shareOf(shape) < 0.01) return;
        const loose = { box: { x: 0.25, y: 0.125, width: 0.5, height: 0.75 }, shape };
        const tight = tightened(loose);
        expect(tight.box.width).toBeLessThanOrEqual(0.5 + 1e-12);
        for (let k = 0; k < 40; k++) {
          const place = { x: 0.2 + (0.6 * (k + at)) / 40, y: 0.1 + 0.8 * ((7 * k + at) % 1) };
          // On the very outline a rounding may decide.
          const near = [-1e-6, 1e-6].map((d) => holds(loose, { x: place.x + d, y: place.y + d }));
          if (near[0] === near[1]) expect(holds(tight, place)).toBe(near[0]);
        }
      }),
    );
    const whole = { kind: "painted", width: 2, height: 2, cells: "2 2" } as const;
    expect(tightened({ id: "a", box: { x: 0, y: 0, width: 1, height: 1 }, shape: whole })).toEqual({
      id: "a",
      box: { x: 0, y: 0.5, width: 1, height: 0.5 },
    });
  });

  test("is turned round, and twice is itself", () => {
    expect(isInside(flipped(TRIANGLE, "horizontal"), 0.7, 0.6)).toBe(true);
    expect(flipped(PAINTED, "horizontal")).toEqual({ ...PAINTED, cells: "0 2 1 1 1 1" });
    expect(flipped(PAINTED, "vertical")).toEqual({ ...PAINTED, cells: "0 1 1 1 1 2" });
    fc.assert(fc.property(anyShape, fc.constantFrom("horizontal", "vertical"), (shape, axis) => {
      const twice = flipped(flipped(shape, axis), axis);
      expect(shareOf(twice)).toBeCloseTo(shareOf(shape), 9);
      if (shape.kind !== "polygon") expect(twice).toEqual(shape);
    })); // prettier-ignore
  });

  test("has an outline that encloses it", () => {
    expect(pathOf(undefined, { x: 1, y: 2, width: 3, height: 4 })).toBe("M1 2L4 2L4 6L1 6Z");
    expect(pathOf(PAINTED, { x: 0, y: 0, width: 3, height: 2 })).toBe("M1 0L3 0L3 2L2 2L2 1L1 1ZM0 1L1 1L1 2L0 2Z");
    // A ring of cells around a hole.
    expect(ringsOf({ kind: "painted", width: 3, height: 3, cells: "0 4 1 4" })).toHaveLength(2);
    fc.assert(
      fc.property(anyShape, (shape) => {
        const rings = ringsOf(shape);
        for (let k = 0; k < 25; k++) {
          const [u, v] = [((k % 5) + 0.487) / 5, (Math.floor(k / 5) + 0.513) / 5];
          if (shape.kind === "ellipse" && Math.abs((2 * u - 1) ** 2 + (2 * v - 1) ** 2 - 1) < 0.1) continue;
          const odd = rings.filter((points) => isInside({ kind: "polygon", points }, u, v)).length % 2 === 1;
          expect(odd).toBe(isInside(shape, u, v));
        }
      }),
    );
  });
});

describe("painted cells", () => {
  test("have one text, which gives them back", () => {
    fc.assert(
      fc.property(anyShape, (shape) => {
        if (shape.kind !== "painted") return;
        const cells = cellsOf(shape);
        expect(encodeCells(cells)).toBe(shape.cells);
        expect(paintedOf(cells)).toEqual(shape);
      }),
    );
    expect(paintedOf({ width: 2, height: 1, set: Uint8Array.of(0, 0) })).toBeUndefined();
    expect(encodeCells({ set: Uint8Array.of(1, 1, 0) })).toBe("0 2 1");
  });

  test("of 256 x 256 in a pattern of single cells fit", () => {
    const set = Uint8Array.from({ length: 256 * 256 }, (_, i) => (i + Math.floor(i / 256)) % 2);
    const shape = paintedOf({ width: 256, height: 256, set })!;
    expect(decodeCells(shape.cells, 256, 256)).toMatchObject({ set });
  });

  test.each([
    ["", "expected lengths of runs"],
    ["1,2", "expected lengths of runs"],
    ["01 3", "expected lengths of runs"],
    ["1 0 3", "expected lengths of runs"],
    ["1 -1 4", "expected lengths of runs"],
    ["1 2", "the runs have 3 cells, and 2 × 2 are 4"],
    ["4", "nothing is painted"],
    ["1 99999999999999999999", "runs of more than 2 × 2 cells"],
  ])("of %j are refused", (text, message) => {
    expect(decodeCells(text, 2, 2)).toEqual({ problem: expect.stringContaining(message) as string });
  });
});

describe("a bad shape is refused with one place, by files and by messages:", () => {
  const box = { phrase: "cat", box: [0, 0, 1, 1] };
  const points = [[0, 0], [1, 0], [0, 1]]; // prettier-ignore
  test.each<[unknown, string, string]>([
    ["circle", "", 'expected "ellipse", or an object with a kind: ellipse, polygon, painted; got "circle"'],
    ["elipse", "", 'did you mean "ellipse"?'],
    [[1, 2], "", "got a list of 2"],
    [{ kind: "star" }, ".kind", "expected one of ellipse, polygon, painted"],
    [{ points }, ".kind", "got nothing"],
    [{ kind: "ellipse", width: 3 }, ".width", "unknown field"],
    [{ kind: "polygon", points: [] }, ".points", "expected 3 to 200 points, got 0"],
    [{ kind: "polygon", points: Array(201).fill([0, 0]) }, ".points", "got 201"],
    [{ kind: "polygon", points: 3 }, ".points", "expected a list of points"],
    [{ kind: "polygon", points: [...points, [0.5, 2]] }, ".points[3][1]", "from 0 to 1, got 2"],
    [{ kind: "polygon", points: [...points, { x: "a", y: 0 }] }, ".points[3].x", 'got "a"'],
    [{ kind: "polygon", points: [...points, [1]] }, ".points[3]", "expected a point [x, y]"],
    [
      {
        kind: "polygon",
        points: [
          [0, 0],
          [0.5, 0.5],
          [1, 1],
        ],
      },
      ".points",
      "on one line",
    ],
    [{ kind: "painted", width: 0, height: 1, cells: "0 1" }, ".width", "from 1 to 256, got 0"],
    [{ kind: "painted", width: 1, height: 300, cells: "0 300" }, ".height", "from 1 to 256, got 300"],
    [{ kind: "painted", width: 1, height: 1 }, ".cells", "expected a text, got nothing"],
    [{ kind: "painted", width: 2, height: 1, cells: "1 2" }, ".cells", "the runs have 3 cells"],
  ])("%j", (shape, place, message) => {
    const file = () => parseScene({ prompt: "a cat", boxes: [{ ...box, shape }] }, DEFAULT_SETTINGS);
    expect(file).toThrow(`boxes[0].shape${place}: `);
    expect(file).toThrow(message);
    expect(file).not.toThrow("\n");
    const region = { id: "a", box: { x: 0, y: 0, width: 1, height: 1 }, spans: [{ start: 2, end: 5 }], strength: 1, shape }; // prettier-ignore
    const scene = { prompt: "a cat", negativePrompt: "", regions: [region], settings: DEFAULT_SETTINGS };
    const { issues } = v.safeParse(sceneSchema, scene);
    expect(issues).toHaveLength(1);
    expect(tell(issues![0])).toContain(`regions[0].shape${place}: `);
    expect(tell(issues![0])).toContain(message);
  });
});

test("a file has shapes in their short form, and reads any", () => {
  const shapes = ["ellipse", { kind: "polygon", points: [[0, 0], [1, 0], [0.5, 1]] }, PAINTED]; // prettier-ignore
  const file = { prompt: "a cat", boxes: shapes.map((shape) => ({ phrase: "cat", box: [0, 0, 1, 1], shape })) };
  const scene = parseScene(file, DEFAULT_SETTINGS);
  expect(scene.regions.map(({ shape }) => shape?.kind)).toEqual(["ellipse", "polygon", "painted"]);
  expect(serializeScene(scene).boxes.map(({ shape }) => shape)).toEqual(shapes);
});
