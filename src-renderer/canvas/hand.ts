/** What the tools of the canvas have in common: each takes hold with a press, follows the pointer, and lets go. */
import type { TextSpan, UnitBox } from "@scene/scene.ts";
import type { Point } from "@scene/shapes.ts";
import type { Editor } from "../state/editor.svelte.ts";
import { snapMove, type Guide, type SnapOptions } from "../state/snapping.ts";
import { wordsAt } from "../state/spans.ts";

export interface Modifiers {
  shift: boolean;
  alt: boolean;
  ctrl: boolean;
}

/** What is drawn while the pointer is down, besides the boxes. */
export interface Traces {
  guides: readonly Guide[];
  frame?: UnitBox | undefined;
  /** The frame will be an ellipse. */
  round?: boolean;
  /** A polygon that is not closed yet; its first point closes it. */
  line?: readonly Point[] | undefined;
  /** Where the brush is, in fractions of the picture; it has been moved by keys, or by the pointer. */
  brush?: { at: Point; byKeys: boolean } | undefined;
  /** Of the box that the frame or the line will be; undefined where it selects. */
  color?: number | undefined;
}

export const NO_TRACES: Traces = { guides: [] };

export interface Brush {
  /** Across, as a part of the picture's longer side. */
  size: number;
  erases: boolean;
}

export interface ToolHost {
  editor: Editor;
  /** Fractions of the picture that some pixels of the screen are. */
  reach: (pixels: number) => Point;
  snapping: () => SnapOptions | undefined;
  /** Whether the project's guides are to be seen. */
  guides: () => boolean;
  brush: () => Brush;
  trace: (traces: Traces) => void;
  newId: () => string;
}

/** A tool with a state of its own. */
export interface Hand {
  /** Something is begun that Escape gives up. */
  readonly busy: boolean;
  /** False where the press means nothing to it. */
  down(point: Point, modifiers: Modifiers): boolean;
  move(point: Point, modifiers: Modifiers): void;
  up(point: Point): void;
  /** False where the key means nothing to it. */
  key(event: KeyboardEvent): boolean;
  cancel(): void;
}

/** In pixels of the screen: a press that goes no farther is a click. */
export const THRESHOLD = 3;

export function isDragged({ reach }: ToolHost, from: Point, to: Point): boolean {
  const { x, y } = reach(THRESHOLD);
  return Math.abs(to.x - from.x) >= x || Math.abs(to.y - from.y) >= y;
}

/** Boxes that something may fall on: all that are to be seen, but for these. */
export function otherBoxes({ editor }: ToolHost, ids: readonly string[]): UnitBox[] {
  return editor.document.boxes.filter(({ id, hidden }) => !hidden && !ids.includes(id)).map(({ box }) => box);
}

/** Onto the nearest lines. */
export function snapPoint(host: ToolHost, point: Point, except: readonly string[] = []): Point {
  const options = host.snapping();
  if (!options) return point;
  const { box } = snapMove({ ...point, width: 0, height: 0 }, otherBoxes(host, except), options);
  return { x: box.x, y: box.y };
}

/** Pressing on the canvas takes the focus from the prompt, and with it the mark: what is drawn keeps the words. */
export function markedWords({ editor: { document, textSelection: mark } }: ToolHost): TextSpan | undefined {
  return mark && mark.start < mark.end ? wordsAt(document.prompt, mark) : undefined;
}
