/** What Fabric draws: regions with their names and handles, guides and frames. Lines and letters keep their size at every zoom. */
import { FabricImage, FabricObject } from "fabric/es";
import { HANDLES } from "./hit.ts";
import { isRightToLeft } from "@scene/rightToLeft.ts";
import { pathOf, type Point, type RegionShape } from "@scene/shapes.ts";
import { placeOfLabel, type Rect, roomOfLabel } from "./labels.ts";
import { showsPixels } from "./pictures.ts";

const FONT = '600 12px "Inter Variable", system-ui, sans-serif';

export interface BoxLook {
  title: string;
  /** What of the box it is. */
  shape: RegionShape | undefined;
  /** Its points are worked on, and this one is chosen. */
  point: number | undefined;
  color: string;
  /** The line under the coloured one, which keeps it visible on any picture. */
  halo: string;
  /** Of letters on the colour. */
  ink: string;
  selected: boolean;
  /** The only one selected: it shows handles. */
  handles: boolean;
  hovered: boolean;
  locked: boolean;
  /** A picture lies under it, and should be seen in its own colours. */
  overPicture: boolean;
  /** Names no words yet. */
  unbound: boolean;
  showTitle: boolean;
}

/** Fabric's objects measured and drawn in pixels of the screen. */
abstract class ScreenObject extends FabricObject {
  protected abstract draw(ctx: CanvasRenderingContext2D, width: number, height: number): void;

  override _render(ctx: CanvasRenderingContext2D): void {
    const zoom = this.canvas?.getZoom() ?? 1;
    ctx.save();
    ctx.translate(-this.width / 2, -this.height / 2);
    ctx.scale(1 / zoom, 1 / zoom);
    this.draw(ctx, this.width * zoom, this.height * zoom);
    ctx.restore();
  }
}

export class BoxShape extends ScreenObject {
  look: BoxLook;

  constructor(look: BoxLook) {
    super({ objectCaching: false, strokeWidth: 0 });
    this.look = look;
  }

  protected draw(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const { color, halo, selected, hovered, locked, unbound, showTitle, handles, overPicture, shape, point } =
      this.look;
    const outline = outlineOf(shape, width, height);
    ctx.fillStyle = color;
    ctx.globalAlpha = (selected ? 0.2 : hovered ? 0.16 : 0.08) * (overPicture ? 0.35 : 1);
    ctx.fill(outline, "evenodd");
    ctx.globalAlpha = locked ? 0.75 : 1;
    // Corners of a box are square; those of a painted region are so many that they must not stick out.
    ctx.lineJoin = shape ? "round" : "miter";
    ctx.strokeStyle = halo;
    ctx.lineWidth = selected ? 4 : 3.5;
    ctx.stroke(outline);
    ctx.strokeStyle = color;
    ctx.lineWidth = selected ? 2 : 1.5;
    if (unbound) ctx.setLineDash([6, 4]);
    ctx.stroke(outline);
    ctx.setLineDash([]);
    const isEdited = point !== undefined && shape?.kind === "polygon";
    if (shape && handles && !isEdited) this.#frame(ctx, width, height);
    if (showTitle) this.#title(ctx, width, height);
    if (isEdited) drawPoints(ctx, shape.points, { width, height }, color, point);
    else if (handles && !locked) this.#handles(ctx, width, height);
  }

  /** The box that the handles are of, where the outline is not it. */
  #frame(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const { halo, color } = this.look;
    for (const [style, dash] of [
      [halo, []],
      [color, [3, 3]],
    ] as const) {
      ctx.strokeStyle = style;
      ctx.lineWidth = 1;
      ctx.setLineDash([...dash]);
      ctx.strokeRect(0, 0, width, height);
    }
    ctx.setLineDash([]);
  }

  #title(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const { title, color, ink, locked, handles, hovered } = this.look;
    ctx.font = FONT;
    const text = locked ? `${title} · locked` : title;
    // What is cut is the text's end, from whichever side it is read.
    ctx.direction = isRightToLeft(text) ? "rtl" : "ltr";
    ctx.textAlign = "left";
    const others = this.#others();
    // Of the box that is looked at, the name goes on over what stands beside it.
    const beside = handles || hovered ? [] : others;
    const shown = shorten(ctx, text, roomOfLabel({ width, height }, beside, this.#edge()) - 14);
    const wide = ctx.measureText(shown).width + 14;
    const place = placeOfLabel({ width, height }, { width: wide, height: 21 }, others);
    ctx.globalAlpha = 1;
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.roundRect(place.x, place.y, wide, 21, place.inside ? 2 : 4);
    ctx.fill();
    ctx.fillStyle = ink;
    ctx.textBaseline = "middle";
    ctx.fillText(shown, place.x + 7, place.y + 11);
  }

  /** Where the canvas ends, from this box's corner. */
  #edge(): number {
    const canvas = this.canvas;
    if (!canvas) return 0;
    return canvas.width - (this.left - this.width / 2) * canvas.getZoom() - canvas.viewportTransform[4];
  }

  /** The other boxes that are to be seen, from this one's corner. */
  #others(): Rect[] {
    const zoom = this.canvas?.getZoom() ?? 1;
    const shapes = this.canvas?.getObjects().filter((one) => one instanceof BoxShape && one !== this && one.visible);
    return (shapes ?? []).map(({ left, top, width, height }) => ({
      x: (left - width / 2 - this.left + this.width / 2) * zoom,
      y: (top - height / 2 - this.top + this.height / 2) * zoom,
      width: width * zoom,
      height: height * zoom,
    }));
  }

  #handles(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const isSmall = width < 44 || height < 44;
    for (const { name, at } of HANDLES) {
      if (isSmall && name.length === 1) continue;
      const x = (width * at[0]) / 2;
      const y = (height * at[1]) / 2;
      ctx.beginPath();
      ctx.roundRect(x - 5, y - 5, 10, 10, 2.5);
      ctx.fillStyle = "#fff";
      ctx.fill();
      ctx.lineWidth = 2;
      ctx.strokeStyle = this.look.color;
      ctx.stroke();
    }
  }
}

/** Outlines of the unit square by shape: documents are replaced, and shapes in them stay. */
const outlines = new WeakMap<RegionShape, Path2D>();
const SQUARE = { x: 0, y: 0, width: 1, height: 1 };

function outlineOf(shape: RegionShape | undefined, width: number, height: number): Path2D {
  const path = new Path2D();
  if (!shape) path.rect(0, 0, width, height);
  else if (shape.kind === "ellipse") path.ellipse(width / 2, height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI);
  else {
    const known = outlines.get(shape) ?? new Path2D(pathOf(shape, SQUARE));
    outlines.set(shape, known);
    path.addPath(known, new DOMMatrix([width, 0, 0, height, 0, 0]));
  }
  return path;
}

/** Each a spot that can be taken hold of; the chosen one is filled with the colour. */
function drawPoints(
  ctx: CanvasRenderingContext2D,
  points: readonly Point[],
  { width, height }: { width: number; height: number },
  color: string,
  chosen: number | undefined,
): void {
  for (const [i, { x, y }] of points.entries()) {
    ctx.beginPath();
    ctx.arc(x * width, y * height, i === chosen ? 6.5 : 4.5, 0, 2 * Math.PI);
    ctx.fillStyle = i === chosen ? color : "#fff";
    ctx.fill();
    ctx.lineWidth = 2;
    ctx.strokeStyle = i === chosen ? "#fff" : color;
    ctx.stroke();
  }
}

const letters = new Intl.Segmenter("und", { granularity: "grapheme" });

/** `text`, or as many of its letters as stand in `width` pixels of the context's font with dots behind them. */
function shorten(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  const all = [...letters.segment(text)];
  let end = all.length - 1;
  const cut = () => `${text.slice(0, all[end]!.index).trimEnd()}…`;
  while (end > 1 && ctx.measureText(cut()).width > width) end--;
  return cut();
}

/** A picture under the boxes, whatever the zoom. */
export class PictureShape extends FabricImage {
  override _render(ctx: CanvasRenderingContext2D): void {
    const shown = this.getScaledWidth() * (this.canvas?.getZoom() ?? 1) * devicePixelRatio;
    this.imageSmoothing = !showsPixels(shown, this.width);
    super._render(ctx);
  }
}

/** Lines across the picture at fractions of it. */
export class LinesShape extends ScreenObject {
  readonly lines: { axis: "x" | "y"; at: number }[] = [];
  color = "#fff";
  dashed = false;

  constructor() {
    super({ objectCaching: false, strokeWidth: 0 });
  }

  protected draw(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    ctx.strokeStyle = this.color;
    ctx.lineWidth = 1;
    if (this.dashed) ctx.setLineDash([4, 3]);
    ctx.beginPath();
    for (const { axis, at } of this.lines) {
      const across = axis === "x" ? at * width : at * height;
      ctx.moveTo(axis === "x" ? across : 0, axis === "x" ? 0 : across);
      ctx.lineTo(axis === "x" ? across : width, axis === "x" ? height : across);
    }
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

/** The frame that is being drawn, or that selects. */
export class FrameShape extends ScreenObject {
  color = "#fff";
  round = false;

  constructor() {
    super({ objectCaching: false, strokeWidth: 0 });
  }

  protected draw(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const outline = outlineOf(this.round ? { kind: "ellipse" } : undefined, width, height);
    ctx.fillStyle = this.color;
    ctx.globalAlpha = 0.14;
    ctx.fill(outline);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = this.color;
    ctx.lineWidth = 1.5;
    ctx.stroke(outline);
  }
}

/** A polygon that is not closed yet, and the brush. */
export class SketchShape extends ScreenObject {
  color = "#fff";
  halo = "#000";
  /** In fractions of the picture. */
  line: readonly Point[] = [];
  /** Its middle and how wide it is, in fractions of the picture. */
  brush: { at: Point; width: number } | undefined;

  constructor() {
    super({ objectCaching: false, strokeWidth: 0 });
  }

  protected draw(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    if (this.line.length > 0) this.#line(ctx, width, height);
    if (!this.brush) return;
    const { at, width: across } = this.brush;
    ctx.beginPath();
    ctx.arc(at.x * width, at.y * height, Math.max(1.5, (across * width) / 2), 0, 2 * Math.PI);
    this.#strokes(ctx);
  }

  #line(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    ctx.lineJoin = "round";
    ctx.beginPath();
    for (const { x, y } of this.line) ctx.lineTo(x * width, y * height);
    ctx.fillStyle = this.color;
    ctx.globalAlpha = 0.14;
    ctx.fill("evenodd");
    ctx.globalAlpha = 1;
    this.#strokes(ctx);
    // What a line drawn round has passed by is no point that can be taken hold of.
    if (this.line.length <= MOST_SPOTS)
      drawPoints(ctx, this.line.slice(0, -1), { width, height }, this.color, undefined);
  }

  #strokes(ctx: CanvasRenderingContext2D): void {
    ctx.strokeStyle = this.halo;
    ctx.lineWidth = 3.5;
    ctx.stroke();
    ctx.strokeStyle = this.color;
    ctx.lineWidth = 1.5;
    ctx.stroke();
  }
}

const MOST_SPOTS = 40;
