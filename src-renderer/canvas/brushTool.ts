/**
 * The brush: paints and wipes cells of the region that is selected, whatever it was before; for words that are marked, and where
 * nothing is selected, it begins a new region.
 */
import type { Cells } from "@scene/cells.ts";
import type { TextSpan } from "@scene/scene.ts";
import type { Point } from "@scene/shapes.ts";
import { type Box, titleOf } from "../state/document.ts";
import { type Edit, removeBoxes } from "../state/edits.ts";
import type { Gesture } from "../state/editor.svelte.ts";
import { cellsUnder, emptyCells, gridOf, paintedRegion, paintLine } from "../state/painting.ts";
import { addRegion, setRegion } from "../state/shapeEdits.ts";
import { type Hand, markedWords, type Modifiers, type ToolHost } from "./hand.ts";
import { boxesAt } from "./hit.ts";

interface Stroke {
  id: string;
  isNew: boolean;
  words: TextSpan | undefined;
  cells: Cells;
  value: 0 | 1;
  last: Point;
}

/** What a key moves the brush by, as a part of the picture's longer side; with Ctrl by a cell. */
const KEY_STEP = 1 / 64;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export class BrushTool implements Hand {
  #stroke: { stroke: Stroke; gesture: Gesture } | undefined;
  /** Where keys have moved it, or the pointer last. */
  #at: Point | undefined;
  readonly #host: ToolHost;

  constructor(host: ToolHost) {
    this.#host = host;
  }

  get busy(): boolean {
    return this.#stroke !== undefined;
  }

  down(point: Point, { alt }: Modifiers): boolean {
    const { editor } = this.#host;
    const stroke = this.#begin(point, this.#host.brush().erases !== alt);
    this.#show(point, false);
    if (!stroke) return true;
    const gesture = editor.begin(labelOf(stroke));
    this.#stroke = { stroke, gesture };
    this.#paint(stroke, point);
    gesture.preview(editOf(stroke));
    if (stroke.isNew && !editor.boxOf(stroke.id))
      this.cancel(); // refused: there are too many
    else if (editor.boxOf(stroke.id)) editor.select([stroke.id]);
    return true;
  }

  move(point: Point): void {
    this.#show(point, false);
    if (!this.#stroke) return;
    const { stroke, gesture } = this.#stroke;
    this.#paint(stroke, point);
    gesture.preview(editOf(stroke));
  }

  up(): void {
    this.#stroke?.gesture.commit();
    this.#stroke = undefined;
  }

  cancel(): void {
    this.#stroke?.gesture.cancel();
    this.#stroke = undefined;
  }

  /** Arrows move the brush, with Shift they paint on the way; Enter paints where it is. */
  key({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    const arrow = ARROWS[key];
    const isDab = key === "Enter" && !ctrlKey && !metaKey;
    if (altKey || (!arrow && !isDab)) return false;
    const { editor } = this.#host;
    const { width, height } = editor.document.settings;
    const from = this.#at ?? this.#middle();
    const step = (ctrlKey || metaKey ? 1 / 256 : KEY_STEP) * Math.max(width, height);
    const inside = (value: number) => Math.min(1, Math.max(0, value));
    const to = arrow
      ? { x: inside(from.x + (arrow[0] * step) / width), y: inside(from.y + (arrow[1] * step) / height) }
      : from;
    if (!arrow || shiftKey) {
      const stroke = this.#begin(from, this.#host.brush().erases);
      if (stroke) {
        this.#paint(stroke, to);
        editor.apply(labelOf(stroke), editOf(stroke), { merge: `paint ${stroke.id}`, select: [stroke.id] });
      }
    }
    this.#show(to, true);
    return true;
  }

  #show(at: Point, byKeys: boolean): void {
    this.#at = at;
    this.#host.trace({ guides: [], brush: { at, byKeys } });
  }

  #middle(): Point {
    const box = this.#host.editor.selectedBoxes[0]?.box;
    return box ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : { x: 0.5, y: 0.5 };
  }

  /** Undefined where there is nothing to wipe, or what is selected is locked. */
  #begin(point: Point, erases: boolean): Stroke | undefined {
    const { editor, newId } = this.#host;
    const { document } = editor;
    const words = erases ? undefined : markedWords(this.#host);
    const chosen = !words && editor.selectedBoxes.length === 1 ? editor.selectedBoxes[0] : undefined;
    const target: Box | undefined = chosen ?? (erases ? boxesAt(document.boxes, point)[0] : undefined);
    if (target?.locked) {
      editor.onRefused(`“${titleOf(document, target)}” is locked. Unlock it to paint on it.`);
      return undefined;
    }
    if (!target && erases) return undefined;
    const grid = gridOf(document.settings);
    const value = erases ? 0 : 1;
    if (target) {
      const cells = cellsUnder(target, grid);
      return { id: target.id, isNew: false, words: undefined, cells, value, last: point };
    }
    return { id: newId(), isNew: true, words, cells: emptyCells(grid), value, last: point };
  }

  #paint(stroke: Stroke, to: Point): void {
    const { cells } = stroke;
    const radius = (this.#host.brush().size * Math.max(cells.width, cells.height)) / 2;
    paintLine(cells, stroke.last, to, radius, stroke.value);
    stroke.last = to;
  }
}

const labelOf = ({ value }: Stroke) => (value === 1 ? "Paint" : "Erase");

/** What is wiped wholly is gone. */
function editOf({ id, isNew, words, cells }: Stroke): Edit {
  const region = paintedRegion(cells);
  if (!region) return removeBoxes([id]);
  return isNew ? addRegion(id, region, words ? [words] : []) : setRegion(id, region);
}
