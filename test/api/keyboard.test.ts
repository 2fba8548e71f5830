/** docs/keyboard.md is about the commands as they are: each that it names in bold is one, with the key beside it. */
import { expect, test } from "vitest";
import { COMMAND_NAMES, command } from "../../src-main/api/commands.ts";
import { textOf } from "../support/imports.ts";

test("each command that the keyboard's page names is one, and has the key that is said of it", () => {
  const said = [...textOf("docs/keyboard.md").matchAll(/\*\*([^*.]+)\*\*(?: `([^`]+)`)?/g)];
  expect(said.length).toBeGreaterThan(50);
  const known = new Map(
    COMMAND_NAMES.map((name) => {
      const { label, shortcut } = command(name);
      return [label, shortcut?.replaceAll("CmdOrCtrl", "Ctrl")];
    }),
  );
  const wrong = said.filter(([, label, key]) => !known.has(label!) || (key !== undefined && known.get(label!) !== key));
  expect(wrong.map(([text]) => text)).toEqual([]);
});

test("each command with a key is found there, or is one of a row that is", () => {
  const page = textOf("docs/keyboard.md");
  const rows = ["Align ", "Distribute "]; // named by their first
  const missing = COMMAND_NAMES.map(command).filter(({ label, shortcut }) => {
    const key = shortcut?.replaceAll("CmdOrCtrl", "Ctrl");
    return key !== undefined && !page.includes(`\`${key}\``) && !rows.some((row) => label.startsWith(row));
  });
  expect(missing.map(({ label, shortcut }) => `${label}: ${shortcut}`)).toEqual([]);
});
