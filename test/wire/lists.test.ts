/** What a page sends is bounded before anything of it is looked at. */
import * as v from "valibot";
import { expect, test } from "vitest";
import { isModest, listOf } from "../../src-main/wire/lists.ts";
import { mainSchemas } from "../../src-main/api/mainMessages.ts";

test("a list that is too long is refused unread, and says how long it may be", () => {
  let looked = 0;
  const item = v.custom<number>(() => {
    looked++;
    return true;
  });
  const parsed = v.safeParse(listOf(item, 3), [1, 2, 3, 4]);
  expect(parsed.issues?.[0]?.message).toBe("expected at most 3 items");
  expect(looked).toBe(0);
  expect(v.parse(listOf(item, 3), [1, 2])).toEqual([1, 2]);
  expect(v.is(listOf(item, 3), "abc")).toBe(false);
});

test("millions of wrong ids are refused at once, with one problem told", () => {
  const ids = new Array<number>(5_000_000).fill(-1);
  const begun = performance.now();
  const parsed = v.safeParse(mainSchemas.markResults, { ids, starred: true }, { abortEarly: true });
  expect(parsed.issues).toHaveLength(1);
  expect(performance.now() - begun).toBeLessThan(100);
});

test("a request of ordinary size is modest, whatever is in it", () => {
  const regions = Array.from({ length: 64 }, () => ({
    spans: Array.from({ length: 64 }, () => ({ start: 0, end: 1 })),
  }));
  for (const request of [
    undefined,
    null,
    7,
    "x".repeat(20_000),
    { ids: new Array<number>(10_000).fill(1) },
    { regions, editor: { text: "x".repeat(1_000_000) } },
  ]) {
    expect(isModest(request)).toBe(true);
  }
});

test.each([
  ["millions of ids", { ids: new Array<number>(3_000_000).fill(-1) }],
  ["a list with a length and nothing in it", { ids: new Array<number>(2 ** 32 - 1) }],
  ["a text of 20 MB", { text: "x".repeat(20_000_000) }],
  ["many texts", new Array<string>(100).fill("x".repeat(1_000_000))],
  ["bytes", new Uint8Array(20_000_000)],
  ["lists in lists", Array.from({ length: 1_000 }, () => new Array<number>(1_000).fill(0))],
  [
    "an object with long names",
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${"x".repeat(1e6)}${i}`, 0])),
  ],
])("%s are not handed on", (_name, request) => {
  expect(isModest(request)).toBe(false);
});

test("what leads back to itself is not followed for ever", () => {
  const ring: unknown[] = [];
  ring.push(ring, ring);
  expect(isModest(ring)).toBe(false);
});
