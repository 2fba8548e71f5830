/** Where a new box goes by itself. */
import { expect, test } from "vitest";
import type { UnitBox } from "../../src-main/scene/scene.ts";
import { overlapOf } from "../../src-renderer/state/geometry.ts";
import { freePlace } from "../../src-renderer/state/placement.ts";

const isInside = ({ x, y, width, height }: UnitBox) => x >= 0 && y >= 0 && x + width <= 1 && y + height <= 1;

test("the first box is in the middle, the second beside it, to the right", () => {
  const first = freePlace([]);
  expect(first).toEqual({ x: 0.33, y: 0.33, width: 0.34, height: 0.34 });
  const second = freePlace([first]);
  expect(second.x).toBeGreaterThanOrEqual(first.x + first.width + 0.02 - 1e-6);
  expect(second.y + second.height / 2).toBeCloseTo(0.5);
});

test("nine boxes, one after another, lie over none of the others and in the picture", () => {
  const boxes: UnitBox[] = [];
  for (let n = 0; n < 9; n++) {
    const place = freePlace(boxes);
    expect(isInside(place)).toBe(true);
    for (const other of boxes) expect(overlapOf(place, other), `box ${n + 1}`).toBe(0);
    boxes.push(place);
  }
});

test("a box over the whole picture takes no room from others, which lie on it", () => {
  const ground = { x: 0, y: 0, width: 1, height: 1 };
  expect(freePlace([ground])).toEqual(freePlace([]));
});

test("a narrow strip beside large boxes is found", () => {
  const left = { x: 0, y: 0, width: 0.42, height: 1 };
  const right = { x: 0.58, y: 0, width: 0.42, height: 1 };
  const place = freePlace([left, right]);
  expect([overlapOf(place, left), overlapOf(place, right)]).toEqual([0, 0]);
});

test("where there is no room, it covers as little as it can", () => {
  const tiles = [0, 1, 2, 3].map((n) => ({ x: (n % 2) / 2, y: Math.floor(n / 2) / 2, width: 0.5, height: 0.5 }));
  const place = freePlace(tiles);
  expect(isInside(place)).toBe(true);
  expect(place.width).toBe(0.34);
});
