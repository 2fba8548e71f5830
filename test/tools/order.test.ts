/** The order of test files: all of them, the longest first, those of the window among the others. */
import { expect, test } from "vitest";
import { inOrder, NAMED } from "../../tools/tests/order.ts";
import { filesIn } from "../support/imports.ts";

const files = filesIn("test", [".test.ts"]);

test("every file is run once, and what is named is there", () => {
  expect(inOrder(files).toSorted()).toEqual(files.toSorted());
  expect(files).toEqual(expect.arrayContaining(NAMED));
});

test("the longest come first, and files of the window among the others until the end", () => {
  const order = inOrder(files);
  const others = order.filter((file) => !file.startsWith("test/e2e/"));
  expect(others[0]).toBe("test/engine/webgpuStep.test.ts");
  expect(Math.max(...NAMED.map((file) => order.indexOf(file)))).toBeLessThan(order.length - 20);
  const windowed = (some: string[]) => some.filter((file) => file.startsWith("test/e2e/")).length / some.length;
  const half = order.length / 2;
  for (const part of [order.slice(0, 6), order.slice(0, half), order.slice(half)]) {
    expect(windowed(part)).toBeGreaterThan(0.05);
    expect(windowed(part)).toBeLessThan(0.7);
  }
});

test("a few files are put in order like all", () => {
  expect(inOrder(["test/wire/rpc.test.ts", "test/engine/pairs.test.ts", "other/a.test.ts"])).toEqual([
    "test/engine/pairs.test.ts",
    "test/wire/rpc.test.ts",
    "other/a.test.ts",
  ]);
  expect(inOrder([])).toEqual([]);
});
