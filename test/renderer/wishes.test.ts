/** What is said at the button: it stays until the person changes what it is about. */
import { expect, test } from "vitest";
import {
  addBox,
  adoptSettings,
  changeBoxes,
  changeRun,
  changeSettingsOf,
  setPrompt,
} from "../../src-renderer/state/edits.ts";
import { drawn, open } from "./support/drawn.ts";
import { SUMMARY } from "./support/painter.ts";

const other = { ...SUMMARY.defaults, steps: 9, width: 64, height: 64 };

test("what is wrong with the seeds is said until the seeds are changed, whatever else is done or filled in", async () => {
  const { session } = await open();
  const { editor, wishes } = session;
  editor.apply("Seeds", changeRun({ seeds: "7-" }));
  await wishes.draw();
  expect(wishes.problem).toMatch(/^Seeds: /);
  session.saving.fillIn(adoptSettings(other)); // as a checkpoint that opens late does it
  session.documentChanged();
  editor.apply("Steps", changeSettingsOf({ steps: 12 }));
  session.documentChanged();
  expect(wishes.problem).toMatch(/^Seeds: /);
  editor.apply("Seeds", changeRun({ seeds: "7" }));
  session.documentChanged();
  expect(wishes.problem).toBeUndefined();
});

test("what cannot be drawn is said until the scene is changed by hand; what boxes are called is nothing of it", async () => {
  const { session } = await open();
  const { editor, wishes } = session;
  editor.apply("Type", setPrompt("a {red|blue} circle"));
  editor.apply("Seeds", changeRun({ seeds: "1-6000" }));
  editor.apply("Box", addBox("circle", { x: 0.1, y: 0.1, width: 0.3, height: 0.3 }));
  await wishes.draw();
  const said = () => {
    session.documentChanged();
    return wishes.problem;
  };
  expect(said()).toContain("12,000 pictures");
  session.saving.fillIn(adoptSettings(other));
  expect(said()).toContain("12,000 pictures");
  editor.apply("Use the checkpoint's settings", changeSettingsOf({ steps: 11 }), { filledIn: true });
  expect(said()).toContain("12,000 pictures");
  editor.apply("Rename", changeBoxes(["circle"], { name: "sun" }));
  expect(said()).toContain("12,000 pictures");
  editor.apply("Type", setPrompt("a circle"));
  expect(said()).toBeUndefined();
});

test("what was drawn already is told until the scene is changed, by undo too", async () => {
  const { session } = await drawn("1");
  const { editor, wishes } = session;
  editor.apply("Steps", changeSettingsOf({ steps: 7 }));
  await editor.undo();
  await wishes.draw();
  session.saving.fillIn(adoptSettings(other));
  session.documentChanged();
  expect(wishes.already).toMatchObject({ asked: 1 });
  await editor.redo();
  session.documentChanged();
  expect(wishes.already).toBeUndefined();
});
