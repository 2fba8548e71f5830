/** What pressing, dragging and letting go mean: one small state machine. It knows fractions of the picture and the editor, no pixels and no Fabric. */
import type { TextSpan, UnitBox } from "@scene/scene.ts";
import { type Box, colorFor } from "../state/document.ts";
import { addBox, bindBoxes, moveBoxes, pasteBoxes, setBox } from "../state/edits.ts";
import type { Editor, Gesture } from "../state/editor.svelte.ts";
import { boundsOf, cutInside, fitInside } from "../state/geometry.ts";
import { withMates } from "../state/groups.ts";
import { addGuide, guideAt, moveGuide } from "../state/guides.ts";
import { type Guide, type SnapOptions, snapMove, snapResize } from "../state/snapping.ts";
import { wordsAt } from "../state/spans.ts";
import { boxesAt, boxesIn, edgesOf, frameOf, handleAt, type HandleName, nextInPile, type Point } from "./hit.ts";

export interface Modifiers {
  shift: boolean;
  alt: boolean;
  ctrl: boolean;
}

/** What is drawn while the pointer is down, besides the boxes. */
export interface Traces {
  guides: readonly Guide[];
  frame: UnitBox | undefined;
  /** Of the box that the frame will be; undefined where it selects. */
  color: number | undefined;
}

export const NO_TRACES: Traces = { guides: [], frame: undefined, color: undefined };

export interface ToolHost {
  editor: Editor;
  /** Fractions of the picture that some pixels of the screen are. */
  reach: (pixels: number) => Point;
  snapping: () => SnapOptions | undefined;
  /** Whether the project's guides are to be seen. */
  guides: () => boolean;
  trace: (traces: Traces) => void;
  newId: () => string;
}

type State =
  | { kind: "idle" }
  | { kind: "pressed"; from: Point; clicked: readonly string[]; alt: boolean }
  | { kind: "moving"; from: Point; ids: string[]; boxes: UnitBox[]; copies: Box[]; gesture: Gesture }
  | { kind: "resizing"; from: Point; id: string; box: UnitBox; handle: HandleName; gesture: Gesture }
  | { kind: "guiding"; axis: Guide["axis"]; index: number | undefined; gesture: Gesture }
  | { kind: "framing"; from: Point; kept: readonly string[] }
  | { kind: "drawing"; from: Point; words: TextSpan | undefined };

/** Side of the box that dropped words get, as a fraction of the picture. */
const DROPPED_SIDE = 0.34;
const THRESHOLD = 3;
const HANDLE_REACH = 8;
const GUIDE_REACH = 4;

export class Tools {
  #state: State = { kind: "idle" };
  readonly #host: ToolHost;

  constructor(host: ToolHost) {
    this.#host = host;
  }

  get busy(): boolean {
    return this.#state.kind !== "idle";
  }

  down(point: Point, { shift, alt }: Modifiers): void {
    const { editor } = this.#host;
    const { boxes } = editor.document;
    if (editor.tool === "draw") {
      this.#state = { kind: "drawing", from: this.#snapPoint(point), words: this.#markedWords() };
      return;
    }
    const handle = this.#handleAt(point);
    if (handle && !alt) {
      const { box, name } = handle;
      const gesture = editor.begin("Resize box");
      this.#state = { kind: "resizing", from: point, id: box.id, box: box.box, handle: name, gesture };
      return;
    }
    const pile = boxesAt(boxes, point);
    const held = pile.find(({ id }) => editor.selection.includes(id));
    const top = pile[0];
    const guide = top ? undefined : this.#guideAt(point);
    if (guide !== undefined) this.holdGuide(editor.document.guides[guide]!.axis, guide);
    else if (!top) {
      this.#state = { kind: "framing", from: point, kept: shift ? editor.selection : [] };
    } else if (shift && !alt) {
      const mates = withMates(editor.document, [top.id]);
      const isChosen = mates.every((id) => editor.selection.includes(id));
      const others = editor.selection.filter((id) => !mates.includes(id));
      editor.select(isChosen ? others : [...others, ...mates]);
    } else {
      // A selected box can be dragged though another lies on it; a mere click selects the upper one, with Alt the next of the pile.
      const clicked = alt ? [nextInPile(pile, editor.selection)!.id] : this.#reached(top);
      if (!held) editor.select(this.#reached(top));
      this.#state = { kind: "pressed", from: point, clicked, alt };
    }
  }

  move(point: Point, modifiers: Modifiers): void {
    const state = this.#state;
    const { editor, trace, reach } = this.#host;
    switch (state.kind) {
      case "idle":
        editor.hovered = boxesAt(editor.document.boxes, point)[0]?.id;
        return;
      case "pressed": {
        const { x, y } = reach(THRESHOLD);
        if (Math.abs(point.x - state.from.x) < x && Math.abs(point.y - state.from.y) < y) return;
        const chosen = editor.selectedBoxes.filter(({ locked, hidden }) => !locked && !hidden);
        const verb = state.alt ? "Duplicate" : "Move";
        const gesture = editor.begin(chosen.length === 1 ? `${verb} box` : `${verb} ${chosen.length} boxes`);
        const boxes = chosen.map(({ box }) => box);
        const copies = state.alt ? chosen : [];
        const ids = state.alt ? chosen.map(() => this.#host.newId()) : chosen.map(({ id }) => id);
        this.#state = { kind: "moving", from: state.from, ids, boxes, copies, gesture };
        this.move(point, modifiers);
        if (state.alt) editor.select(ids);
        return;
      }
      case "moving":
        this.#drag(state, point, modifiers);
        return;
      case "resizing":
        this.#resize(state, point, modifiers);
        return;
      case "guiding":
        this.#guide(state, point);
        return;
      case "framing": {
        const frame = frameOf(state.from, point);
        trace({ guides: [], frame, color: undefined });
        const touched = boxesIn(editor.document.boxes, frame).map(({ id }) => id);
        editor.select([...state.kept, ...withMates(editor.document, touched)]);
        return;
      }
      case "drawing":
        trace({
          guides: [],
          frame: cutInside(frameOf(state.from, this.#snapPoint(point))),
          color: colorFor(editor.document, state.words ? [state.words] : []),
        });
    }
  }

  up(point: Point): void {
    const state = this.#state;
    const { editor, trace } = this.#host;
    this.#state = { kind: "idle" };
    trace(NO_TRACES);
    if ("gesture" in state) state.gesture.commit();
    if (state.kind === "pressed") editor.select(state.clicked);
    if (state.kind === "framing" && !this.#isDragged(state.from, point)) editor.select(state.kept);
    if (state.kind === "drawing") this.#draw(state, point);
  }

  /** Escape, or the pointer was taken away: as if it had not begun. */
  cancel(): void {
    const state = this.#state;
    this.#state = { kind: "idle" };
    this.#host.trace(NO_TRACES);
    if ("gesture" in state) state.gesture.cancel();
  }

  /** Takes hold of a guide; without an index of a new one, which comes out of a ruler. It is moved, and let go, as all else. */
  holdGuide(axis: Guide["axis"], index?: number): void {
    const gesture = this.#host.editor.begin(index === undefined ? "Add guide" : "Move guide");
    this.#state = { kind: "guiding", axis, index, gesture };
  }

  /** The marked words are being dragged over the picture: shows which box they would go to, or where a new one would be. */
  hoverWords(point: Point): void {
    const { editor, trace } = this.#host;
    const target = boxesAt(editor.document.boxes, point)[0];
    editor.hovered = target?.id;
    const span = editor.textSelection && wordsAt(editor.document.prompt, editor.textSelection);
    const color = colorFor(editor.document, span ? [span] : []);
    trace({ guides: [], frame: target ? undefined : this.#placeAt(point), color });
  }

  /** They are let go. */
  dropWords(point: Point): void {
    const { editor, trace, newId } = this.#host;
    trace(NO_TRACES);
    const span = editor.textSelection && wordsAt(editor.document.prompt, editor.textSelection);
    if (!span) return;
    const words = editor.document.prompt.slice(span.start, span.end);
    const target = boxesAt(editor.document.boxes, point)[0];
    if (target) {
      editor.apply(`Bind “${words}”`, bindBoxes([target.id], span), { select: [target.id] });
      return;
    }
    const id = newId();
    editor.apply(`Box for “${words}”`, addBox(id, this.#placeAt(point), [span]), { select: [id] });
  }

  /** They went elsewhere. */
  leaveWords(): void {
    this.#host.editor.hovered = undefined;
    this.#host.trace(NO_TRACES);
  }

  #placeAt({ x, y }: Point): UnitBox {
    const side = DROPPED_SIDE;
    const box = fitInside({ x: x - side / 2, y: y - side / 2, width: side, height: side });
    const options = this.#host.snapping();
    return options ? fitInside(snapMove(box, this.#others([]), options).box) : box;
  }

  /** What the pointer should look like at a point. */
  cursorAt(point: Point): string {
    const { editor } = this.#host;
    if (editor.tool === "draw") return "crosshair";
    if (this.#state.kind === "moving") return "move";
    if (this.#state.kind === "guiding") return this.#state.axis === "x" ? "ew-resize" : "ns-resize";
    const handle = this.#state.kind === "resizing" ? this.#state.handle : this.#handleAt(point)?.name;
    if (handle) return `${handle}-resize`;
    if (boxesAt(editor.document.boxes, point).length > 0) return "move";
    const guide = editor.document.guides[this.#guideAt(point) ?? -1];
    return guide ? (guide.axis === "x" ? "ew-resize" : "ns-resize") : "default";
  }

  /** What a click on a box selects: with its group, unless that was entered already. */
  #reached(box: Box): readonly string[] {
    const { editor } = this.#host;
    const { group } = box;
    const chosen = editor.selectedBoxes;
    const isEntered = chosen.length > 0 && chosen.every((one) => one.group === group);
    return group === undefined || isEntered ? [box.id] : withMates(editor.document, [box.id]);
  }

  #guideAt(point: Point): number | undefined {
    const { editor, guides, reach } = this.#host;
    return guides() ? guideAt(editor.document.guides, point, reach(GUIDE_REACH)) : undefined;
  }

  /** Onto whole pixels, or the lines that boxes fall on; out of the picture it is taken away. */
  #guide({ axis, index, gesture }: Extract<State, { kind: "guiding" }>, point: Point): void {
    const { editor, snapping } = this.#host;
    const { settings } = editor.document;
    const length = axis === "x" ? settings.width : settings.height;
    const whole = Math.round(point[axis] * length) / length;
    const options = snapping();
    const box = { x: 0.5, y: 0.5, width: 0, height: 0, [axis]: whole };
    const at =
      options && whole >= 0 && whole <= 1 ? snapMove(box, this.#others([]), { reach: options.reach }).box[axis] : whole;
    gesture.preview(index === undefined ? addGuide({ axis, at }) : moveGuide(index, at));
  }

  #handleAt(point: Point) {
    const [box, ...others] = this.#host.editor.selectedBoxes;
    if (!box || others.length > 0 || box.locked || box.hidden) return undefined;
    const name = handleAt(box.box, point, this.#host.reach(HANDLE_REACH));
    return name && { box, name };
  }

  #others(ids: readonly string[]): UnitBox[] {
    const { boxes } = this.#host.editor.document;
    return boxes.filter(({ id, hidden }) => !hidden && !ids.includes(id)).map(({ box }) => box);
  }

  #drag(state: Extract<State, { kind: "moving" }>, point: Point, { shift, ctrl }: Modifiers): void {
    let dx = point.x - state.from.x;
    let dy = point.y - state.from.y;
    const { x, y } = this.#host.reach(1);
    if (shift && Math.abs(dx) / x > Math.abs(dy) / y) dy = 0;
    else if (shift) dx = 0;
    const bounds = boundsOf(state.boxes);
    const options = ctrl ? undefined : this.#host.snapping();
    const moved = { ...bounds, x: bounds.x + dx, y: bounds.y + dy };
    const snapped = options ? snapMove(moved, this.#others(state.ids), options) : { box: moved, guides: [] };
    const copy = pasteBoxes(state.copies, state.ids, 0);
    const place = moveBoxes(state.ids, snapped.box.x - bounds.x, snapped.box.y - bounds.y);
    state.gesture.preview((document) => place(state.copies.length > 0 ? copy(document) : document));
    this.#host.trace({ guides: snapped.guides, frame: undefined, color: undefined });
  }

  #resize(state: Extract<State, { kind: "resizing" }>, point: Point, { shift, ctrl }: Modifiers): void {
    const edges = edgesOf(state.handle);
    const options = ctrl ? undefined : this.#host.snapping();
    const dx = point.x - state.from.x;
    const dy = point.y - state.from.y;
    let left = state.box.x + (edges.left ? dx : 0);
    let right = state.box.x + state.box.width + (edges.right ? dx : 0);
    let top = state.box.y + (edges.top ? dy : 0);
    let bottom = state.box.y + state.box.height + (edges.bottom ? dy : 0);
    if (shift && state.handle.length === 2) {
      const scale = Math.max((right - left) / state.box.width, (bottom - top) / state.box.height);
      if (edges.left) left = right - state.box.width * scale;
      else right = left + state.box.width * scale;
      if (edges.top) top = bottom - state.box.height * scale;
      else bottom = top + state.box.height * scale;
    }
    const resized = frameOf({ x: left, y: top }, { x: right, y: bottom });
    const isTurned = left > right || top > bottom;
    const snapped =
      options && !shift && !isTurned
        ? snapResize(resized, edges, this.#others([state.id]), options)
        : { box: resized, guides: [] };
    state.gesture.preview(setBox(state.id, cutInside(snapped.box)));
    this.#host.trace({ guides: snapped.guides, frame: undefined, color: undefined });
  }

  /** Pressing on the canvas takes the focus from the prompt, and with it the mark: what is drawn keeps the words. */
  #markedWords(): TextSpan | undefined {
    const { document, textSelection: mark } = this.#host.editor;
    return mark && mark.start < mark.end ? wordsAt(document.prompt, mark) : undefined;
  }

  /** A new box, tied to the words that were marked in the prompt when it was begun, if any were. */
  #draw({ from, words }: Extract<State, { kind: "drawing" }>, to: Point): void {
    const { editor, newId } = this.#host;
    if (!this.#isDragged(from, to)) return;
    const id = newId();
    const box = cutInside(frameOf(from, this.#snapPoint(to)));
    editor.apply("Draw box", addBox(id, box, words ? [words] : []), { select: [id] });
    editor.tool = "select";
  }

  #snapPoint(point: Point): Point {
    const options = this.#host.snapping();
    if (!options) return point;
    const { box } = snapMove({ ...point, width: 0, height: 0 }, this.#others([]), options);
    return { x: box.x, y: box.y };
  }

  #isDragged(from: Point, to: Point): boolean {
    const { x, y } = this.#host.reach(THRESHOLD);
    return Math.abs(to.x - from.x) >= x || Math.abs(to.y - from.y) >= y;
  }
}
