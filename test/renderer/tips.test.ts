/** Where a tip stands beside what it is about. */
import { expect, test } from "vitest";
import { placeTip, type Side } from "../../src-renderer/panels/ui/tips.ts";

const ROOM = { width: 1000, height: 600 };
const SIZE = { width: 100, height: 30 };
const about = (left: number, top: number) => ({ left, top, right: left + 20, bottom: top + 20 });
const place = (left: number, top: number, side: Side) => placeTip(about(left, top), SIZE, ROOM, side);

test("a tip stands at the side that is wished, in the middle of it, a little away", () => {
  expect(place(500, 300, "bottom")).toEqual({ left: 460, top: 326 });
  expect(place(500, 300, "top")).toEqual({ left: 460, top: 264 });
  expect(place(500, 300, "left")).toEqual({ left: 394, top: 295 });
  expect(place(500, 300, "right")).toEqual({ left: 526, top: 295 });
});

test("without room there it stands at the opposite side", () => {
  expect(place(500, 570, "bottom").top).toBe(534);
  expect(place(500, 5, "top").top).toBe(31);
  expect(place(20, 300, "left").left).toBe(46);
  expect(place(950, 300, "right").left).toBe(844);
});

test("it never leaves the window", () => {
  expect(place(0, 300, "bottom").left).toBe(8);
  expect(place(990, 300, "bottom").left).toBe(892);
  expect(place(500, 0, "left").top).toBe(8);
  const wide = placeTip(about(500, 300), { width: 100, height: 900 }, ROOM, "bottom");
  expect(wide.top).toBe(8);
});
