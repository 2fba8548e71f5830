/** Which pixels and which cells of a latent are drawn anew, and how new and old become one picture. */
import type { Pixels } from "../api/engine.ts";
import type { Grid } from "../guidance/masks.ts";
import { holds } from "../scene/shapes.ts";
import type { Redraw } from "../scene/scene.ts";

/** How new each pixel is, 0 to 1: 1 in the areas, falling to 0 over `feather` pixels around them. */
export function newness({ areas, feather }: Redraw, { width, height }: Grid): Float32Array {
  const inside = new Uint8Array(width * height);
  for (const area of areas) {
    const { box } = area;
    const [left, right] = [Math.floor(box.x * width), Math.min(width, Math.ceil((box.x + box.width) * width))];
    const [top, bottom] = [Math.floor(box.y * height), Math.min(height, Math.ceil((box.y + box.height) * height))];
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        if (holds(area, { x: (x + 0.5) / width, y: (y + 0.5) / height })) inside[y * width + x] = 1;
      }
    }
  }
  if (feather === 0) return Float32Array.from(inside);
  const squares = squaredDistances(inside, { width, height });
  return Float32Array.from(squares, (square) => (square > feather ** 2 ? 0 : 1 - Math.sqrt(square) / (feather + 1)));
}

/** Cells of a latent that are drawn anew: those that hold a pixel which is at least half new. */
export function newCells(alpha: Float32Array, { width, height }: Grid, cells: Grid): Float32Array {
  const [across, down] = [width / cells.width, height / cells.height];
  const out = new Float32Array(cells.width * cells.height);
  alpha.forEach((value, p) => {
    if (value < 0.5) return;
    const [x, y] = [p % width, Math.floor(p / width)];
    out[Math.floor(y / down) * cells.width + Math.floor(x / across)] = 1;
  });
  return out;
}

/** `fresh` laid over `old` by its newness. A pixel whose newness is 0 is the old one, bit by bit. */
export function pasted(fresh: Pixels, old: Pixels, alpha: Float32Array): Pixels {
  const data = old.data.slice();
  alpha.forEach((share, p) => {
    if (share === 0) return;
    for (let c = 4 * p; c < 4 * p + 4; c++) {
      data[c] = Math.round(share * fresh.data[c]! + (1 - share) * old.data[c]!);
    }
  });
  return { width: old.width, height: old.height, data };
}

/** Numbers [channels, cells] of `fresh` where the mask is 1, of `old` where it is 0. */
export function blended(fresh: Float32Array, old: Float32Array, mask: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(fresh, (value, i) => (mask[i % mask.length]! > 0 ? value : old[i]!));
}

/** Squared distance of each pixel from the nearest that is set (Felzenszwalb & Huttenlocher 2012): along columns, then rows. */
function squaredDistances(set: Uint8Array, { width, height }: Grid): Float64Array {
  const far = (width + height) ** 2;
  const out = Float64Array.from(set, (on) => (on ? 0 : far));
  for (let x = 0; x < width; x++) lowerEnvelope(out, x, width, height);
  for (let y = 0; y < height; y++) lowerEnvelope(out, y * width, 1, width);
  return out;
}

/** The lowest, at each place of a line, of the parabolas that stand on all its places; in place. */
function lowerEnvelope(values: Float64Array, first: number, stride: number, count: number): void {
  const line = Float64Array.from({ length: count }, (_, i) => values[first + i * stride]!);
  const feet = new Int32Array(count);
  const starts = new Float64Array(count + 1);
  let last = 0;
  [starts[0], starts[1]] = [-Infinity, Infinity];
  const crossing = (a: number, b: number) => (line[b]! + b * b - (line[a]! + a * a)) / (2 * (b - a));
  for (let q = 1; q < count; q++) {
    while (crossing(feet[last]!, q) <= starts[last]!) last--;
    starts[last + 1] = crossing(feet[last]!, q);
    feet[++last] = q;
    starts[last + 1] = Infinity;
  }
  for (let q = 0, k = 0; q < count; q++) {
    while (starts[k + 1]! < q) k++;
    values[first + q * stride] = (q - feet[k]!) ** 2 + line[feet[k]!]!;
  }
}
