import { expect, test } from "vitest";
import type { Traces } from "../../src-renderer/canvas/hand.ts";
import { Tools } from "../../src-renderer/canvas/tools.ts";
import { addBox, changeBoxes, setPrompt } from "../../src-renderer/state/edits.ts";
import { Editor } from "../../src-renderer/state/editor.svelte.ts";

const plain = { shift: false, alt: false, ctrl: false };
const at = (x: number, y: number) => ({ x, y });

/** Two boxes that overlap in [0.4, 0.5]; the picture is 1000 pixels wide on the screen. */
function stage() {
  const editor = new Editor(() => 0);
  editor.apply("low", addBox("low", { x: 0.1, y: 0.1, width: 0.4, height: 0.4 }));
  editor.apply("high", addBox("high", { x: 0.4, y: 0.4, width: 0.2, height: 0.2 }));
  let traces: Traces | undefined;
  const tools = new Tools({
    editor,
    reach: (pixels) => at(pixels / 1000, pixels / 1000),
    snapping: () => undefined,
    guides: () => true,
    brush: () => ({ size: 0.1, erases: false }),
    trace: (next) => (traces = next),
    newId: () => "new",
  });
  const drag = (from: { x: number; y: number }, to: { x: number; y: number }, modifiers = plain) => {
    tools.down(from, modifiers);
    tools.move(to, modifiers);
    tools.up(to);
  };
  const click = (point: { x: number; y: number }, modifiers = plain) => {
    tools.down(point, modifiers);
    tools.up(point);
  };
  return { editor, tools, drag, click, traces: () => traces };
}

test("dragging a box moves it, in one step", async () => {
  const { editor, drag } = stage();
  drag(at(0.2, 0.2), at(0.25, 0.3));
  expect(editor.boxOf("low")?.box).toMatchObject({
    x: expect.closeTo(0.15) as number,
    y: expect.closeTo(0.2) as number,
  });
  expect(editor.undoLabel).toBe("Move box");
  await editor.undo();
  expect(editor.boxOf("low")?.box.x).toBe(0.1);
});

test("a click selects the uppermost box, Alt-click the next in the pile", () => {
  const { editor, click } = stage();
  click(at(0.45, 0.45));
  expect(editor.selection).toEqual(["high"]);
  click(at(0.45, 0.45), { ...plain, alt: true });
  expect(editor.selection).toEqual(["low"]);
  click(at(0.45, 0.45), { ...plain, alt: true });
  expect(editor.selection).toEqual(["high"]);
});

test("a selected box can be dragged though another lies on it", () => {
  const { editor, drag } = stage();
  editor.select(["low"]);
  drag(at(0.45, 0.45), at(0.55, 0.45));
  expect(editor.boxOf("low")?.box.x).toBeCloseTo(0.2);
  expect(editor.boxOf("high")?.box.x).toBe(0.4);
});

test.each(["hidden", "locked"] as const)("a %s box never catches the pointer", (state) => {
  const { editor, click, tools } = stage();
  editor.apply("change", changeBoxes(["high"], { [state]: true }));
  click(at(0.45, 0.45));
  expect(editor.selection).toEqual(["low"]);
  click(at(0.58, 0.58));
  expect(editor.selection).toEqual([]);
  expect(tools.cursorAt(at(0.58, 0.58))).toBe("default");
});

test("dragging a handle resizes, and turning the box over does not lose it", () => {
  const { editor, drag } = stage();
  editor.select(["high"]);
  drag(at(0.6, 0.6), at(0.7, 0.65));
  expect(editor.boxOf("high")?.box).toMatchObject({ x: 0.4, width: expect.closeTo(0.3) as number });
  drag(at(0.7, 0.65), at(0.3, 0.2));
  expect(editor.boxOf("high")?.box).toMatchObject({
    x: expect.closeTo(0.3) as number,
    width: expect.closeTo(0.1) as number,
  });
});

test("Escape during a drag takes it back", () => {
  const { editor, tools } = stage();
  tools.down(at(0.2, 0.2), plain);
  tools.move(at(0.4, 0.4), plain);
  tools.cancel();
  tools.up(at(0.4, 0.4));
  expect(editor.boxOf("low")?.box.x).toBe(0.1);
});

test("a frame on empty ground selects what it touches", () => {
  const { editor, drag } = stage();
  drag(at(0.9, 0.9), at(0.45, 0.45));
  expect(editor.selection).toEqual(["low", "high"]);
});

test("a drawn box is tied to the words that are marked", () => {
  const { editor, drag } = stage();
  editor.apply("type", setPrompt("a red cat"));
  editor.textSelection = { start: 2, end: 9 };
  editor.tool = "draw";
  drag(at(0.7, 0.1), at(0.9, 0.3));
  expect(editor.boxOf("new")).toMatchObject({ spans: [{ start: 2, end: 9 }] });
  expect(editor.tool).toBe("select");
});

test("a click with the drawing tool draws nothing", () => {
  const { editor, click } = stage();
  editor.tool = "draw";
  click(at(0.7, 0.1));
  expect(editor.document.boxes).toHaveLength(2);
});

test("marked words dropped on a box are tied to it, and dropped elsewhere they get a box there", async () => {
  const { editor, tools, traces } = stage();
  editor.apply("Type", setPrompt("a cat on a mat"));
  editor.textSelection = { start: 3, end: 4 };
  tools.hoverWords(at(0.45, 0.45));
  expect([editor.hovered, traces()?.frame]).toEqual(["high", undefined]);
  tools.dropWords(at(0.45, 0.45));
  expect(editor.boxOf("high")?.spans).toEqual([{ start: 2, end: 5 }]);
  expect(editor.undoLabel).toBe("Bind “cat”");

  tools.hoverWords(at(0.9, 0.75));
  expect(editor.hovered).toBeUndefined();
  const side = expect.closeTo(0.34) as number;
  expect(traces()?.frame).toEqual({
    x: expect.closeTo(0.66) as number,
    y: expect.closeTo(0.58) as number,
    width: side,
    height: side,
  });
  tools.dropWords(at(0.9, 0.75));
  expect(traces()?.frame).toBeUndefined();
  expect(editor.boxOf("new")).toMatchObject({ box: { width: side }, spans: [{ start: 2, end: 5 }] });
  expect(editor.selection).toEqual(["new"]);
  await editor.undo();
  expect(editor.document.boxes).toHaveLength(2);
});

test("words that leave the canvas leave no trace, and no words do nothing", () => {
  const { editor, tools, traces } = stage();
  tools.hoverWords(at(0.9, 0.9));
  tools.leaveWords();
  expect([editor.hovered, traces()?.frame]).toEqual([undefined, undefined]);
  tools.dropWords(at(0.9, 0.9));
  expect(editor.document.boxes).toHaveLength(2);
});
