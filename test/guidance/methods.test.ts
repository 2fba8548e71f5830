/** Every method that can be asked for is a row and the file of its name, and there is no file that no row names. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { METHOD_ROWS, METHODS } from "../../src-main/scene/methods.ts";
import { methodOf } from "../../src-main/guidance/methodOf.ts";

test("rows and files are the same methods", () => {
  const files = readdirSync("src-main/guidance/methods").map((file) => file.replace(/\.ts$/, ""));
  expect(files.toSorted()).toEqual([...METHODS].toSorted());
});

test.each(METHODS)("%s has a program, and words for people", async (name) => {
  const method = await methodOf(name);
  expect(method.program.name).not.toBe("");
  expect(typeof method.predict).toBe("function");
  const { label, hint, caption, uses, gradientSteps, paper } = METHOD_ROWS[name];
  for (const words of [label, hint, caption]) expect(words.trim()).not.toBe("");
  if (gradientSteps) expect(uses).toContain(gradientSteps);
  expect(paper === undefined).toBe(name === "none");
});
