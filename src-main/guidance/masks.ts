/**
 * Regions as the network sees them: masks on the latent's grid, sampled down to each attention layer's grid as the
 * authors' code does (methods: `stride` rasteriser), and the bilinear resizing of attention maps with its adjoint.
 */
import { invariant } from "../wire/errors.ts";
import { type Area, type CellBox, cellKept, drawnIn, type Grid, type Mask } from "./areas.ts";

export type { Grid, Mask } from "./areas.ts";
export { coverage } from "./areas.ts";

export function gridKey(grid: Grid): string {
  return `${grid.height}x${grid.width}`;
}

/** First and one past the last latent cell of an interval of the picture, rounded as pixels are to cells; at least one. */
function cells(start: number, length: number, count: number): [number, number] {
  const first = Math.min(Math.round(start * count), count - 1);
  return [first, Math.max(first + 1, Math.min(Math.round((start + length) * count), count))];
}

/** The area in whole cells of the latent; at least one. */
export function latentMask(area: Area, latent: Grid): Mask {
  return drawnIn(area, latent, (box): CellBox => {
    const [x0, x1] = cells(box.x, box.width, latent.width);
    const [y0, y1] = cells(box.y, box.height, latent.height);
    return { x0, x1, y0, y1 };
  });
}

/**
 * Every n-th row and column of a latent mask, starting with the first, where the layer's grid is n times coarser. An area
 * that falls between the samples keeps one cell, or nothing would pull its phrase there: that of its centre, or nearest to it.
 */
export function layerMask(mask: Mask, latent: Grid, area: Area, layer: Grid): Mask {
  const out = new Float32Array(layer.height * layer.width);
  let any = false;
  for (let y = 0; y < layer.height; y++) {
    const row = Math.floor((y * latent.height) / layer.height) * latent.width;
    for (let x = 0; x < layer.width; x++) {
      const value = mask[row + Math.floor((x * latent.width) / layer.width)]!;
      out[y * layer.width + x] = value;
      any ||= value > 0;
    }
  }
  if (!any) out[cellKept(area, layer)] = 1;
  return out;
}

/**
 * Weights [to, from] of bilinear resizing along one axis: half-pixel centres, edges clamped, no antialiasing
 * (torch.nn.functional.interpolate, mode bilinear, align_corners false).
 */
export function resizeWeights(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, k) => {
    const row = new Array<number>(from).fill(0);
    const at = Math.max(0, ((k + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(at), from - 1);
    const high = Math.min(low + 1, from - 1);
    row[low]! += 1 - (at - low);
    row[high]! += at - low;
    return row;
  });
}

/** Adjoint of resizing a map from `layer` to `target`: carries a map on the target's grid back to the layer's. */
export function resizeAdjoint(map: ArrayLike<number>, target: Grid, layer: Grid): Mask {
  invariant(map.length === target.height * target.width, `map of ${map.length} cells on ${gridKey(target)}`);
  const [rows, columns] = [resizeWeights(layer.height, target.height), resizeWeights(layer.width, target.width)];
  const out = new Float32Array(layer.height * layer.width);
  rows.forEach((row, ty) => {
    row.forEach((wy, y) => {
      if (wy === 0) return;
      columns.forEach((column, tx) => {
        const value = wy * map[ty * target.width + tx]!;
        column.forEach((wx, x) => {
          if (wx !== 0) out[y * layer.width + x]! += wx * value;
        });
      });
    });
  });
  return out;
}

/**
 * The grid that attention is compared with masks on: a quarter of the latent's, the authors' 16 x 16 at 512 x 512, but
 * no less than 16 cells a side while the latent has them.
 */
export function lossGrid(latent: Grid): Grid {
  const side = (n: number) => Math.max(Math.round(n / 4), Math.min(16, n));
  return { height: side(latent.height), width: side(latent.width) };
}
