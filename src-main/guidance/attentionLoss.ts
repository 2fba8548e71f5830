/**
 * Layout control in the graph language: injection into the scores of cross-attention, and the loss over its
 * probabilities whose gradient guides (Patel & Serkh 2024, arXiv 2405.14101, as in the authors' code).
 */
import type { GraphBuilder } from "../graph/builder.ts";
import type { DType, Value } from "../graph/graph.ts";
import type { AttentionTap, ScoreHook } from "../model/unet.ts";
import type { Grid } from "./masks.ts";
import { gridKey, resizeAdjoint, resizeWeights } from "./masks.ts";

/** Names of the graph's inputs for one layer grid, or for its key. */
export function layoutInputs(grid: Grid | string): { injection: string; contrast: string } {
  const key = typeof grid === "string" ? grid : gridKey(grid);
  return { injection: `injection.${key}`, contrast: `contrast.${key}` };
}

function once(g: GraphBuilder, known: Map<string, Value>, name: string, dtype: DType, shape: readonly number[]): Value {
  const value = known.get(name) ?? g.input(name, dtype, shape);
  known.set(name, value);
  return value;
}

/**
 * S' = S + E max(S): the scores [heads, pixels, tokens] rise by the step's strength in the boxes (E, [pixels, tokens]),
 * in proportion to the largest score of the token's own column over all heads and pixels. E is float32 whatever the
 * scores are.
 */
export function injectionHook(g: GraphBuilder): ScoreHook {
  const inputs = new Map<string, Value>();
  return (scores, layer) => {
    const [, pixels, tokens] = scores.shape as [number, number, number];
    const raise = once(g, inputs, layoutInputs(layer).injection, "float32", [pixels, tokens]);
    return g.add(scores, g.mul(g.cast(raise, scores.dtype), g.max(scores, [0, 1])));
  };
}

/**
 * With A_k the K maps of a token (every head of every layer, resized to the loss grid), s_k their means and
 * w = softmax(s) over k: loss = sum_k w_k sum_p (1 - 2 m(p)) A_k(p). Resizing is linear, so its adjoint is applied to
 * the mask beforehand (`contrast` inputs) and the probabilities are read where they are. One number, [1]: the sum over tokens of weight
 * times loss.
 */
export function layoutLoss(g: GraphBuilder, taps: readonly AttentionTap[], target: Grid, tokenWeights: Value): Value {
  const inputs = new Map<string, Value>();
  const dtype = tokenWeights.dtype;
  const uniform = new Float32Array(target.height * target.width).fill(1 / (target.height * target.width));
  const misses: Value[] = [];
  const means: Value[] = [];
  for (const tap of taps) {
    const probabilities = g.cast(tap.probabilities, dtype); // [heads, pixels, tokens]
    const [h, pixels, tokens] = probabilities.shape as [number, number, number];
    const contrast = once(g, inputs, layoutInputs(tap).contrast, dtype, [pixels, tokens]);
    misses.push(g.sum(g.mul(probabilities, contrast), [1], false)); // [heads, tokens]
    const mean = g.constant([...resizeAdjoint(uniform, target, tap)], dtype, [1, pixels]);
    means.push(g.reshape(g.matmul(mean, probabilities), [h, tokens]));
  }
  const weights = g.softmax(g.concat(means, 0), 0); // [K, tokens]
  const perToken = g.sum(g.mul(weights, g.concat(misses, 0)), [0], false); // [tokens]
  return g.sum(g.mul(perToken, tokenWeights), [0]); // [1]
}

/** Mean over all heads and layers of the probabilities on the loss grid, [cells, tokens], in float32. */
export function meanMaps(g: GraphBuilder, taps: readonly AttentionTap[], target: Grid): Value {
  let maps: Value | undefined;
  let heads = 0;
  for (const tap of taps) {
    const resized = resizeMaps(g, g.sum(g.cast(tap.probabilities, "float32"), [0], false), tap, target);
    maps = maps ? g.add(maps, resized) : resized;
    heads += tap.heads;
  }
  return g.mul(maps!, 1 / heads);
}

/** Bilinear resizing of a map [pixels, tokens] from `from` to `to`, one axis after the other. */
export function resizeMaps(g: GraphBuilder, map: Value, from: Grid, to: Grid): Value {
  const tokens = map.shape[1]!;
  const weights = (n: number, m: number) => g.constant(resizeWeights(n, m).flat(), map.dtype, [m, n]);
  const rows = g.matmul(weights(from.height, to.height), g.reshape(map, [from.height, from.width * tokens]));
  const both = g.matmul(weights(from.width, to.width), g.reshape(rows, [to.height, from.width, tokens]));
  return g.reshape(both, [to.height * to.width, tokens]);
}
