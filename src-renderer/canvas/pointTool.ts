/** Points of a polygon under the pointer: dragged, and with Alt or a double click added on an edge and taken away. */
import { areOnOneLine, type Point } from "@scene/shapes.ts";
import type { Gesture } from "../state/editor.svelte.ts";
import { addPoint, editedPoints, pointKey, takePoint } from "../state/pointEditing.ts";
import { edgeAt, insertPoint, movePoint, pointAt, polygonOf } from "../state/polygons.ts";
import { setRegion } from "../state/shapeEdits.ts";
import { type Hand, type Modifiers, snapPoint, type ToolHost } from "./hand.ts";

/** In pixels of the screen. */
const POINT_REACH = 8;
const EDGE_REACH = 6;

export class PointTool implements Hand {
  #held: { id: string; points: readonly Point[]; index: number; gesture: Gesture } | undefined;
  readonly #host: ToolHost;

  constructor(host: ToolHost) {
    this.#host = host;
  }

  get busy(): boolean {
    return this.#held !== undefined;
  }

  down(point: Point, { alt }: Modifiers): boolean {
    const { editor } = this.#host;
    const edited = editedPoints(editor);
    if (!edited) return false;
    const { box, points } = edited;
    const index = this.pointAt(point);
    const edge = index === undefined && alt ? this.#edgeAt(point) : undefined;
    if (index !== undefined && alt) takePoint(editor, edited, index);
    else if (index !== undefined) {
      editor.points = { id: box.id, index };
      this.#held = { id: box.id, points, index, gesture: editor.begin("Move point") };
    } else if (edge !== undefined) {
      // The new one is dragged on at once.
      const gesture = editor.begin("Add point");
      const more = insertPoint(points, edge, point);
      gesture.preview(setRegion(box.id, polygonOf(more)));
      editor.points = { id: box.id, index: edge + 1 };
      this.#held = { id: box.id, points: more, index: edge + 1, gesture };
    } else return false;
    return true;
  }

  move(point: Point, { ctrl }: Modifiers): void {
    if (!this.#held) return;
    const { id, points, index, gesture } = this.#held;
    const moved = movePoint(points, index, ctrl ? point : snapPoint(this.#host, point, [id]));
    if (!areOnOneLine(moved)) gesture.preview(setRegion(id, polygonOf(moved)));
  }

  up(): void {
    this.#held?.gesture.commit();
    this.#held = undefined;
  }

  cancel(): void {
    this.#held?.gesture.cancel();
    this.#held = undefined;
  }

  key(event: KeyboardEvent): boolean {
    return pointKey(this.#host.editor, event);
  }

  /** False where it is about no point of the polygon. */
  doubleClick(point: Point): boolean {
    const { editor } = this.#host;
    const edited = editedPoints(editor);
    if (!edited) return false;
    const [index, edge] = [this.pointAt(point), this.#edgeAt(point)];
    if (index !== undefined) takePoint(editor, edited, index);
    else if (edge !== undefined) addPoint(editor, edited, edge, point);
    else editor.points = undefined;
    return true;
  }

  pointAt(point: Point): number | undefined {
    const edited = editedPoints(this.#host.editor);
    return edited && pointAt(edited.points, point, this.#host.reach(POINT_REACH));
  }

  #edgeAt(point: Point): number | undefined {
    const edited = editedPoints(this.#host.editor);
    return edited && edgeAt(edited.points, point, this.#host.reach(EDGE_REACH));
  }
}
