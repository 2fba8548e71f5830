import { expect, test } from "vitest";
import { Deaths } from "../../src-main/main/deaths.ts";

test("four deaths within a minute are too many, and old ones do not count", () => {
  const deaths = new Deaths();
  expect([0, 10_000, 20_000, 60_001].map((time) => deaths.add(time))).toEqual([false, false, false, false]);
  expect(deaths.add(60_002)).toBe(true);
  deaths.forget();
  expect(deaths.add(60_003)).toBe(false);
});
