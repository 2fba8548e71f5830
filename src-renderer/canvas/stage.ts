/** The stage: keeps Fabric's objects equal to the document, and knows where on the screen the picture is. */
import { FabricImage, Rect, StaticCanvas, Shadow, type FabricObject, type TMat2D } from "fabric/es";
import type { UnitBox } from "@scene/scene.ts";
import { type Document, titleOf } from "../state/document.ts";
import type { Size } from "../state/geometry.ts";
import type { Point } from "@scene/shapes.ts";
import type { Traces } from "./hand.ts";
import type { Palette } from "./palette.ts";
import { BoxShape, FrameShape, LinesShape, PictureShape, SketchShape } from "./shapes.ts";

/** The longer side of the picture in Fabric's units. */
const LONG_SIDE = 1000;
const MARGIN = 24;
const ZOOMS = { least: 0.05, most: 16 };

export type Picture = HTMLCanvasElement;

/** Where the picture is in the canvas, in pixels of the screen. */
export interface Frame {
  left: number;
  top: number;
  /** Of a pixel of the picture. */
  zoom: number;
  view: Size;
}

/** A picture that is not of the shape of the canvas: `fit` shows all of it, `fill` cuts what is too much. */
export interface Backdrop {
  picture: Picture;
  opacity: number;
  fit: "fit" | "fill";
}

export interface StageView {
  document: Document;
  selection: readonly string[];
  hovered: string | undefined;
  traces: Traces;
  /** The polygon whose points are worked on, and the chosen one. */
  points: { id: string; index: number } | undefined;
  /** Whether sides and corners can be taken hold of: not while a tool draws over them. */
  handles: boolean;
  /** How wide the brush is, as a part of the longer side. */
  brush: number;
  palette: Palette;
  /** Lies under all else. */
  reference: Backdrop | undefined;
  underlay: { picture: Picture; opacity: number } | undefined;
  heat: Picture | undefined;
  grid: { x: number; y: number } | undefined;
  /** Whether the project's guides are to be seen. */
  guides: boolean;
  /** False while only the picture is to be seen. */
  boxes: boolean;
}

export class Stage {
  readonly #canvas: StaticCanvas;
  readonly #paper = new Rect({ strokeWidth: 0, objectCaching: false });
  readonly #grid = new LinesShape();
  readonly #placed = new LinesShape();
  readonly #guides = new LinesShape();
  readonly #frame = new FrameShape();
  readonly #sketch = new SketchShape();
  readonly #boxes = new Map<string, BoxShape>();
  #reference: FabricImage | undefined;
  #underlay: FabricImage | undefined;
  #heat: FabricImage | undefined;
  #size: Size = { width: LONG_SIDE, height: LONG_SIDE };
  #pixels: Size = { width: 1, height: 1 };
  #view: Size = { width: 0, height: 0 };
  #fitted = true;
  readonly #onMove: () => void;

  /** `onMove` is told when the picture lies elsewhere in the canvas, or is larger or smaller. */
  constructor(element: HTMLCanvasElement, onMove: () => void = () => undefined) {
    this.#onMove = onMove;
    this.#canvas = new StaticCanvas(element, { renderOnAddRemove: false, enableRetinaScaling: true });
    this.#paper.shadow = new Shadow({ color: "rgb(0 0 0 / 0.35)", blur: 30, offsetY: 6 });
    this.#guides.dashed = true;
  }

  async dispose(): Promise<void> {
    await this.#canvas.dispose();
  }

  /** Screen pixels that one pixel of the picture takes. */
  get zoom(): number {
    return (this.#canvas.getZoom() * this.#size.width) / this.#pixels.width;
  }

  get frame(): Frame {
    const [, , , , left, top] = this.#canvas.viewportTransform;
    return { left, top, zoom: this.zoom, view: this.#view };
  }

  resize(view: Size): void {
    if (view.width === 0 || view.height === 0) return;
    const { width, height } = this.#view;
    this.#view = view;
    this.#canvas.setDimensions(view);
    if (this.#fitted) this.fit();
    else this.pan((view.width - width) / 2, (view.height - height) / 2);
  }

  show(view: StageView): void {
    const { document, palette } = view;
    const { width, height } = document.settings;
    const scale = LONG_SIDE / Math.max(width, height);
    const isReshaped = width !== this.#pixels.width || height !== this.#pixels.height;
    this.#pixels = { width, height };
    this.#size = { width: width * scale, height: height * scale };
    if (isReshaped && this.#fitted) this.fit();

    this.#paper.set({ fill: palette.paper });
    this.#cover(this.#paper);
    this.#reference = this.#picture(PictureShape, this.#reference, view.reference?.picture);
    if (this.#reference && view.reference) this.#fit(this.#reference, view.reference);
    this.#underlay = this.#picture(PictureShape, this.#underlay, view.underlay?.picture);
    this.#underlay?.set({ opacity: view.underlay?.opacity ?? 1 });
    this.#heat = this.#picture(FabricImage, this.#heat, view.heat);
    this.#grid.color = palette.line;
    this.#grid.lines.splice(0, Infinity, ...gridLines(view.grid));
    this.#placed.color = palette.guide;
    this.#placed.lines.splice(0, Infinity, ...(view.guides ? document.guides : []));
    this.#guides.color = palette.accent;
    this.#guides.lines.splice(0, Infinity, ...view.traces.guides);
    for (const lines of [this.#grid, this.#placed, this.#guides]) this.#cover(lines);
    this.#showBoxes(view);

    this.#showTraces(view);

    const under = [this.#paper, this.#reference, this.#underlay, this.#heat, this.#grid];
    const over = [...this.#inOrder(document), this.#placed, this.#guides, this.#frame, this.#sketch];
    this.#restack([...under, ...over].filter((one) => one !== undefined));
    if (isReshaped) this.#onMove();
    this.#canvas.requestRenderAll();
  }

  #showTraces({ traces, palette, document, selection, brush }: StageView): void {
    const { frame, round = false, line, brush: at } = traces;
    // The brush has the colour of what it paints on.
    const painted = document.boxes.find(({ id }) => at && selection.length === 1 && id === selection[0]);
    const index = traces.color ?? painted?.color;
    const color = index === undefined ? palette.accent : palette.boxes[index]!;
    this.#frame.visible = frame !== undefined;
    Object.assign(this.#frame, { color, round });
    if (frame) this.#place(this.#frame, frame);
    this.#sketch.visible = line !== undefined || at !== undefined;
    const across = (brush * LONG_SIDE) / this.#size.width;
    const sketch = { line: line ?? [], brush: at && { at: at.at, width: across } };
    Object.assign(this.#sketch, { color, halo: palette.halo, ...sketch });
    this.#cover(this.#sketch);
  }

  #showBoxes({ document, selection, hovered, palette, underlay, boxes, points, handles }: StageView): void {
    for (const [id] of this.#boxes) if (!document.boxes.some((box) => box.id === id)) this.#boxes.delete(id);
    for (const box of document.boxes) {
      const selected = selection.includes(box.id);
      const look = {
        title: titleOf(document, box),
        shape: box.shape,
        point: points?.id === box.id ? points.index : undefined,
        color: palette.boxes[box.color]!,
        halo: palette.halo,
        ink: palette.inks[box.color]!,
        selected,
        handles: handles && selected && selection.length === 1,
        hovered: hovered === box.id,
        locked: box.locked,
        overPicture: underlay !== undefined,
        unbound: box.spans.length === 0,
        showTitle: true,
      };
      const shape = this.#boxes.get(box.id) ?? new BoxShape(look);
      this.#boxes.set(box.id, shape);
      shape.look = look;
      shape.visible = boxes && !box.hidden;
      this.#place(shape, box.box);
    }
  }

  #inOrder(document: Document): BoxShape[] {
    return document.boxes.map(({ id }) => this.#boxes.get(id)!);
  }

  #restack(objects: FabricObject[]): void {
    const now = this.#canvas.getObjects();
    if (objects.length === now.length && objects.every((one, i) => one === now[i])) return;
    this.#canvas.remove(...now);
    this.#canvas.add(...objects);
  }

  #picture(
    Shape: typeof FabricImage,
    old: FabricImage | undefined,
    picture: Picture | undefined,
  ): FabricImage | undefined {
    if (!picture) return undefined;
    const image = old?.getElement() === picture ? old : new Shape(picture, { objectCaching: false });
    const { width, height } = this.#size;
    image.set({ scaleX: width / image.width, scaleY: height / image.height, left: width / 2, top: height / 2 });
    image.setCoords();
    return image;
  }

  /** In the middle, in its own shape. */
  #fit(image: FabricImage, { picture, opacity, fit }: Backdrop): void {
    const { width, height } = this.#size;
    const scales = [width / picture.width, height / picture.height];
    const scale = fit === "fit" ? Math.min(...scales) : Math.max(...scales);
    const [wide, high] = [Math.min(picture.width, width / scale), Math.min(picture.height, height / scale)];
    const [cropX, cropY] = [(picture.width - wide) / 2, (picture.height - high) / 2];
    image.set({ opacity, cropX, cropY, width: wide, height: high, scaleX: scale, scaleY: scale });
    image.setCoords();
  }

  #cover(object: FabricObject): void {
    this.#place(object, { x: 0, y: 0, width: 1, height: 1 });
  }

  /** Fabric counts from the middle of an object. */
  #place(object: FabricObject, { x, y, width, height }: UnitBox): void {
    const { width: w, height: h } = this.#size;
    object.set({ left: (x + width / 2) * w, top: (y + height / 2) * h, width: width * w, height: height * h });
    object.setCoords();
  }

  /** The fraction of the picture at a point of the view. */
  toUnit({ x, y }: Point): Point {
    const [zoom, , , , left, top] = this.#canvas.viewportTransform;
    return { x: (x - left) / zoom / this.#size.width, y: (y - top) / zoom / this.#size.height };
  }

  /** Fractions of the picture that some pixels of the screen are. */
  reach(pixels: number): Point {
    const zoom = this.#canvas.getZoom();
    return { x: pixels / zoom / this.#size.width, y: pixels / zoom / this.#size.height };
  }

  fit(): void {
    const { width, height } = this.#view;
    const zoom = Math.min((width - 2 * MARGIN) / this.#size.width, (height - 2 * MARGIN) / this.#size.height);
    this.#transform(Math.max(zoom, 0.02));
    this.#fitted = true;
  }

  /** A part of the picture as large as the view allows. */
  fitTo({ x, y, width, height }: UnitBox): void {
    const { width: w, height: h } = this.#size;
    const room = { width: this.#view.width - 4 * MARGIN, height: this.#view.height - 4 * MARGIN };
    const zoom = Math.min(room.width / (width * w), room.height / (height * h), ZOOMS.most);
    const left = this.#view.width / 2 - (x + width / 2) * w * zoom;
    const top = this.#view.height / 2 - (y + height / 2) * h * zoom;
    this.#fitted = false;
    this.#move([zoom, 0, 0, zoom, left, top]);
  }

  actualSize(): void {
    this.#transform(this.#pixels.width / this.#size.width);
    this.#fitted = false;
  }

  zoomBy(factor: number, at: Point = { x: this.#view.width / 2, y: this.#view.height / 2 }): void {
    const [zoom, , , , left, top] = this.#canvas.viewportTransform;
    const next = Math.min(ZOOMS.most, Math.max(ZOOMS.least, zoom * factor));
    const part = next / zoom;
    this.#fitted = false;
    this.#move([next, 0, 0, next, at.x - (at.x - left) * part, at.y - (at.y - top) * part]);
  }

  pan(dx: number, dy: number): void {
    const [zoom, , , , left, top] = this.#canvas.viewportTransform;
    this.#fitted = false;
    this.#move([zoom, 0, 0, zoom, left + dx, top + dy]);
  }

  #move(transform: TMat2D): void {
    this.#canvas.setViewportTransform(transform);
    this.#canvas.requestRenderAll();
    this.#onMove();
  }

  /** In the middle of the view, at a zoom. */
  #transform(zoom: number): void {
    const left = (this.#view.width - this.#size.width * zoom) / 2;
    const top = (this.#view.height - this.#size.height * zoom) / 2;
    this.#move([zoom, 0, 0, zoom, left, top]);
  }
}

function gridLines(grid: StageView["grid"]): { axis: "x" | "y"; at: number }[] {
  if (!grid) return [];
  const lines: { axis: "x" | "y"; at: number }[] = [];
  for (const axis of ["x", "y"] as const) {
    for (let at = grid[axis]; at < 1 - 1e-9; at += grid[axis]) lines.push({ axis, at });
  }
  return lines;
}
