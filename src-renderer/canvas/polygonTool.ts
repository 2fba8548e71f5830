/** The polygon: a click for each point, or a line drawn round in one go. It is closed with Enter, a double click, or a click on its first point. */
import { FEWEST_POINTS, MOST_POINTS } from "@scene/limits.ts";
import type { TextSpan } from "@scene/scene.ts";
import { areOnOneLine, type Point } from "@scene/shapes.ts";
import { colorFor } from "../state/document.ts";
import { polygonOf, simplify } from "../state/polygons.ts";
import { addRegion } from "../state/shapeEdits.ts";
import { type Hand, isDragged, markedWords, type Modifiers, snapPoint, type ToolHost } from "./hand.ts";

/** In pixels of the screen: within so much of a point it is that point that is meant. */
const POINT_REACH = 8;
/** How far a line drawn round may be from where the hand was. */
const HAND_REACH = 1.5;

export class PolygonTool implements Hand {
  #points: Point[] = [];
  /** Since the press: of the first one, the way that the pointer went. */
  #press: { from: Point; trail: Point[] | undefined } | undefined;
  #words: TextSpan | undefined;
  readonly #host: ToolHost;
  readonly #onDrawn: () => void;

  /** `onDrawn` is told of each polygon that is done. */
  constructor(host: ToolHost, onDrawn: () => void) {
    this.#host = host;
    this.#onDrawn = onDrawn;
  }

  get busy(): boolean {
    return this.#points.length > 0;
  }

  down(point: Point, { ctrl }: Modifiers): boolean {
    const at = ctrl ? point : snapPoint(this.#host, point);
    const isFirst = this.#points.length === 0;
    if (isFirst) this.#words = markedWords(this.#host);
    this.#press = { from: point, trail: isFirst ? [point] : undefined };
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    if (first && last && (this.#isNear(first, point) || this.#isNear(last, point))) {
      if (this.#points.length >= FEWEST_POINTS && this.#isNear(first, point)) this.close();
      return true;
    }
    if (this.#points.length < MOST_POINTS) this.#points.push(at);
    this.#show(at);
    return true;
  }

  move(point: Point, { ctrl }: Modifiers): void {
    if (!this.busy) return;
    const at = ctrl ? point : snapPoint(this.#host, point);
    const trail = this.#press?.trail;
    if (trail) {
      trail.push(point);
      if (isDragged(this.#host, this.#press!.from, point)) this.#trace(trail);
    } else if (this.#press && isDragged(this.#host, this.#press.from, point)) {
      this.#points[this.#points.length - 1] = at;
      this.#show(at);
    } else this.#show(at);
  }

  up(point: Point): void {
    const press = this.#press;
    this.#press = undefined;
    if (!press?.trail?.some((one) => isDragged(this.#host, press.from, one))) return;
    const reach = this.#host.reach(HAND_REACH);
    this.#points = simplify([...press.trail, point], reach);
    this.close();
  }

  /** A polygon of what was clicked; too few points, or points on one line, are none. */
  close(): void {
    const points = this.#points;
    const { editor, newId } = this.#host;
    const words = this.#words;
    this.cancel();
    if (points.length < FEWEST_POINTS || areOnOneLine(points)) return;
    const id = newId();
    editor.apply("Draw polygon", addRegion(id, polygonOf(points), words ? [words] : []), { select: [id] });
    this.#onDrawn();
  }

  key({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (!this.busy || altKey) return false;
    const isPlain = !ctrlKey && !metaKey;
    const takesBack = key === "z" ? !isPlain : isPlain && (key === "Backspace" || key === "Delete");
    if (key === "Enter" && isPlain) this.close();
    else if (takesBack) {
      this.#points.pop();
      if (this.#points.length === 0) this.cancel();
      else this.#show(this.#points.at(-1)!);
    } else return false;
    return true;
  }

  cancel(): void {
    this.#points = [];
    this.#press = undefined;
    this.#host.trace({ guides: [] });
  }

  #isNear(a: Point, b: Point): boolean {
    const { x, y } = this.#host.reach(POINT_REACH);
    return Math.abs(a.x - b.x) <= x && Math.abs(a.y - b.y) <= y;
  }

  /** The points, and the one that a click would add. */
  #show(next: Point): void {
    this.#trace([...this.#points, next]);
  }

  #trace(line: readonly Point[]): void {
    const { editor, trace } = this.#host;
    trace({ guides: [], line: [...line], color: colorFor(editor.document, this.#words ? [this.#words] : []) });
  }
}
