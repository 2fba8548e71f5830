import { expect, test } from "vitest";
import {
  addBox,
  changeRun,
  changeSettingsOf,
  moveBoxes,
  removeBoxes,
  setBox,
  setPrompt,
} from "../../src-renderer/state/edits.ts";
import { Editor } from "../../src-renderer/state/editor.svelte.ts";

const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };

function editorWithBox() {
  let time = 0;
  const editor = new Editor(() => time);
  editor.apply("Add box", addBox("a", box), { select: ["a"] });
  return { editor, wait: (ms: number) => (time += ms) };
}

test("a drag is many previews and one step of undo", async () => {
  const { editor } = editorWithBox();
  const drag = editor.begin("Move box");
  for (const dx of [0.1, 0.2, 0.3]) drag.preview(moveBoxes(["a"], dx, 0));
  drag.commit();
  expect(editor.boxOf("a")?.box.x).toBeCloseTo(0.4);
  await editor.undo();
  expect(editor.boxOf("a")?.box).toEqual(box);
  await editor.redo();
  expect(editor.boxOf("a")?.box.x).toBeCloseTo(0.4);
});

test("a notice's Undo takes back its own step alone: not one that followed, nor another document's", async () => {
  const { editor } = editorWithBox();
  editor.apply("Write", setPrompt("a cat"));
  const own = editor.takeBack();
  expect(own.stands()).toBe(true);
  editor.apply("Move box", moveBoxes(["a"], 0.1, 0));
  expect(own.stands()).toBe(false);
  await own.run();
  expect(editor.boxOf("a")?.box.x).toBeCloseTo(0.2);
  await editor.undo();
  const drag = editor.begin("Move box");
  drag.preview(moveBoxes(["a"], 0.2, 0));
  await own.run(); // the drag ends first, and is a step of its own
  expect([editor.boxOf("a")?.box.x, editor.document.prompt]).toEqual([expect.closeTo(0.3), "a cat"]);
  await editor.undo();
  await own.run();
  expect(editor.document.prompt).toBe("");
  const last = editor.takeBack();
  editor.open({ ...editor.document, prompt: "another project" });
  expect(last.stands()).toBe(false);
});

test("a cancelled drag never happened", () => {
  const { editor } = editorWithBox();
  const drag = editor.begin("Move box");
  drag.preview(moveBoxes(["a"], 0.2, 0));
  drag.cancel();
  drag.preview(moveBoxes(["a"], 0.3, 0));
  drag.commit();
  expect(editor.boxOf("a")?.box).toEqual(box);
  expect(editor.undoLabel).toBe("Add box");
});

test("a drag that ends where it began is no step", () => {
  const { editor } = editorWithBox();
  editor.begin("Move box").commit();
  expect(editor.undoLabel).toBe("Add box");
});

test("typing within a moment is one step, after a pause another", async () => {
  const { editor, wait } = editorWithBox();
  for (const text of ["a", "a c", "a cat"]) {
    editor.apply("Type", setPrompt(text), { merge: "prompt" });
    wait(100);
  }
  wait(5_000);
  editor.apply("Type", setPrompt("a cat sits"), { merge: "prompt" });
  await editor.undo();
  expect(editor.document.prompt).toBe("a cat");
  await editor.undo();
  expect(editor.document.prompt).toBe("");
});

test("an edit that changes nothing is no step", () => {
  const { editor } = editorWithBox();
  editor.apply("Type", setPrompt(""));
  expect(editor.undoLabel).toBe("Add box");
});

test("undo brings a deleted box back, selected as it was", async () => {
  const { editor } = editorWithBox();
  editor.apply("Delete box", removeBoxes(["a"]), { select: [] });
  expect(editor.selection).toEqual([]);
  await editor.undo();
  expect(editor.selection).toEqual(["a"]);
});

test("a new edit forgets what was undone", async () => {
  const { editor } = editorWithBox();
  await editor.undo();
  editor.apply("Add box", addBox("b", box));
  expect(editor.redoLabel).toBeUndefined();
});

test("what another process did is undone in its turn", async () => {
  const { editor } = editorWithBox();
  const log: string[] = [];
  editor.record("Bin 2 results", {
    undo: () => Promise.resolve(void log.push("kept")),
    redo: () => Promise.resolve(void log.push("binned")),
  });
  editor.apply("Move", setBox("a", { ...box, x: 0 }));
  await editor.undo();
  expect(log).toEqual([]);
  await editor.undo();
  await editor.redo();
  expect(log).toEqual(["kept", "binned"]);
});

test("settings that contradict each other are refused", () => {
  const { editor } = editorWithBox();
  editor.apply("Set", changeSettingsOf({ lossSteps: { start: 0, end: 900 } }));
  expect(editor.document.settings.guidance.lossSteps.end).toBe(25);
});

test("an edit during a drag comes after it: undo puts the box only where a step has put it", async () => {
  const { editor } = editorWithBox();
  const drag = editor.begin("Move box");
  drag.preview(moveBoxes(["a"], 0.2, 0));
  editor.apply("Type", setPrompt("a cat"));
  drag.preview(moveBoxes(["a"], 0.4, 0));
  drag.commit();
  expect(editor.boxOf("a")?.box.x).toBeCloseTo(0.3);
  await editor.undo();
  expect([editor.document.prompt, editor.undoLabel]).toEqual(["", "Move box"]);
  await editor.undo();
  expect(editor.boxOf("a")?.box).toEqual(box);
  await editor.redo();
  expect(editor.boxOf("a")?.box.x).toBeCloseTo(0.3);
});

test("undo during a drag takes the drag back, and nothing else", async () => {
  const { editor } = editorWithBox();
  editor.begin("Move box").preview(moveBoxes(["a"], 0.2, 0));
  await editor.undo();
  expect(editor.boxOf("a")?.box).toEqual(box);
  expect([editor.undoLabel, editor.redoLabel]).toEqual(["Add box", "Move box"]);
});

test("a second gesture, or a step done elsewhere, begins where the first one stopped", async () => {
  const { editor } = editorWithBox();
  editor.begin("Move box").preview(moveBoxes(["a"], 0.2, 0));
  const second = editor.begin("Move box");
  second.preview(moveBoxes(["a"], 0.1, 0));
  editor.record("Move to the bin", { undo: () => Promise.resolve(), redo: () => Promise.resolve() });
  expect(editor.boxOf("a")?.box.x).toBeCloseTo(0.4);
  await editor.undo();
  await editor.undo();
  expect(editor.boxOf("a")?.box.x).toBeCloseTo(0.3);
  await editor.undo();
  expect(editor.boxOf("a")?.box).toEqual(box);
});

test("what the checkpoint changes during a drag stays when the drag goes on", () => {
  const { editor } = editorWithBox();
  const drag = editor.begin("Move box");
  drag.preview(moveBoxes(["a"], 0.1, 0));
  editor.adjust(changeRun({ seeds: "77" }));
  drag.preview(moveBoxes(["a"], 0.2, 0));
  drag.commit();
  expect([editor.document.seeds, editor.boxOf("a")?.box.x]).toEqual(["77", expect.closeTo(0.3)]);
});
