/** Keys without a modifier that mean something in one place mean one thing there. */
import { expect, test } from "vitest";
import { COMMAND_NAMES, command } from "@api/commands.ts";

test("compared pictures are results too: no key is of both", () => {
  const named = COMMAND_NAMES.map(command).filter(({ windowKey }) =>
    ["result", "compare", "look"].includes(String(windowKey)),
  );
  const keys = named.flatMap(({ shortcut }) => shortcut ?? []);
  expect(keys.length).toBeGreaterThan(10);
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
});
