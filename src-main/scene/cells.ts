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

/** The borders of what is set, as closed rings of corners in cells: around it clockwise, around holes the other way. */
export function ringsOfCells({ width, height, set }: Cells): Point[][] {
  const isSet = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && set[y * width + x] === 1;
  const across = width + 1;
  /** From a corner, where borders lead that have what is set on their right. */
  const next = new Map<number, number[]>();
  const lead = (x: number, y: number, toX: number, toY: number) => {
    const from = y * across + x;
    next.set(from, [...(next.get(from) ?? []), toY * across + toX]);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isSet(x, y)) continue;
      if (!isSet(x, y - 1)) lead(x, y, x + 1, y);
      if (!isSet(x + 1, y)) lead(x + 1, y, x + 1, y + 1);
      if (!isSet(x, y + 1)) lead(x + 1, y + 1, x, y + 1);
      if (!isSet(x - 1, y)) lead(x, y + 1, x, y);
    }
  }
  const rings: Point[][] = [];
  for (const start of next.keys()) {
    while ((next.get(start)?.length ?? 0) > 0) {
      const corners: Point[] = [];
      let at = start;
      let direction = 0;
      do {
        const ways = next.get(at)!;
        // Where four borders meet, the right turn: cells that touch by a corner are rings of their own.
        const right = Math.abs(direction) === 1 ? direction * across : -direction / across;
        const to = ways.includes(at + right) ? at + right : ways[0]!;
        ways.splice(ways.indexOf(to), 1);
        if (to - at !== direction) corners.push({ x: at % across, y: Math.floor(at / across) });
        direction = to - at;
        at = to;
      } while (at !== start);
      // The first corner is none where the last border goes on straight through it.
      if (corners.length > 2 && direction === directionOf(corners, across)) corners.shift();
      rings.push(corners);
    }
  }
  return rings;
}

/** The direction in which a ring begins. */
function directionOf([first, second]: readonly Point[], across: number): number {
  return first!.y === second!.y ? Math.sign(second!.x - first!.x) : Math.sign(second!.y - first!.y) * across;
}
