/**
 * The published loss (Patel & Serkh 2024, as in the authors' code) in plain float64: every map of a token is stored,
 * resized, weighted by the softmax of the means, and compared with the mask.
 */
import type { Grid } from "../../src-main/guidance/masks.ts";
import { indices } from "./interpreter.ts";

/** Probabilities of one layer, [heads, pixels, tokens]. */
export interface LayerMaps extends Grid {
  heads: number;
  data: Float64Array;
}

/** Half-pixel centres, edges clamped, no antialiasing: the value at a place between two cells is on the line. */
export function bilinear(map: ArrayLike<number>, from: Grid, to: Grid): number[] {
  const place = (k: number, n: number, m: number) => Math.min(Math.max(((k + 0.5) * n) / m - 0.5, 0), n - 1);
  return indices([to.height, to.width]).map((index) => {
    const y = place(index[0]!, from.height, to.height);
    const x = place(index[1]!, from.width, to.width);
    let sum = 0;
    for (const [row, wy] of [
      [Math.floor(y), 1 - (y % 1)],
      [Math.ceil(y), y % 1],
    ] as const) {
      for (const [column, wx] of [
        [Math.floor(x), 1 - (x % 1)],
        [Math.ceil(x), x % 1],
      ] as const) {
        sum += wy * wx * map[row * from.width + column]!;
      }
    }
    return sum;
  });
}

/** The column of `token` in head `h`. */
function column({ height, width, data }: LayerMaps, tokens: number, h: number, token: number): number[] {
  const pixels = height * width;
  return Array.from({ length: pixels }, (_, p) => data[(h * pixels + p) * tokens + token]!);
}

/** The K maps of `token` on the loss grid: every head of every layer. */
export function mapsOf(layers: readonly LayerMaps[], tokens: number, target: Grid, token: number): number[][] {
  return layers.flatMap((layer) =>
    Array.from({ length: layer.heads }, (_, h) => bilinear(column(layer, tokens, h, token), layer, target)),
  );
}

export interface TokenLoss {
  loss: number;
  /** w_k; they sum to 1. */
  weights: number[];
  /** d loss / d A_k on the loss grid: w_k c(p) + w_k (L_k - loss) / cells, with c = 1 - 2 mask. */
  cotangents: number[][];
}

/** loss = sum over k of w_k L_k, L_k = sum over p of (1 - 2 mask(p)) A_k(p), w = softmax of the means over p. */
export function tokenLoss(maps: readonly number[][], mask: ArrayLike<number>): TokenLoss {
  const c = Array.from(mask, (m) => 1 - 2 * m);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const e = maps.map((map) => Math.exp(sum(map) / map.length));
  const weights = e.map((v) => v / sum(e));
  const losses = maps.map((map) => sum(map.map((a, p) => c[p]! * a)));
  const loss = sum(losses.map((l, k) => weights[k]! * l));
  const cotangents = weights.map((w, k) => c.map((cp) => w * cp + (w * (losses[k]! - loss)) / c.length));
  return { loss, weights, cotangents };
}
