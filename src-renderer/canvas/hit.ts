/** What is under a point of the picture: a handle, boxes from the top down, or nothing. */
import type { UnitBox } from "@scene/scene.ts";
import type { Box } from "../state/document.ts";
import { holds, type Point } from "@scene/shapes.ts";
import { touches } from "../state/shapes.ts";
import type { Edges } from "../state/snapping.ts";

/** The handles of a box, each with the sides that it moves and its place in halves of the box. */
export const HANDLES = [
  { name: "nw", at: [0, 0] },
  { name: "n", at: [1, 0] },
  { name: "ne", at: [2, 0] },
  { name: "e", at: [2, 1] },
  { name: "se", at: [2, 2] },
  { name: "s", at: [1, 2] },
  { name: "sw", at: [0, 2] },
  { name: "w", at: [0, 1] },
] as const;
export type HandleName = (typeof HANDLES)[number]["name"];

export function edgesOf(handle: HandleName): Edges {
  return {
    left: handle.includes("w"),
    right: handle.includes("e"),
    top: handle.includes("n"),
    bottom: handle.includes("s"),
  };
}

/** The handle within `reach` of a point, corners first: they may lie closer together than fingers are wide. */
export function handleAt(box: UnitBox, point: Point, reach: Point): HandleName | undefined {
  const near = HANDLES.filter(({ at }) => {
    const dx = Math.abs(box.x + (box.width * at[0]) / 2 - point.x);
    const dy = Math.abs(box.y + (box.height * at[1]) / 2 - point.y);
    return dx <= reach.x && dy <= reach.y;
  });
  return (near.find(({ name }) => name.length === 2) ?? near[0])?.name;
}

const catchesPointer = ({ hidden, locked }: Box) => !hidden && !locked;

/** Boxes that hold a point, the uppermost first; of an ellipse or a polygon only what is inside counts. Hidden and locked ones never catch the pointer. */
export function boxesAt(boxes: readonly Box[], point: Point): Box[] {
  return boxes.filter((box) => catchesPointer(box) && holds(box, point)).reverse();
}

/** Boxes that a frame touches. */
export function boxesIn(boxes: readonly Box[], frame: UnitBox): Box[] {
  return boxes.filter((box) => catchesPointer(box) && touches(box, frame));
}

/** The box below the one selected in a pile, and from the lowest back to the uppermost. */
export function nextInPile(pile: readonly Box[], selection: readonly string[]): Box | undefined {
  const at = pile.findIndex(({ id }) => selection.includes(id));
  return pile[(at + 1) % pile.length];
}

/** The frame between two corners. */
export function frameOf(a: Point, b: Point): UnitBox {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}

/** The corner that makes the frame from `from` a square on the screen, where a pixel is so large. */
export function squareOf(from: Point, to: Point, pixel: Point): Point {
  const side = Math.max(Math.abs(to.x - from.x) / pixel.x, Math.abs(to.y - from.y) / pixel.y);
  return {
    x: from.x + (to.x < from.x ? -1 : 1) * side * pixel.x,
    y: from.y + (to.y < from.y ? -1 : 1) * side * pixel.y,
  };
}
