/**
 * How far a box is obeyed, read from the attention of its words while the picture is drawn. Measured on pictures whose things a judge can
 * find (docs/evaluation.md): the share of attention in the box, which was taken first, is high wherever guidance acts and tells seeds apart
 * badly; how far the attention's extent and the box coincide tells them apart well, and best where the extent has a clear edge.
 */
import { type Area, coverage, type Grid } from "./areas.ts";

/** Attention of a region: mean over its tokens of `maps` [cells, tokens], scaled to sum to 1. */
export function regionAttention(
  maps: Float32Array,
  tokens: number,
  positions: readonly number[],
): Float32Array<ArrayBuffer> {
  const cells = maps.length / tokens;
  const map = Float32Array.from({ length: cells }, (_, p) =>
    positions.reduce((sum, t) => sum + maps[p * tokens + t]!, 0),
  );
  const total = map.reduce((sum, v) => sum + v, 0);
  return total > 0 ? map.map((v) => v / total) : map;
}

/** Cells that say how strong a map is where it is strongest; one alone may be a spike. */
const TOP_CELLS = 3;

/** Shares of the peak below which a cell is not the thing's, and above which it is wholly so. */
const EDGE = { none: 0.25, whole: 0.75 } as const;

/**
 * An estimate of the intersection over union of a thing and its area, 0 to 1: of how far each cell of the map [cells] that a thing's words
 * attend to is the thing's, and the part of it that the area has, the sum of the smaller over the sum of the larger.
 */
export function obedience(attention: Float32Array, area: Area, grid: Grid): number {
  const covered = coverage(area, grid);
  const top = attention.toSorted().subarray(-TOP_CELLS);
  const peak = top.reduce((sum, value) => sum + value, 0) / top.length;
  if (!(peak > 0)) return 0;
  let [shared, either] = [0, 0];
  attention.forEach((value, p) => {
    const extent = Math.min(1, Math.max(0, (value / peak - EDGE.none) / (EDGE.whole - EDGE.none)));
    shared += Math.min(extent, covered[p]!);
    either += Math.max(extent, covered[p]!);
  });
  return shared / either;
}
