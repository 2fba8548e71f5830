/** What pressing, dragging and letting go mean: one small state machine. It knows fractions of the picture and the editor, no pixels and no Fabric. */
import type { TextSpan, UnitBox } from "@scene/scene.ts";
import { flipped, type Point, type Shaped } from "@scene/shapes.ts";
import { type Box, colorFor } from "../state/document.ts";
import { addBox, bindBoxes, moveBoxes, pasteBoxes } from "../state/edits.ts";
import type { Gesture } from "../state/editor.svelte.ts";
import { boundsOf, cutInside, fitInside } from "../state/geometry.ts";
import { withMates } from "../state/groups.ts";
import { addGuide, guideAt, moveGuide } from "../state/guides.ts";
import { type Guide, snapMove, snapResize } from "../state/snapping.ts";
import { addRegion, setRegion } from "../state/shapeEdits.ts";
import { beginPoints, editedPoints } from "../state/pointEditing.ts";
import { wordsAt } from "../state/spans.ts";
import { BrushTool } from "./brushTool.ts";
import {
  type Hand,
  isDragged,
  markedWords,
  type Modifiers,
  NO_TRACES,
  otherBoxes,
  snapPoint,
  THRESHOLD,
  type ToolHost,
} from "./hand.ts";
import { boxesAt, boxesIn, edgesOf, frameOf, handleAt, type HandleName, nextInPile, squareOf } from "./hit.ts";
import { PointTool } from "./pointTool.ts";
import { PolygonTool } from "./polygonTool.ts";

type State =
  | { kind: "idle" }
  | { kind: "pressed"; from: Point; clicked: readonly string[]; alt: boolean }
  | { kind: "moving"; from: Point; ids: string[]; boxes: UnitBox[]; copies: Box[]; gesture: Gesture }
  | { kind: "resizing"; from: Point; id: string; region: Shaped; handle: HandleName; gesture: Gesture }
  | { kind: "guiding"; axis: Guide["axis"]; index: number | undefined; gesture: Gesture }
  | { kind: "framing"; from: Point; kept: readonly string[] }
  | { kind: "drawing"; from: Point; words: TextSpan | undefined; round: boolean };

/** Side of the box that dropped words get, as a fraction of the picture. */
const DROPPED_SIDE = 0.34;
const HANDLE_REACH = 8;
const GUIDE_REACH = 4;

export class Tools {
  #state: State = { kind: "idle" };
  readonly #host: ToolHost;
  readonly #polygon: PolygonTool;
  readonly #brush: BrushTool;
  readonly #points: PointTool;
  /** Presses since a polygon was closed: the click that does it may be half of a double click. */
  #pressesSince = Infinity;

  constructor(host: ToolHost) {
    this.#host = host;
    this.#brush = new BrushTool(host);
    this.#points = new PointTool(host);
    this.#polygon = new PolygonTool(host, () => {
      this.#pressesSince = 0;
      host.editor.tool = "select";
    });
  }

  get busy(): boolean {
    return this.#state.kind !== "idle" || [this.#polygon, this.#brush, this.#points].some(({ busy }) => busy);
  }

  /** The tool with a state of its own that the pointer and the keys belong to now. */
  get #hand(): Hand | undefined {
    const { editor } = this.#host;
    if (this.#state.kind !== "idle") return undefined;
    if (editor.tool === "polygon" || this.#polygon.busy) return this.#polygon;
    if (editor.tool === "brush" || this.#brush.busy) return this.#brush;
    return editedPoints(editor) || this.#points.busy ? this.#points : undefined;
  }

  down(point: Point, modifiers: Modifiers): void {
    this.#pressesSince++;
    if (this.#hand?.down(point, modifiers)) return;
    const { editor } = this.#host;
    const { shift, alt } = modifiers;
    const { boxes } = editor.document;
    if (editor.tool === "draw" || editor.tool === "ellipse") {
      const round = editor.tool === "ellipse";
      this.#state = { kind: "drawing", from: snapPoint(this.#host, point), words: markedWords(this.#host), round };
      return;
    }
    const handle = this.#handleAt(point);
    if (handle && !alt) {
      const { box, name } = handle;
      const gesture = editor.begin("Resize box");
      this.#state = { kind: "resizing", from: point, id: box.id, region: box, handle: name, gesture };
      return;
    }
    const pile = boxesAt(boxes, point);
    if (!pile.some(({ id }) => id === editor.points?.id)) editor.points = undefined;
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
        editor.hovered = this.#drawsOver ? undefined : boxesAt(editor.document.boxes, point)[0]?.id;
        this.#hand?.move(point, modifiers);
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
        trace({ guides: [], frame });
        const touched = boxesIn(editor.document.boxes, frame).map(({ id }) => id);
        editor.select([...state.kept, ...withMates(editor.document, touched)]);
        return;
      }
      case "drawing":
        trace({
          guides: [],
          frame: this.#drawnFrame(state.from, point, modifiers.shift),
          round: state.round,
          color: colorFor(editor.document, state.words ? [state.words] : []),
        });
    }
  }

  up(point: Point, { shift } = { shift: false }): void {
    const state = this.#state;
    const { editor, trace } = this.#host;
    const hand = this.#hand;
    if (hand) {
      hand.up(point);
      return;
    }
    this.#state = { kind: "idle" };
    trace(NO_TRACES);
    if ("gesture" in state) state.gesture.commit();
    if (state.kind === "pressed") editor.select(state.clicked);
    if (state.kind === "framing" && !isDragged(this.#host, state.from, point)) editor.select(state.kept);
    if (state.kind === "drawing") this.#draw(state, point, shift);
  }

  /** Escape, or the pointer was taken away: as if it had not begun. */
  cancel(): void {
    const state = this.#state;
    this.#state = { kind: "idle" };
    for (const hand of [this.#polygon, this.#brush, this.#points]) hand.cancel();
    this.#host.trace(NO_TRACES);
    if ("gesture" in state) state.gesture.cancel();
  }

  /** Keys of the tool in hand, and of a polygon's points; false where they mean nothing to it. */
  key(event: KeyboardEvent): boolean {
    return this.#hand?.key(event) ?? false;
  }

  /** Closes the polygon that is drawn, adds and takes away points, or begins to work on them. False where it is about none of that. */
  doubleClick(point: Point): boolean {
    const { editor } = this.#host;
    if (editor.tool === "polygon") this.#polygon.close();
    else if (this.#pressesSince > 1 && editor.tool === "select" && !this.#points.doubleClick(point)) {
      const top = boxesAt(editor.document.boxes, point)[0];
      if (top?.shape?.kind !== "polygon") return false;
      editor.select([top.id]);
      beginPoints(editor);
    }
    return true;
  }

  /** The pointer is elsewhere. */
  leave(): void {
    this.#host.editor.hovered = undefined;
    if (this.#host.editor.tool === "brush" && !this.busy) this.#host.trace(NO_TRACES);
  }

  /** The tool in hand is about what it draws, and not about the box under it. */
  get #drawsOver(): boolean {
    return ["draw", "ellipse", "polygon", "brush"].includes(this.#host.editor.tool);
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
    return options ? fitInside(snapMove(box, otherBoxes(this.#host, []), options).box) : box;
  }

  /** What the pointer should look like at a point. */
  cursorAt(point: Point): string {
    const { editor } = this.#host;
    if (editor.tool === "brush") return "none"; // the brush itself is drawn
    if (this.#drawsOver) return "crosshair";
    if (this.#points.busy || this.#points.pointAt(point) !== undefined) return "crosshair";
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
      options && whole >= 0 && whole <= 1
        ? snapMove(box, otherBoxes(this.#host, []), { reach: options.reach }).box[axis]
        : whole;
    gesture.preview(index === undefined ? addGuide({ axis, at }) : moveGuide(index, at));
  }

  #handleAt(point: Point) {
    const [box, ...others] = this.#host.editor.selectedBoxes;
    if (!box || others.length > 0 || box.locked || box.hidden || editedPoints(this.#host.editor)) return undefined;
    const name = handleAt(box.box, point, this.#host.reach(HANDLE_REACH));
    return name && { box, name };
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
    const snapped = options ? snapMove(moved, otherBoxes(this.#host, state.ids), options) : { box: moved, guides: [] };
    const copy = pasteBoxes(state.copies, state.ids, 0);
    const place = moveBoxes(state.ids, snapped.box.x - bounds.x, snapped.box.y - bounds.y);
    state.gesture.preview((document) => place(state.copies.length > 0 ? copy(document) : document));
    this.#host.trace({ guides: snapped.guides });
  }

  #resize(state: Extract<State, { kind: "resizing" }>, point: Point, { shift, ctrl }: Modifiers): void {
    const edges = edgesOf(state.handle);
    const options = ctrl ? undefined : this.#host.snapping();
    const dx = point.x - state.from.x;
    const dy = point.y - state.from.y;
    const { box } = state.region;
    let { shape } = state.region;
    let left = box.x + (edges.left ? dx : 0);
    let right = box.x + box.width + (edges.right ? dx : 0);
    let top = box.y + (edges.top ? dy : 0);
    let bottom = box.y + box.height + (edges.bottom ? dy : 0);
    if (shift && state.handle.length === 2) {
      const scale = Math.max((right - left) / box.width, (bottom - top) / box.height);
      if (edges.left) left = right - box.width * scale;
      else right = left + box.width * scale;
      if (edges.top) top = bottom - box.height * scale;
      else bottom = top + box.height * scale;
    }
    const resized = frameOf({ x: left, y: top }, { x: right, y: bottom });
    const isTurned = left > right || top > bottom;
    const snapped =
      options && !shift && !isTurned
        ? snapResize(resized, edges, otherBoxes(this.#host, [state.id]), options)
        : { box: resized, guides: [] };
    if (shape && left > right) shape = flipped(shape, "horizontal");
    if (shape && top > bottom) shape = flipped(shape, "vertical");
    state.gesture.preview(setRegion(state.id, { box: cutInside(snapped.box), shape }));
    this.#host.trace({ guides: snapped.guides });
  }

  /** A new region, tied to the words that were marked in the prompt when it was begun, if any were. */
  #draw({ from, words, round }: Extract<State, { kind: "drawing" }>, to: Point, shift: boolean): void {
    const { editor, newId } = this.#host;
    if (!isDragged(this.#host, from, to)) return;
    const id = newId();
    const box = this.#drawnFrame(from, to, shift);
    const region = round ? { box, shape: { kind: "ellipse" } as const } : { box };
    editor.apply(round ? "Draw ellipse" : "Draw box", addRegion(id, region, words ? [words] : []), { select: [id] });
    editor.tool = "select";
  }

  /** With Shift as wide as high on the screen. */
  #drawnFrame(from: Point, point: Point, shift: boolean): UnitBox {
    const to = snapPoint(this.#host, point);
    return cutInside(frameOf(from, shift ? squareOf(from, to, this.#host.reach(1)) : to));
  }
}
