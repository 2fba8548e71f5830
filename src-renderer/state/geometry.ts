/** Boxes in fractions of the picture: moving, fitting, aligning, snapping, and saying in words where they are. */
import type { UnitBox } from "@scene/scene.ts";

export interface Size {
  width: number;
  height: number;
}

/** The least a side of a box may be. */
export const LEAST_SIDE = 0.01;

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), Math.max(low, high));

export const isSamePlace = (a: UnitBox, b: UnitBox) =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

/** Moved and cut so that it lies in the picture and is not empty. */
export function fitInside({ x, y, width, height }: UnitBox): UnitBox {
  const w = clamp(width, LEAST_SIDE, 1);
  const h = clamp(height, LEAST_SIDE, 1);
  return { x: clamp(x, 0, 1 - w), y: clamp(y, 0, 1 - h), width: w, height: h };
}

/** The part of a box that is in the picture, for boxes drawn or resized past its edge. */
export function cutInside({ x, y, width, height }: UnitBox): UnitBox {
  const left = clamp(x, 0, 1);
  const top = clamp(y, 0, 1);
  const right = clamp(x + width, 0, 1);
  const bottom = clamp(y + height, 0, 1);
  return fitInside({ x: left, y: top, width: right - left, height: bottom - top });
}

export function boundsOf(boxes: readonly UnitBox[]): UnitBox {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** `delta`, shortened so that boxes moved together keep their distances at the picture's edge. */
export function movable(boxes: readonly UnitBox[], dx: number, dy: number): { dx: number; dy: number } {
  const { x, y, width, height } = boundsOf(boxes);
  return { dx: clamp(dx, -x, 1 - x - width), dy: clamp(dy, -y, 1 - y - height) };
}

export type Alignment = "left" | "center" | "right" | "top" | "middle" | "bottom";

/** Boxes aligned to each other; one alone is aligned to the picture. */
export function align(boxes: readonly UnitBox[], to: Alignment): UnitBox[] {
  const frame = boxes.length > 1 ? boundsOf(boxes) : { x: 0, y: 0, width: 1, height: 1 };
  const place = {
    left: (box: UnitBox) => ({ ...box, x: frame.x }),
    center: (box: UnitBox) => ({ ...box, x: frame.x + (frame.width - box.width) / 2 }),
    right: (box: UnitBox) => ({ ...box, x: frame.x + frame.width - box.width }),
    top: (box: UnitBox) => ({ ...box, y: frame.y }),
    middle: (box: UnitBox) => ({ ...box, y: frame.y + (frame.height - box.height) / 2 }),
    bottom: (box: UnitBox) => ({ ...box, y: frame.y + frame.height - box.height }),
  }[to];
  return boxes.map((box) => fitInside(place(box)));
}

/** Equal gaps between three boxes or more, the outermost where they are. */
export function distribute(boxes: readonly UnitBox[], axis: "horizontal" | "vertical"): UnitBox[] {
  if (boxes.length < 3) return [...boxes];
  const [at, side] = axis === "horizontal" ? (["x", "width"] as const) : (["y", "height"] as const);
  const order = boxes.map((_, i) => i).sort((a, b) => boxes[a]![at] - boxes[b]![at]);
  const { [at]: start, [side]: whole } = boundsOf(boxes);
  const gap = (whole - boxes.reduce((sum, box) => sum + box[side], 0)) / (boxes.length - 1);
  const result = [...boxes];
  let next = start;
  for (const i of order) {
    result[i] = fitInside({ ...boxes[i]!, [at]: next });
    next += boxes[i]![side] + gap;
  }
  return result;
}

/**
 * A box after the picture changed its shape from `from` to `to` pixels. It keeps its own shape instead of stretching:
 * it scales with the shorter way, stays at an edge it touched, and else keeps its middle's place. A side that spanned
 * the whole picture goes on spanning it.
 */
export function reflow(box: UnitBox, from: Size, to: Size): UnitBox {
  if (from.width * to.height === to.width * from.height) return box;
  // Of whole numbers, so that sizes of one shape give one and the same number: 320 x 320 and 2048 x 2048 place a box alike to the last bit.
  const wider = (to.width * from.height) / (from.width * to.height);
  const taller = (to.height * from.width) / (from.height * to.width);
  const along = (start: number, size: number, share: number) => {
    const touchesStart = start < 0.02;
    const touchesEnd = start + size > 0.98;
    if (touchesStart && touchesEnd) return { start, size };
    const kept = Math.min(1, size * Math.min(1, share));
    if (touchesStart) return { start, size: kept };
    if (touchesEnd) return { start: start + size - kept, size: kept };
    return { start: start + size / 2 - kept / 2, size: kept };
  };
  const h = along(box.x, box.width, taller);
  const v = along(box.y, box.height, wider);
  return fitInside({ x: h.start, y: v.start, width: h.size, height: v.size });
}

/** Share of the smaller box that the two have in common, 0 to 1. */
export function overlapOf(a: UnitBox, b: UnitBox): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / Math.min(a.width * a.height, b.width * b.height);
}

export function contains({ x, y, width, height }: UnitBox, point: { x: number; y: number }): boolean {
  return point.x >= x && point.x <= x + width && point.y >= y && point.y <= y + height;
}

/** Where a box is and how large, as one would say it: "left third, 32 by 50 percent". */
export function describeBox(box: UnitBox): string {
  const percent = (value: number) => Math.round(value * 100);
  return `${describePlace(box)}, ${percent(box.width)} by ${percent(box.height)} percent`;
}

function describePlace(box: UnitBox): string {
  if (box.width > 0.95 && box.height > 0.95) return "the whole picture";
  const third = (middle: number) => (middle < 0.4 ? 0 : middle > 0.6 ? 2 : 1);
  const column = ["left", "center", "right"][third(box.x + box.width / 2)]!;
  const row = ["top", "middle", "bottom"][third(box.y + box.height / 2)]!;
  if (box.width > 0.95) return `${row}, full width`;
  if (box.height > 0.95) return `${column}, full height`;
  if (row === "middle") return column === "center" ? "center" : `${column} third`;
  return column === "center" ? `${row} third` : `${row} ${column}`;
}
