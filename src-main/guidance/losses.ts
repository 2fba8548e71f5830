/**
 * Losses that loss guidance can follow instead of its authors' (attentionLoss.ts), in the graph language. Each is a number per token of its
 * mean attention A on the loss grid (over heads and layers; for one of them refined by self-attention) and the mask m of its boxes; a loss of
 * the whole is their weighted sum.
 */
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/graph.ts";
import type { AttentionLayer, AttentionTap } from "../model/unet.ts";
import type { LossName } from "../scene/losses.ts";
import { meanMaps, resizeMaps } from "./attentionLoss.ts";
import type { Grid } from "./masks.ts";
import { nearestLayers } from "./watching.ts";

/** A loss of the graph's own; `authors` and `area` are one program, fed with other contrasts, and `down` is that of fewer layers. */
export type GraphLoss = Exclude<LossName, "authors" | "area" | "down">;

/** BoxDiff's share of the cells, inside and outside, that count. */
const STRONGEST = 0.2;
/** Halvings of the interval that a threshold is found in: as exact as float32. */
const HALVINGS = 24;
/** Below any attention that matters, and no division by 0. */
const TINY = 1e-8;
/**
 * So that the same eta pulls about as hard with any of them: a box of half the picture is pulled by `area` as by the authors' loss, and the
 * others to the same length of the gradient within a factor of two (demo model, two things, steps 10 and 20 of 50).
 */
export const SCALES: Record<GraphLoss, number> = { boxes: 0.25, log: 1 / 16, entropy: 1 / 16, refined: 1 };

/** `maskName` is an input [cells, tokens] of zeros and ones, ones where a token's boxes are. Weights [tokens] are times 256 / cells. One number, [1]. */
export function regionLoss(
  g: GraphBuilder,
  { taps, selfTaps }: { taps: readonly AttentionTap[]; selfTaps: readonly AttentionTap[] },
  target: Grid,
  tokenWeights: Value,
  kind: GraphLoss,
): Value {
  const maps = kind === "refined" ? refinedMaps(g, taps, selfTaps, target) : meanMaps(g, taps, target);
  const mask = g.input(REGION_MASK, "float32", maps.shape);
  const perToken = g.mul(LOSSES[kind](g, maps, mask), SCALES[kind] * target.height * target.width);
  return g.sum(g.mul(perToken, tokenWeights), [0]);
}

/** Name of the input of masks. */
export const REGION_MASK = "region_mask";

/**
 * Whether the refined loss may read a layer's self-attention: it has between half and twice the cells of the loss grid. Levels of the
 * network differ by a factor of four, so that one of them has.
 */
export function refines({ height, width }: AttentionLayer, target: Grid): boolean {
  const times = (height * width) / (target.height * target.width);
  return times >= 0.5 && times <= 2;
}

/**
 * A' = S A: what each cell attends to of the picture, S [cells, cells], the mean over heads and layers of the self-attention whose grid is
 * nearest to the loss grid (16 x 16 at 512 x 512), is how it shares in the words' attention elsewhere, after LoCo (Zhao et al. 2023), which
 * refines its maps so. Cells of one thing attend to each other: the map fills the thing, and pulling it pulls the whole thing. The
 * gradient goes through both. Without such layers maps stay as they are.
 */
function refinedMaps(
  g: GraphBuilder,
  taps: readonly AttentionTap[],
  selfTaps: readonly AttentionTap[],
  target: Grid,
): Value {
  const nearest = nearestLayers(selfTaps, target);
  const [grid] = nearest;
  if (!grid) return meanMaps(g, taps, target);
  const heads = nearest.reduce((n, tap) => n + tap.heads, 0);
  const sums = nearest.map((tap) => g.sum(g.cast(tap.probabilities, "float32"), [0], false));
  const self = g.mul(
    sums.reduce((all, one) => g.add(all, one)),
    1 / heads,
  );
  return resizeMaps(g, g.matmul(self, meanMaps(g, taps, grid)), grid, target);
}

/** Maps and mask, [cells, tokens], to a loss for every token, [tokens]. Tokens without a box weigh nothing, whatever finite number theirs is. */
const LOSSES: Record<GraphLoss, (g: GraphBuilder, maps: Value, mask: Value) => Value> = {
  /** BoxDiff's inner and outer terms: 1 - mean of the strongest fifth of the cells inside, plus that of those outside. */
  boxes: (g, maps, mask) => {
    const inside = meanOfStrongest(g, maps, mask);
    const outside = meanOfStrongest(g, maps, g.sub(1, mask));
    return g.add(g.sub(1, inside), outside);
  },
  /** -ln of the share of attention inside. */
  log: (g, maps, mask) => {
    const inside = g.add(g.sum(g.mul(maps, mask), [0], false), TINY);
    return g.log(g.div(g.add(g.sum(maps, [0], false), TINY), inside));
  },
  /** Cross-entropy of the map, scaled to sum to 1, with a map that is even inside and nothing outside. */
  entropy: (g, maps, mask) => {
    const all = g.add(g.sum(maps, [0], false), TINY);
    const bits = g.log(g.div(all, g.add(maps, TINY)));
    return g.div(
      g.sum(g.mul(bits, mask), [0], false),
      g.max(g.concat([g.sum(mask, [0]), ones(g, mask)], 0), [0], false),
    );
  },
  /** As published, mean outside less mean inside, of refined maps. */
  refined: (g, maps, mask) =>
    g.mul(g.sum(g.mul(maps, g.sub(1, g.mul(mask, 2))), [0], false), 1 / (maps.shape[0] as number)),
};

const ones = (g: GraphBuilder, like: Value) => g.constant(new Array<number>(like.shape[1]!).fill(1), "float32", [1, like.shape[1]!]); // prettier-ignore

/**
 * Mean of the strongest fifth (rounded down, one cell at least) of the cells that `where` [cells, tokens] has, for every token. Which ones
 * they are is found by halving an interval for the least of them: it carries no gradient. Where the strongest are all the same, all of them count.
 */
function meanOfStrongest(g: GraphBuilder, maps: Value, where: Value): Value {
  const values = g.mul(maps, where);
  const zero = g.constant(0);
  // 1 where x > 0, and flat.
  const isAbove = (x: Value) => g.where(g.equal(g.relu(x), zero), zero, g.constant(1));
  // A count is at most this where it is at most this rounded down.
  const wanted = g.add(g.relu(g.sub(g.mul(g.sum(where, [0]), STRONGEST), 1)), 1.001);
  let low = g.mul(g.max(values, [0]), 0);
  let high = g.max(values, [0]);
  for (let n = 0; n < HALVINGS; n++) {
    const middle = g.mul(g.add(low, high), 0.5);
    const count = g.sum(isAbove(g.sub(values, middle)), [0]);
    const isTooLow = isAbove(g.sub(count, wanted));
    const isFar = g.sub(1, isTooLow);
    low = g.add(g.mul(isTooLow, middle), g.mul(isFar, low));
    high = g.add(g.mul(isFar, middle), g.mul(isTooLow, high));
  }
  const above = isAbove(g.sub(values, high));
  const isNone = g.sub(1, isAbove(g.sum(above, [0])));
  const chosen = g.add(above, g.mul(isNone, isAbove(g.sub(values, low))));
  const count = g.add(g.sum(chosen, [0], false), TINY);
  return g.div(g.sum(g.mul(values, chosen), [0], false), count);
}
