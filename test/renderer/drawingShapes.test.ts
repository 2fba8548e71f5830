/** Ellipses, polygons and painted regions under the pointer: what presses, drags and keys of the canvas make of them. */
import { expect, test } from "vitest";
import { holds } from "../../src-main/scene/shapes.ts";
import { NO_TRACES, type Traces } from "../../src-renderer/canvas/hand.ts";
import { Tools } from "../../src-renderer/canvas/tools.ts";
import { addBox, changeBoxes, setPrompt } from "../../src-renderer/state/edits.ts";
import { Editor } from "../../src-renderer/state/editor.svelte.ts";
import { beginPoints, editedPoints } from "../../src-renderer/state/pointEditing.ts";
import { pointsOf } from "../../src-renderer/state/polygons.ts";
import { reshape } from "../../src-renderer/state/shapeEdits.ts";
import { kindOf } from "../../src-renderer/state/shapes.ts";

const plain = { shift: false, alt: false, ctrl: false };
const at = (x: number, y: number) => ({ x, y });
type Place = ReturnType<typeof at>;

/** One box in the middle; the picture is 1000 pixels wide on the screen. */
function stage() {
  const editor = new Editor(() => 0);
  editor.apply("prompt", setPrompt("a red cat"));
  editor.apply("box", addBox("box", { x: 0.3, y: 0.3, width: 0.4, height: 0.4 }));
  let traces: Traces = NO_TRACES;
  let count = 0;
  const brush = { size: 0.1, erases: false };
  const tools = new Tools({
    editor,
    reach: (pixels) => at(pixels / 1000, pixels / 1000),
    snapping: () => undefined,
    guides: () => true,
    brush: () => brush,
    trace: (next) => (traces = next),
    newId: () => `new ${++count}`,
  });
  const drag = (points: Place[], modifiers = plain) => {
    tools.down(points[0]!, modifiers);
    for (const point of points.slice(1)) tools.move(point, modifiers);
    tools.up(points.at(-1)!, modifiers);
  };
  const click = (point: Place, modifiers = plain) => drag([point], modifiers);
  const key = (name: string, more: Partial<KeyboardEvent> = {}) => tools.key({ key: name, ...more } as KeyboardEvent);
  return { editor, tools, drag, click, key, brush, traces: () => traces };
}

test("an ellipse is dragged, with Shift a circle, tied to the marked words, and is one step", async () => {
  const { editor, drag, traces, tools } = stage();
  editor.textSelection = { start: 2, end: 9 };
  editor.tool = "ellipse";
  tools.down(at(0.1, 0.1), plain);
  tools.move(at(0.4, 0.2), plain);
  expect(traces()).toMatchObject({ round: true, frame: { x: 0.1, y: 0.1 } });
  tools.up(at(0.4, 0.2));
  expect(editor.boxOf("new 1")).toMatchObject({ shape: { kind: "ellipse" }, spans: [{ start: 2, end: 9 }] });
  expect([editor.tool, editor.undoLabel]).toEqual(["select", "Draw ellipse"]);

  editor.tool = "ellipse";
  drag([at(0.1, 0.1), at(0.4, 0.2)], { ...plain, shift: true });
  const { width, height } = editor.boxOf("new 2")!.box;
  expect([width, height]).toEqual([expect.closeTo(0.3), expect.closeTo(0.3)]);
  await editor.undo();
  expect(editor.boxOf("new 2")).toBeUndefined();
});

test("what is outside of an ellipse does not catch the pointer, though it is in its box", () => {
  const { editor, click } = stage();
  editor.apply("shape", reshape(["box"], "ellipse"));
  click(at(0.32, 0.32));
  expect(editor.selection).toEqual([]);
  click(at(0.5, 0.32));
  expect(editor.selection).toEqual(["box"]);
});

test("a polygon is clicked point by point and closed with Enter, a double click, or on its first point", () => {
  const { editor, click, key, tools, traces } = stage();
  const corners = [at(0.1, 0.1), at(0.3, 0.1), at(0.2, 0.25)];
  editor.tool = "polygon";
  for (const corner of corners) click(corner);
  expect(traces().line).toHaveLength(4);
  expect(key("Enter")).toBe(true);
  expect(kindOf(editor.boxOf("new 1")!)).toBe("polygon");
  expect(traces().line).toBeUndefined();
  expect(editor.tool).toBe("select");

  editor.tool = "polygon";
  for (const corner of corners) click(corner);
  click(at(0.201, 0.251)); // the second half of a double click adds nothing
  expect(tools.doubleClick(at(0.2, 0.25))).toBe(true);
  expect(pointsOf(editor.boxOf("new 2")!)).toHaveLength(3);

  editor.tool = "polygon";
  for (const corner of corners) click(corner);
  click(at(0.102, 0.103));
  expect(pointsOf(editor.boxOf("new 3")!)).toHaveLength(3);
  // Who clicks there twice has only closed it.
  click(at(0.102, 0.103));
  expect(tools.doubleClick(at(0.102, 0.103))).toBe(true);
  expect(editor.points).toBeUndefined();
});

test("of an unfinished polygon Backspace and undo take back a point, Escape all of it, and too few points are none", async () => {
  const { editor, click, key, tools } = stage();
  editor.tool = "polygon";
  const steps = editor.revision;
  for (const corner of [at(0.1, 0.1), at(0.3, 0.1), at(0.2, 0.25), at(0.1, 0.2)]) click(corner);
  expect(key("Backspace")).toBe(true);
  expect(key("z", { ctrlKey: true })).toBe(true);
  key("Enter");
  expect(editor.revision).toBe(steps);
  expect(tools.busy).toBe(false);
  click(at(0.1, 0.1));
  expect(tools.busy).toBe(true);
  tools.cancel();
  expect([tools.busy, key("Enter"), editor.revision]).toEqual([false, false, steps]);
  for (const corner of [at(0.1, 0.1), at(0.2, 0.2), at(0.3, 0.3)]) click(corner);
  key("Enter");
  expect(editor.revision).toBe(steps); // all on one line
  await editor.undo();
  expect(editor.boxOf("box")).toBeUndefined();
});

test("a line drawn round in one go is a polygon of few points", () => {
  const { editor, drag } = stage();
  editor.tool = "polygon";
  drag(
    Array.from({ length: 200 }, (_, i) => {
      const angle = (2 * Math.PI * i) / 200;
      return at(0.5 + 0.2 * Math.cos(angle), 0.5 + 0.2 * Math.sin(angle));
    }),
  );
  const region = editor.boxOf("new 1")!;
  expect(pointsOf(region).length).toBeGreaterThan(10);
  expect(pointsOf(region).length).toBeLessThan(50);
  expect(region.box.width).toBeCloseTo(0.4, 1);
  expect(editor.undoLabel).toBe("Draw polygon");
});

test("the brush begins a region, goes on with it, and each stroke is a step", async () => {
  const { editor, drag, traces } = stage();
  editor.tool = "brush";
  drag([at(0.1, 0.1), at(0.2, 0.1)]);
  const first = editor.boxOf("new 1")!;
  expect([kindOf(first), editor.selection, editor.undoLabel]).toEqual(["painted", ["new 1"], "Paint"]);
  expect(traces().brush).toEqual({ at: at(0.2, 0.1), byKeys: false });
  drag([at(0.2, 0.1), at(0.2, 0.3)]);
  expect(editor.document.boxes).toHaveLength(2);
  expect(holds(editor.boxOf("new 1")!, at(0.2, 0.28))).toBe(true);
  await editor.undo();
  expect(editor.boxOf("new 1")).toEqual(first);

  // Nothing selected, or words marked: another one.
  editor.select([]);
  drag([at(0.8, 0.8), at(0.85, 0.8)]);
  expect(editor.selection).toEqual(["new 2"]);
  editor.textSelection = { start: 2, end: 9 };
  drag([at(0.8, 0.2), at(0.85, 0.2)]);
  expect(editor.boxOf("new 3")).toMatchObject({ spans: [{ start: 2, end: 9 }] });
});

test("painting on a box makes it painted, keeps its words, and Alt wipes; what is wiped wholly is gone", async () => {
  const { editor, drag, brush } = stage();
  editor.apply("words", (document) => ({
    ...document,
    boxes: document.boxes.map((one) => ({ ...one, spans: [{ start: 2, end: 9 }] })),
  }));
  editor.select(["box"]);
  editor.tool = "brush";
  drag([at(0.5, 0.5), at(0.9, 0.5)]);
  const painted = editor.boxOf("box")!;
  expect([holds(painted, at(0.31, 0.31)), holds(painted, at(0.9, 0.5)), painted.spans.length]).toEqual([true, true, 1]);
  drag([at(0.5, 0.5), at(0.9, 0.5)], { ...plain, alt: true });
  expect(editor.undoLabel).toBe("Erase");
  expect(holds(editor.boxOf("box")!, at(0.5, 0.5))).toBe(false);
  expect(holds(editor.boxOf("box")!, at(0.5, 0.35))).toBe(true);

  brush.size = 2;
  brush.erases = true;
  drag([at(0.5, 0.5), at(0.6, 0.5)]);
  expect(editor.boxOf("box")).toBeUndefined();
  await editor.undo();
  expect(holds(editor.boxOf("box")!, at(0.5, 0.35))).toBe(true);
});

test("a locked region is not painted on, and says so; Escape during a stroke takes it back", () => {
  const { editor, drag, tools } = stage();
  editor.select(["box"]);
  editor.apply("Lock", changeBoxes(["box"], { locked: true }));
  let why = "";
  editor.onRefused = (said) => (why = said);
  editor.tool = "brush";
  const before = editor.document;
  drag([at(0.5, 0.5), at(0.9, 0.5)]);
  expect(why).toBe("“Box 1” is locked. Unlock it to paint on it.");
  editor.select([]);
  tools.down(at(0.1, 0.1), plain);
  tools.move(at(0.2, 0.2), plain);
  expect(editor.document.boxes).toHaveLength(2);
  tools.cancel();
  expect(editor.document).toEqual(before);
});

test("a stroke that would be one region too many is refused once, and nothing is painted", () => {
  const { editor, drag } = stage();
  for (let i = 1; i < 64; i++) editor.apply("more", addBox(`more ${i}`, { x: 0, y: 0, width: 0.1, height: 0.1 }));
  let refusals = 0;
  editor.onRefused = () => refusals++;
  editor.tool = "brush";
  drag([at(0.5, 0.5), at(0.6, 0.5), at(0.7, 0.5)]);
  expect([refusals, editor.document.boxes.length, editor.undoLabel]).toEqual([1, 64, "more"]);
});

test("keys paint as well: arrows move the brush, with Shift they paint, and Enter paints where it is", async () => {
  const { editor, key, traces } = stage();
  editor.apply("away", (document) => ({ ...document, boxes: [] }));
  editor.tool = "brush";
  expect(key("ArrowLeft")).toBe(true);
  expect(editor.document.boxes).toHaveLength(0);
  expect(traces().brush).toMatchObject({ byKeys: true, at: { x: expect.closeTo(0.5 - 1 / 64) as number, y: 0.5 } });
  for (let i = 0; i < 20; i++) key("ArrowRight", { shiftKey: true });
  const [region] = editor.document.boxes;
  expect(holds(region!, at(0.75, 0.5))).toBe(true);
  expect(key("Enter", { ctrlKey: true })).toBe(false);
  await editor.undo();
  expect(editor.document.boxes).toHaveLength(0);
});

test("points of a polygon are dragged, added on an edge and taken away with Alt or a double click", async () => {
  const { editor, drag, click, tools } = stage();
  editor.apply("shape", reshape(["box"], "polygon"));
  const before = editor.document;
  expect(tools.doubleClick(at(0.5, 0.5))).toBe(true);
  expect(editedPoints(editor)).toMatchObject({ index: 0, points: { length: 4 } });
  drag([at(0.3, 0.3), at(0.2, 0.2), at(0.1, 0.15)]);
  expect(editor.boxOf("box")!.box).toMatchObject({
    x: expect.closeTo(0.1, 4) as number,
    y: expect.closeTo(0.15, 4) as number,
  });
  expect(editor.undoLabel).toBe("Move point");
  await editor.undo();
  expect(editor.document).toEqual(before);

  drag([at(0.7, 0.5), at(0.8, 0.5)], { ...plain, alt: true });
  expect(editedPoints(editor)).toMatchObject({ index: 2, points: { length: 5 } });
  expect(editedPoints(editor)!.points[2]!.x).toBeCloseTo(0.8, 4);
  click(at(0.8, 0.5), { ...plain, alt: true });
  expect(editedPoints(editor)!.points).toHaveLength(4);
  tools.doubleClick(at(0.5, 0.7));
  expect(editedPoints(editor)!.points).toHaveLength(5);
  tools.doubleClick(at(0.5, 0.7));
  expect(editedPoints(editor)!.points).toHaveLength(4);
  // Inside it is moved as a whole; a press beside it is the end.
  drag([at(0.5, 0.5), at(0.55, 0.5)]);
  expect(editor.boxOf("box")!.box.x).toBeCloseTo(0.35, 4);
  expect(editedPoints(editor)).toBeDefined();
  click(at(0.05, 0.9));
  expect(editedPoints(editor)).toBeUndefined();
});

test("a shape that is dragged over by a handle is turned round, and back again", () => {
  const { editor, tools } = stage();
  editor.apply("shape", reshape(["box"], "polygon"));
  editor.select(["box"]);
  beginPoints(editor);
  tools.key({ key: "Delete" } as KeyboardEvent); // without its upper left corner
  editor.points = undefined;
  const { shape } = editor.boxOf("box")!;
  tools.down(at(0.7, 0.5), plain);
  tools.move(at(0.1, 0.5), plain);
  const turned = editor.boxOf("box")!;
  expect([holds(turned, at(0.29, 0.5)), holds(turned, at(0.11, 0.5))]).toEqual([false, true]);
  tools.move(at(0.6, 0.5), plain);
  expect(editor.boxOf("box")!.shape).toEqual(shape);
  tools.up(at(0.6, 0.5));
});

test("a double click on a box or an ellipse is about its name", () => {
  const { editor, tools } = stage();
  expect(tools.doubleClick(at(0.5, 0.5))).toBe(false);
  editor.apply("shape", reshape(["box"], "ellipse"));
  expect(tools.doubleClick(at(0.5, 0.5))).toBe(false);
  expect(beginPoints(editor)).toBe(false);
});
