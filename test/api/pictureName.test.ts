import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { nameFrom, pictureName } from "../../src-main/api/pictureName.ts";

test("a picture is named after its number and its seed", () => {
  expect(pictureName({ id: 7, seed: "18446744073709551615" })).toBe("diorama-7-seed-18446744073709551615");
});

test.each(["/../../../.config/autostart/x", "..\\..\\x", "C:\\x", "1\0", "", "1\n", "CON", "-1"])(
  "a project from a stranger cannot choose where its pictures are written: seed %j",
  (seed) => {
    const name = pictureName({ id: 7, seed });
    expect(name).toBe("diorama-7");
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
