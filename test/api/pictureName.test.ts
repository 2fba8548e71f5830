import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { pictureName } from "../../src-main/api/pictureName.ts";

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
