/** The points of a polygon one by one: which polygon is worked on, and what keys do to its points, on the canvas. */
import { FEWEST_POINTS } from "@scene/limits.ts";
import { areOnOneLine, type Point } from "@scene/shapes.ts";
import type { Box } from "./document.ts";
import type { Editor } from "./editor.svelte.ts";
import { insertPoint, movePoint, pointsOf, polygonOf, removePoint } from "./polygons.ts";
import { setRegion } from "./shapeEdits.ts";

export interface EditedPoints {
  box: Box;
  /** In fractions of the picture. */
  points: readonly Point[];
  /** The chosen one. */
  index: number;
}

/** The polygon whose points are worked on: it alone is selected, and can be seen and changed. */
export function editedPoints(editor: Pick<Editor, "points" | "selectedBoxes">): EditedPoints | undefined {
  const { points: asked, selectedBoxes } = editor;
  const [box, ...others] = selectedBoxes;
  if (!asked || box?.id !== asked.id || others.length > 0 || box.locked || box.hidden) return undefined;
  const points = pointsOf(box);
  return points.length === 0 ? undefined : { box, points, index: Math.min(asked.index, points.length - 1) };
}

/** Whether the points of what is selected can be worked on. */
export function hasPoints({ selectedBoxes }: Pick<Editor, "selectedBoxes">): boolean {
  const [box, ...others] = selectedBoxes;
  return box?.shape?.kind === "polygon" && others.length === 0 && !box.locked && !box.hidden;
}

export function beginPoints(editor: Editor): boolean {
  if (!hasPoints(editor)) return false;
  editor.tool = "select";
  editor.points = { id: editor.selectedBoxes[0]!.id, index: 0 };
  return true;
}

/** Adds a point behind one, in the middle of its edge where no place is said, and chooses it. */
export function addPoint(editor: Editor, { box, points }: EditedPoints, index: number, at?: Point): void {
  if (!editor.apply("Add point", setRegion(box.id, polygonOf(insertPoint(points, index, at))))) return;
  editor.points = { id: box.id, index: index + 1 };
}

export function takePoint(editor: Editor, { box, points }: EditedPoints, index: number): void {
  const left = removePoint(points, index);
  if (left.length < FEWEST_POINTS || areOnOneLine(left)) {
    editor.onRefused(
      `A polygon has at least ${FEWEST_POINTS} points, not all on one line. Delete the region to be rid of it.`,
    );
    return;
  }
  editor.apply("Remove point", setRegion(box.id, polygonOf(left)));
  editor.points = { id: box.id, index: Math.min(index, left.length - 1) };
}

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * Arrows move the chosen point by a pixel of the picture, with Shift by eight; Tab goes from point to point and, past the last one, on;
 * Insert or + adds one behind it, Delete takes it away, Enter and Escape are the end. False where the key means none of it.
 */
export function pointKey(editor: Editor, event: KeyboardEvent): boolean {
  const edited = editedPoints(editor);
  if (!edited || event.ctrlKey || event.metaKey || event.altKey) return false;
  const { box, points, index } = edited;
  const arrow = ARROWS[event.key];
  if (arrow) {
    const { width, height } = editor.document.settings;
    const by = event.shiftKey ? 8 : 1;
    const { x, y } = points[index]!;
    const moved = movePoint(points, index, { x: x + (arrow[0] * by) / width, y: y + (arrow[1] * by) / height });
    if (!areOnOneLine(moved)) {
      editor.apply("Move point", setRegion(box.id, polygonOf(moved)), { merge: `point ${index} of ${box.id}` });
    }
    return true;
  }
  switch (event.key) {
    case "Tab": {
      const next = index + (event.shiftKey ? -1 : 1);
      if (next < 0 || next >= points.length) {
        editor.points = undefined;
        return false;
      }
      editor.points = { id: box.id, index: next };
      return true;
    }
    case "Insert":
    case "+":
      addPoint(editor, edited, index);
      return true;
    case "Delete":
    case "Backspace":
      takePoint(editor, edited, index);
      return true;
    case "Enter":
    case "Escape":
      editor.points = undefined;
      return true;
    default:
      return false;
  }
}

/** What is said of the chosen point. */
export function describePoint({ points, index }: EditedPoints): string {
  const { x, y } = points[index]!;
  const percent = (value: number) => Math.round(value * 100);
  return `point ${index + 1} of ${points.length}, ${percent(x)} percent across, ${percent(y)} percent down`;
}
