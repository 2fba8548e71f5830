/**
 * Painted cells: a rectangle of cells that are set or not, as runs in a text. `5 3 10` is five cells that are not set, three that are and
 * ten that are not, row by row from the top left; the first number alone may be 0. A picture of cells has one such text.
 */
import { MOST_CELLS_ACROSS } from "./limits.ts";

/** In cells, from the top left; in shapes.ts in fractions of a box. */
export interface Point {
  x: number;
  y: number;
}

export interface Cells {
  width: number;
  height: number;
  /** 1 where a cell is set, else 0; row-major from the top left. */
  set: Uint8Array<ArrayBuffer>;
}

/** The text of cells, which is theirs alone. */
export function encodeCells({ set }: Pick<Cells, "set">): string {
  const runs: number[] = [];
  let [value, run] = [0, 0];
  for (const cell of set) {
    const now = cell === 0 ? 0 : 1;
    if (now !== value) {
      runs.push(run);
      [value, run] = [now, 0];
    }
    run++;
  }
  runs.push(run);
  return runs.join(" ");
}

/** The cells of a text, or what is wrong with it. */
export function decodeCells(text: string, width: number, height: number): Cells | { problem: string } {
  const count = width * height;
  // No text of so many cells is longer: the shortest runs are one cell, and a space.
  if (text.length > 2 * count + 2) return { problem: `runs of more than ${width} × ${height} cells` };
  if (!/^(?:0|[1-9]\d*)(?: [1-9]\d*)*$/.test(text)) {
    return { problem: 'expected lengths of runs such as "5 3 10", the first of cells that are not painted' };
  }
  const runs = text.split(" ").map(Number);
  const sum = runs.reduce((total, run) => total + run, 0);
  if (sum !== count) return { problem: `the runs have ${sum} cells, and ${width} × ${height} are ${count}` };
  if (runs.length === 1) return { problem: "nothing is painted: at least one cell must be" };
  const set = new Uint8Array(count);
  let at = 0;
  runs.forEach((run, i) => {
    if (i % 2 === 1) set.fill(1, at, at + run);
    at += run;
  });
  return { width, height, set };
}

/** Whether a mask may be as many cells wide, or high. */
export const isCellCount = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_CELLS_ACROSS;

/** First and one past the last column and row in which anything is set. */
export function boundsOfCells({ width, height, set }: Cells): { x0: number; x1: number; y0: number; y1: number } {
  let [x0, x1, y0, y1] = [width, 0, height, 0];
  set.forEach((on, i) => {
    if (on === 0) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [x0, x1, y0, y1] = [Math.min(x0, x), Math.max(x1, x + 1), Math.min(y0, y), Math.max(y1, y + 1)];
  });
  return { x0, x1, y0, y1 };
}

export function croppedCells({ width, set }: Cells, { x0, x1, y0, y1 }: ReturnType<typeof boundsOfCells>): Cells {
  const cropped = new Uint8Array((x1 - x0) * (y1 - y0));
  for (let y = y0; y < y1; y++) cropped.set(set.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
  return { width: x1 - x0, height: y1 - y0, set: cropped };
}

/** East, south, west, north: each is the one before turned to the right. */
const WAYS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** The borders of what is set, as closed rings of corners in cells: around it clockwise, around holes the other way. */
export function ringsOfCells({ width, height, set }: Cells): Point[][] {
  const across = width + 1;
  /** Of each corner of the grid, a bit for each way in which a border leaves it that has what is set on its right. */
  const leaving = new Uint8Array(across * (height + 1));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (set[i] === 0) continue;
      const corner = y * across + x;
      if (y === 0 || set[i - width] === 0) leaving[corner]! |= 1;
      if (x === width - 1 || set[i + 1] === 0) leaving[corner + 1]! |= 2;
      if (y === height - 1 || set[i + width] === 0) leaving[corner + across + 1]! |= 4;
      if (x === 0 || set[i - 1] === 0) leaving[corner + across]! |= 8;
    }
  }
  const rings: Point[][] = [];
  // The first corner found of a ring is its uppermost left one: a border turns there.
  for (let start = 0; start < leaving.length; start++) {
    while (leaving[start] !== 0) rings.push(ringFrom(leaving, start, across));
  }
  return rings;
}

/** Follows a border round, and takes it away. */
function ringFrom(leaving: Uint8Array, start: number, across: number): Point[] {
  const corners: Point[] = [];
  let at = start;
  let way: number | undefined;
  do {
    const came: number = way ?? 0;
    // Where four borders meet, the right turn: cells that touch by a corner are rings of their own.
    const next: number = [1, 0, 3, 2].map((turn) => (came + turn) % 4).find((one) => (leaving[at]! >> one) & 1)!;
    leaving[at]! &= ~(1 << next);
    if (next !== way) corners.push({ x: at % across, y: Math.floor(at / across) });
    way = next;
    at += WAYS[next]![0] + WAYS[next]![1] * across;
  } while (at !== start);
  return corners;
}
