/** Masks that are painted: cells over the whole picture, strokes on them, and regions made of them and read into them. */
import { boundsOfCells, type Cells, croppedCells } from "@scene/cells.ts";
import { MOST_CELLS_ACROSS } from "@scene/limits.ts";
import { holds, paintedOf, type Painted, type Point, type Shaped } from "@scene/shapes.ts";
import { LEAST_SIDE, type Size } from "./geometry.ts";

/** How fine a picture of this size is painted: as many cells as a region may have along its longer side. */
export function gridOf({ width, height }: Size): Size {
  const scale = MOST_CELLS_ACROSS / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

export function emptyCells({ width, height }: Size): Cells {
  return { width, height, set: new Uint8Array(width * height) };
}

/** The cells whose middle a region holds; of one that falls between them, the cell that its own middle is in. */
export function cellsUnder(region: Shaped, grid: Size): Cells {
  const mask = emptyCells(grid);
  const { x, y, width, height } = region.box;
  const along = (start: number, side: number, count: number): [number, number] => [
    Math.max(0, Math.floor(start * count)),
    Math.min(count, Math.ceil((start + side) * count)),
  ];
  const [left, right] = along(x, width, grid.width);
  const [top, bottom] = along(y, height, grid.height);
  let any = false;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      if (!holds(region, { x: (column + 0.5) / grid.width, y: (row + 0.5) / grid.height })) continue;
      mask.set[row * grid.width + column] = 1;
      any = true;
    }
  }
  if (!any) {
    const column = Math.min(grid.width - 1, Math.floor((x + width / 2) * grid.width));
    const row = Math.min(grid.height - 1, Math.floor((y + height / 2) * grid.height));
    mask.set[row * grid.width + column] = 1;
  }
  return mask;
}

/**
 * Paints, or wipes with 0, along a line between two points of the picture with a round brush; its radius is in cells. The cell under
 * the brush's middle is always meant.
 */
export function paintLine(mask: Cells, from: Point, to: Point, radius: number, value: 0 | 1): void {
  const { width, height, set } = mask;
  const [ax, ay, bx, by] = [from.x * width, from.y * height, to.x * width, to.y * height];
  const reach = Math.max(radius, Math.SQRT1_2);
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const range = (a: number, b: number, count: number): [number, number] => [
    Math.max(0, Math.floor(Math.min(a, b) - reach)),
    Math.min(count - 1, Math.ceil(Math.max(a, b) + reach)),
  ];
  const [left, right] = range(ax, bx, width);
  const [top, bottom] = range(ay, by, height);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const [px, py] = [column + 0.5 - ax, row + 0.5 - ay];
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
      if (Math.hypot(px - along * dx, py - along * dy) <= reach) set[row * width + column] = value;
    }
  }
}

/** The region that is painted, in its tight box; undefined where nothing is. */
export function paintedRegion(cells: Cells): (Shaped & { shape: Painted }) | undefined {
  const { width, height } = cells;
  const tight = boundsOfCells(cells);
  if (tight.x1 <= tight.x0) return undefined;
  const [x0, x1] = roomy(tight.x0, tight.x1, width);
  const [y0, y1] = roomy(tight.y0, tight.y1, height);
  const box = { x: x0 / width, y: y0 / height, width: (x1 - x0) / width, height: (y1 - y0) / height };
  return { box, shape: paintedOf(croppedCells(cells, { x0, x1, y0, y1 }))! };
}

/** As many cells as the least box has, where what is painted is less: those about it stay empty. */
function roomy(from: number, to: number, all: number): [from: number, to: number] {
  const count = Math.min(all, Math.max(to - from, Math.ceil(LEAST_SIDE * all)));
  const start = Math.min(Math.max(0, from - Math.floor((count - to + from) / 2)), all - count);
  return [start, start + count];
}
