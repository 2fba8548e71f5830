/**
 * The autoencoder on large pictures, piece by piece: tiles of one size that overlap, and fade into one another where they do. A tile
 * normalises and attends within itself, so its colours differ a little from the whole's; the overlap hides where.
 */
import type { Grid } from "../guidance/masks.ts";

/** Cells a side that a tile has, at most, besides its overlap: what Stable Diffusion 1 was trained on. */
const SIDE = 64;
/** Cells that neighbours share: 128 pixels of Stable Diffusion's. */
export const OVERLAP = 16;

/** Tiles of a grid in cells: their size, and their top left corners. One that is no larger than a tile is one. */
export function tilesOf(size: Grid): { tile: Grid; places: { y: number; x: number }[] } {
  const along = (whole: number) => {
    const count = Math.ceil(whole / SIDE);
    const side = count === 1 ? whole : Math.ceil((whole + (count - 1) * OVERLAP) / count);
    const starts = Array.from({ length: count }, (_, i) => Math.round((i * (whole - side)) / Math.max(1, count - 1)));
    return { side, starts };
  };
  const [rows, columns] = [along(size.height), along(size.width)];
  return {
    tile: { height: rows.side, width: columns.side },
    places: rows.starts.flatMap((y) => columns.starts.map((x) => ({ y, x }))),
  };
}

/** Pixels a side of a cell, in what is read and in what is made. */
export interface Units {
  from: number;
  to: number;
}

/**
 * What `run` makes of planes [channels, height * from, width * from], tile by tile: [channels, height * to, width * to], the mean of the
 * tiles that hold a pixel, each counting less towards its edge.
 */
export async function inTiles(
  planes: Float32Array,
  size: Grid,
  { from, to }: Units,
  run: (tile: Float32Array, cells: Grid) => Promise<Float32Array>,
): Promise<Float32Array<ArrayBuffer>> {
  const { tile, places } = tilesOf(size);
  const [width, height] = [size.width * to, size.height * to];
  const weights = new Float32Array(width * height);
  let sum: Float32Array<ArrayBuffer> | undefined;
  for (const { y, x } of places) {
    const made = await run(cut(planes, scaled(size, from), scaled(tile, from), { y: y * from, x: x * from }), tile);
    const own = scaled(tile, to);
    const channels = made.length / (own.width * own.height);
    sum ??= new Float32Array(channels * width * height);
    const [rows, columns] = [
      fading(own.height, y > 0, y + tile.height < size.height, to),
      fading(own.width, x > 0, x + tile.width < size.width, to),
    ];
    for (let v = 0; v < own.height; v++) {
      for (let u = 0; u < own.width; u++) {
        const weight = rows[v]! * columns[u]!;
        const at = (y * to + v) * width + x * to + u;
        weights[at]! += weight;
        for (let c = 0; c < channels; c++) {
          sum[c * width * height + at]! += weight * made[(c * own.height + v) * own.width + u]!;
        }
      }
    }
  }
  return sum!.map((value, i) => value / weights[i % weights.length]!);
}

const scaled = ({ height, width }: Grid, by: number): Grid => ({ height: height * by, width: width * by });

/** Weights along a side, which fade where a neighbour overlaps. */
function fading(length: number, before: boolean, behind: boolean, unit: number): number[] {
  const ramp = OVERLAP * unit;
  return Array.from({ length }, (_, i) => {
    const start = before ? Math.min(1, (i + 0.5) / ramp) : 1;
    return Math.min(start, behind ? Math.min(1, (length - i - 0.5) / ramp) : 1);
  });
}

function cut(planes: Float32Array, size: Grid, tile: Grid, { y, x }: { y: number; x: number }): Float32Array {
  const channels = planes.length / (size.width * size.height);
  const out = new Float32Array(channels * tile.width * tile.height);
  for (let c = 0; c < channels; c++) {
    for (let v = 0; v < tile.height; v++) {
      const from = (c * size.height + y + v) * size.width + x;
      out.set(planes.subarray(from, from + tile.width), (c * tile.height + v) * tile.width);
    }
  }
  return out;
}
