/** Where cells of a grid are: how large on the screen, and which one a key goes to. */
import type { CellPlace } from "@api/grids.ts";
import { fitInto } from "./looking.svelte.ts";

interface Size {
  width: number;
  height: number;
}
interface Counts {
  rows: number;
  columns: number;
}

/** What the words of rows and columns, margins and gaps take, in pixels: as GridView.svelte has them. */
const FRONT = 100;
const HEAD = 46;
const MARGIN = 24;
const GAP = 8;
/** The least side of a cell that something can be seen in, and the largest that is of use. */
const LEAST = 120;
const MOST = 640;

/** A cell's room: all of the grid is seen where that leaves enough for each, else it is scrolled. */
export function cellSize(room: Size, { rows, columns }: Counts, hasFront: boolean, picture: Size): Size {
  const width = (room.width - MARGIN - (hasFront ? FRONT : 0) - GAP * (columns - 1)) / Math.max(1, columns);
  const height = (room.height - HEAD - MARGIN / 2 - GAP * (rows - 1)) / Math.max(1, rows);
  const { width: fitted, height: high } = fitInto({ width: Math.max(1, width), height: Math.max(1, height) }, picture);
  const scale = Math.min(MOST / Math.max(fitted, high), Math.max(1, LEAST / Math.max(1, Math.min(fitted, high))));
  return { width: Math.floor(fitted * scale), height: Math.floor(high * scale) };
}

/** Where a key goes from a cell; undefined for other keys. With `far` to the first or last of all. */
export function placeAfter(
  key: string,
  { row, column }: CellPlace,
  { rows, columns }: Counts,
  far = false,
): CellPlace | undefined {
  const at = (r: number, c: number) => ({
    row: Math.min(rows - 1, Math.max(0, r)),
    column: Math.min(columns - 1, Math.max(0, c)),
  });
  switch (key) {
    case "ArrowLeft":
      return far ? undefined : at(row, column - 1);
    case "ArrowRight":
      return far ? undefined : at(row, column + 1);
    case "ArrowUp":
      return far ? undefined : at(row - 1, column);
    case "ArrowDown":
      return far ? undefined : at(row + 1, column);
    case "Home":
      return far ? at(0, 0) : at(row, 0);
    case "End":
      return far ? at(rows - 1, columns - 1) : at(row, columns - 1);
    default:
      return undefined;
  }
}
