import { basename, join } from "node:path";
import { expect, test } from "vitest";
import type { ResultDetails } from "../../src-main/api/store.ts";
import { DEFAULT_PATTERN, factsOf, nameFrom, patternProblem, pictureName } from "../../src-main/api/pictureName.ts";

function facts(change: { seed?: string; project?: string; prompt?: string; model?: string; created?: string } = {}) {
  const { seed = "18446744073709551615", project = "Shop window", prompt = "a cat", model = "demo" } = change;
  const created = change.created ?? "2026-11-29T10:31:00.000Z";
  const record = { scene: { prompt }, model: { name: model } };
  return factsOf({ id: 7, seed, created, width: 64, height: 48, record } as ResultDetails, project);
}

test("a picture is named after its number and its seed", () => {
  expect(pictureName(DEFAULT_PATTERN, facts())).toBe("diorama-7-seed-18446744073709551615");
});

test.each([
  ["{project}-{seed}-{date}", "Shop window-18446744073709551615-2026-11-29"],
  ["{date} {time} {size} {model}, {prompt}", "2026-11-29 1031 64x48 demo, a cat"],
  ["../{id}", "7"],
  ["", "diorama-7"],
  ["...", "diorama-7"],
  ["{colour}-{id}", "{colour}-7"],
])("by the pattern %j it is called %j", (pattern, name) => {
  expect(pictureName(pattern, facts())).toBe(name);
});

test("what a pattern does not know is named", () => {
  expect(patternProblem("{colour}-{id}")).toMatch(/There is no \{colour\}\. Use \{project\}, \{seed\}/);
  expect(patternProblem("  ")).toMatch(/Write a name/);
  expect(patternProblem("plain")).toBeUndefined();
});

test("nothing of a stranger's project makes a path of a name", () => {
  const strange = { project: "../../x", prompt: "/etc/passwd", model: "C:\\x", created: "../../../y" };
  const name = pictureName("{project}-{prompt}-{model}-{date}-{time}", facts(strange));
  expect(basename(join("/folder", `${name}.png`))).toBe(`${name}.png`);
  expect(name).toBe("x-etc passwd-C x--");
});

test.each(["/../../../.config/autostart/x", "..\\..\\x", "C:\\x", "1\0", "", "1\n", "CON", "-1"])(
  "a project from a stranger cannot choose where its pictures are written: seed %j",
  (seed) => {
    const name = pictureName(DEFAULT_PATTERN, facts({ seed }));
    expect(name).toBe("diorama-7-seed-");
    expect(basename(join("/folder", `${name}.png`))).toBe(`${name}.png`);
  },
);

test.each([
  ["../../.config/autostart/x", "config autostart x"],
  ["..", ""],
  ["C:\\x", "C x"],
  ["a\u202Egnp.b\0", "a gnp.b"],
  ["My sheet, 3rd try.", "My sheet, 3rd try"],
  [" ", ""],
  [`x${"🦊".repeat(200)}`, `x${"🦊".repeat(49)}`],
])("a title %j suggests the name %j, which is no path", (title, name) => {
  expect(nameFrom(title)).toBe(name);
});
