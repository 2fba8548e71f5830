import { describe, expect, test } from "vitest";
import {
  align,
  cutInside,
  describeBox,
  distribute,
  fitInside,
  movable,
  overlapOf,
  reflow,
} from "../../src-renderer/state/geometry.ts";
import { snapMove, snapResize } from "../../src-renderer/state/snapping.ts";

const box = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });
const near = (a: object, b: object) => {
  for (const [key, value] of Object.entries(b)) expect(a).toHaveProperty(key, expect.closeTo(value as number, 6));
};

test("a box moved out of the picture comes back whole", () => {
  near(fitInside(box(0.9, -0.2, 0.3, 0.4)), box(0.7, 0, 0.3, 0.4));
});

test("a box drawn out of the picture is cut at its edge", () => {
  near(cutInside(box(0.9, -0.2, 0.3, 0.4)), box(0.9, 0, 0.1, 0.2));
});

test("boxes moved together stop together", () => {
  near(movable([box(0.1, 0.1, 0.2, 0.2), box(0.6, 0.5, 0.3, 0.3)], 0.5, -0.05), { dx: 0.1, dy: -0.05 });
});

describe("boxes align", () => {
  const boxes = [box(0.1, 0.1, 0.2, 0.1), box(0.4, 0.5, 0.3, 0.2)];
  test.each([
    ["left", [0.1, 0.1], "x"],
    ["center", [0.3, 0.25], "x"],
    ["right", [0.5, 0.4], "x"],
    ["top", [0.1, 0.1], "y"],
    ["middle", [0.35, 0.3], "y"],
    ["bottom", [0.6, 0.5], "y"],
  ] as const)("%s", (to, places, axis) => {
    expect(align(boxes, to).map((one) => one[axis])).toEqual(places.map((place) => expect.closeTo(place, 6) as number));
  });

  test("alone, to the picture", () => near(align([boxes[0]!], "center")[0]!, box(0.4, 0.1, 0.2, 0.1)));
});

test("distributing makes equal gaps and leaves the outermost", () => {
  const boxes = [box(0.7, 0, 0.2, 0.1), box(0, 0, 0.1, 0.1), box(0.15, 0, 0.3, 0.1)];
  const [last, first, between] = distribute(boxes, "horizontal");
  expect(first!.x).toBe(0);
  expect(last!.x).toBeCloseTo(0.7);
  expect(between!.x).toBeCloseTo(0.25); // gaps of (0.9 - 0.6) / 2 = 0.15
});

describe("when the picture becomes wider", () => {
  const from = { width: 512, height: 512 };
  const to = { width: 1024, height: 512 };
  test("a box keeps its shape and its middle", () =>
    near(reflow(box(0.4, 0.4, 0.2, 0.2), from, to), box(0.45, 0.4, 0.1, 0.2)));
  test("a box at the edge stays there", () => near(reflow(box(0.8, 0.4, 0.2, 0.2), from, to), box(0.9, 0.4, 0.1, 0.2)));
  test("a box across the picture goes on spanning it", () =>
    near(reflow(box(0, 0.6, 1, 0.4), from, to), box(0, 0.6, 1, 0.4)));
});

test("overlap is counted of the smaller box", () => {
  expect(overlapOf(box(0, 0, 0.4, 0.4), box(0.1, 0.1, 0.1, 0.1))).toBeCloseTo(1);
  expect(overlapOf(box(0, 0, 0.2, 0.2), box(0.5, 0.5, 0.1, 0.1))).toBe(0);
});

test.each([
  [box(0.02, 0.25, 0.32, 0.5), "left third, 32 by 50 percent"],
  [box(0.6, 0.6, 0.3, 0.3), "bottom right, 30 by 30 percent"],
  [box(0, 0.7, 1, 0.3), "bottom, full width, 100 by 30 percent"],
  [box(0.3, 0.3, 0.4, 0.4), "center, 40 by 40 percent"],
  [box(0, 0, 1, 1), "the whole picture, 100 by 100 percent"],
])("%o is said as %s", (one, words) => expect(describeBox(one)).toBe(words));

describe("snapping", () => {
  const options = { reach: { x: 0.02, y: 0.02 } };
  test("pulls the middle of a box onto the middle of the picture", () => {
    const { box: snapped, guides } = snapMove(box(0.385, 0.7, 0.22, 0.1), [], options);
    expect(snapped.x).toBeCloseTo(0.39);
    expect(guides).toEqual([{ axis: "x", at: 0.5 }]);
  });
  test("pulls an edge onto another box's", () => {
    const { box: snapped, guides } = snapMove(box(0.21, 0.77, 0.1, 0.1), [box(0.2, 0.1, 0.17, 0.19)], options);
    expect(snapped.x).toBeCloseTo(0.2);
    expect(guides).toContainEqual({ axis: "x", at: 0.2 });
  });
  test("falls back on the grid", () => {
    const { box: snapped, guides } = snapMove(box(0.13, 0.77, 0.1, 0.1), [], {
      ...options,
      grid: { x: 0.125, y: 0.125 },
    });
    near(snapped, box(0.125, 0.75, 0.1, 0.1));
    expect(guides).toEqual([]);
  });
  test("moves only the sides that are dragged", () => {
    const edges = { left: false, right: true, top: false, bottom: false };
    near(snapResize(box(0.11, 0.11, 0.38, 0.3), edges, [], options).box, box(0.11, 0.11, 0.39, 0.3));
  });
});
