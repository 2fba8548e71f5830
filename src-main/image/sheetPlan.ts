/** What is asked of a sheet, and what follows from it before anything is drawn. */
import type { Pixels } from "../api/engine.ts";
import type { UnitBox } from "../scene/scene.ts";
import type { RegionShape } from "../scene/shapes.ts";

export interface SheetBox {
  box: UnitBox;
  /** What of the box is meant, where it is not all. */
  shape?: RegionShape;
  /** The words that belong in it. */
  label: string;
  /** Place in the editor's colours; by default the box's place in the list. */
  color?: number;
}

export interface SheetPicture {
  width: number;
  height: number;
  /** Read when it is drawn: not all pictures of a sheet fit in memory at once. */
  pixels: () => Pixels;
  /** Lines beneath the picture; the first is set stronger. */
  caption: readonly string[];
  boxes: readonly SheetBox[];
}

/** Pictures in rows and columns that each say what is theirs. */
export interface GridPlan {
  /** Words in front of each row; empty for none. */
  rows: readonly string[];
  /** Words above each column. */
  columns: readonly string[];
  /** Of each picture, its cell, counted row by row. */
  places: readonly number[];
}

export interface SheetOptions {
  /** Stands above all pictures, whole. */
  title?: string;
  /** Stands at the end of each page. */
  footer?: string;
  /** Pictures in a row; by default as `columnsFor` says. */
  columns?: number;
  /** Side of the square that each picture is fitted in, in pixels; by default as `cellFor` says. */
  cell?: number;
  /** Draw the boxes on the pictures. */
  boxes?: boolean;
  /** The words of the boxes with their colours: beneath each picture, or once above all where all have the same. */
  words?: "each" | "above" | "none";
  /** `sheet`: as high as what is on it, up to twice the width or 4800 pixels. `paper`: the proportions of A4. `scroll`: one page, whatever its height. */
  page?: "sheet" | "paper" | "scroll";
  /** A grid, on one page: in place of `columns` and `page`. */
  grid?: GridPlan;
}

export function columnsFor(pictures: number): number {
  return pictures <= 3 ? pictures : pictures <= 4 ? 2 : pictures <= 9 ? 3 : pictures <= 24 ? 4 : pictures <= 60 ? 5 : 6;
}

/** About 2400 pixels across: what a large screen shows, and 290 to the inch on A4. */
export function cellFor(columns: number): number {
  return Math.min(768, Math.max(240, Math.round(2160 / columns)));
}

/** Pixels that all cells together may have on a side: within what can be drawn at once. */
const LARGEST = 6_000;
/** Side of the square that each picture of a grid is fitted in. */
export function gridCell(rows: number, columns: number): number {
  const most = Math.min(768, Math.round(2_160 / Math.max(2, columns)));
  return Math.max(96, Math.min(Math.max(160, most), Math.floor(LARGEST / Math.max(rows, columns))));
}
