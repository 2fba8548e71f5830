/** The context menus: the commands of the table, with what they are about, and what can be done now. */
import { expect, test } from "vitest";
import { boxItems, canvasItems, resultItems, type MenuEntry } from "../../src-renderer/panels/ui/menuItems.ts";
import { commandsOf } from "../../src-renderer/state/commands.ts";
import { changeBoxes, setPrompt } from "../../src-renderer/state/edits.ts";
import { drawn, until } from "./support/drawn.ts";
import { SAMPLE } from "./support/painter.ts";

function item(entries: readonly MenuEntry[], label: string) {
  const found = entries.find((entry) => entry !== "line" && entry.label === label);
  if (!found || found === "line" || "entries" in found) throw new Error(`no "${label}" in the menu`);
  return found;
}

test("a box's menu says what is on, what cannot be done, and does it", async () => {
  const { session } = await drawn("1");
  const { editor } = session;
  editor.select(["circle", "square"]);
  editor.apply("Lock", changeBoxes(["circle", "square"], { locked: true }));
  const entries = boxItems(commandsOf(session), editor);
  expect(item(entries, "Lock")).toMatchObject({ checked: true, shortcut: "CmdOrCtrl+L" });
  expect(item(entries, "Rename")).toMatchObject({ disabled: true, shortcut: "F2" });
  expect(entries.some((entry) => entry !== "line" && entry.label.startsWith("Bind"))).toBe(false);
  item(entries, "Delete 2 boxes").run();
  expect(editor.document.boxes).toEqual([]);
  expect(editor.undoLabel).toBe("Delete 2 boxes");
  item(canvasItems(commandsOf(session)), "Draw box").run();
  expect(editor.tool).toBe("draw");
});

test("a result's menu is about it, or about those selected with it", async () => {
  const { session } = await drawn("1,2,3");
  const { results } = session;
  results.selection.pick(1);
  results.selection.pick(2, { toggle: true });
  results.selection.choose(3);
  expect(results.selection.chosen).toEqual([3]);
  results.selection.pick(2, { toggle: true });
  results.selection.choose(3);
  expect(results.selection.chosen).toEqual([3, 2]);
  item(resultItems(commandsOf(session)), "Star").run();
  await until(() => expect(item(resultItems(commandsOf(session)), "Star").checked).toBe(true));
  item(resultItems(commandsOf(session)), "Put into comparison").run();
  await until(() => expect(results.tray.ids).toEqual([3, 2]));
  item(resultItems(commandsOf(session)), "Put into the bin").run();
  await until(() => expect(results.total).toBe(1));
});

test("a run goes back into the editor with the seeds of its pictures, or side by side into Compare", async () => {
  const { session } = await drawn("5,9");
  session.editor.apply("Type", setPrompt("something else"));
  await session.runs.compare(1);
  expect([session.view.mode, session.results.tray.ids]).toEqual(["compare", [1, 2]]);
  await session.runs.restore(1);
  expect([session.editor.document.prompt, session.editor.document.seeds]).toEqual([SAMPLE.scene.prompt, "5,9"]);
  expect(session.view.mode).toBe("compose");
});
