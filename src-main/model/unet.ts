/**
 * The noise predictor: diffusers' UNet2DConditionModel, for one picture at a time. Its cross-attention is spelled out
 * so that layout control can read and move the probabilities; the rest uses the fused operator.
 */
import type { UnetConfig } from "../checkpoint/unetConfig.ts";
import type { DType, Value } from "../graph/graph.ts";
import type { Module } from "./layers.ts";
import {
  conv2d,
  flatten,
  groupNorm,
  layerNorm,
  linear,
  linearOfColumns,
  linearRows,
  linearToColumns,
  residualBlock,
  silu,
} from "./layers.ts";

export interface AttentionLayer {
  /** Module path in the checkpoint, such as `up_blocks.1.attentions.0`. */
  name: string;
  heads: number;
  /** Size of the layer's grid of pixels. */
  height: number;
  width: number;
}

/** One attention layer: where its probabilities can be read. */
export interface AttentionTap extends AttentionLayer {
  /** [heads, height * width, tokens], in self-attention pixels for tokens; each row sums to 1. */
  probabilities: Value;
  /** What they were without `scores`, where `bareScores` is there. */
  bare?: Value;
}

export interface UnetInputs {
  /** Scaled latent, [1, channels, height, width]. */
  latent: Value;
  /** Sinusoidal features of the timestep, [1, blockOutChannels[0]] (timestepFeatures). */
  time: Value;
  /** Text states, [tokens, contextWidth]. */
  context: Value;
  /** Stable Diffusion XL: pooled text and features of the sizes (additionFeatures), [1, config.addition.width]. */
  addition?: Value;
  /** Latent consistency models: features of the guidance scale (guidanceFeatures), [1, config.guidanceWidth]. */
  guidance?: Value;
  /** What an earlier run had as `deep`: only the layers around it are run then (DeepCache, Ma et al. 2024, the outermost branch). */
  deep?: Value;
}

/** Changes a layer's scaled scores, or its probabilities after the softmax, [heads, pixels, tokens]. */
export type ScoreHook = (scores: Value, layer: { height: number; width: number }) => Value;

/** What is changed in every layer of cross-attention, and which layers' self-attention can be read. */
export interface AttentionHooks {
  scores?: ScoreHook;
  probabilities?: ScoreHook;
  /** Makes the scores that `bare` of each layer is read from; they are in nothing that the network goes on with. */
  bareScores?: ScoreHook;
  readsSelf?: (layer: AttentionLayer) => boolean;
  selfScores?: ScoreHook;
  /** Self-attention of the finest grid stays within n x n tiles, where its sides can be divided so (HyperTile). */
  tiles?: number;
}

/** Shape of `deep`: what enters the last layer beside the very first one's output. */
export function deepShape({ blockOutChannels, layersPerBlock }: UnetConfig, latent: { height: number; width: number }) {
  // Where a level has no layers but the last, it is the level below that enters.
  const channels = blockOutChannels[layersPerBlock[0]! > 0 ? 0 : 1] ?? blockOutChannels[0]!;
  return [1, channels, latent.height, latent.width] as const;
}

/**
 * Noise (or velocity) prediction, of the latent's shape, every cross-attention layer in forward order, and `deep`: what all but the
 * outermost layers have made of the latent, which changes little from step to step.
 */
export function unet(
  m: Module,
  config: UnetConfig,
  inputs: UnetInputs,
  hooks: AttentionHooks = {},
): { prediction: Value; taps: AttentionTap[]; selfTaps: AttentionTap[]; deep: Value } {
  const { g } = m;
  const channels = config.blockOutChannels;
  const norm = { groups: config.normGroups, epsilon: config.normEps };
  const [taps, selfTaps]: [AttentionTap[], AttentionTap[]] = [[], []];

  const time = m.at("time_embedding");
  const told = inputs.guidance
    ? g.add(inputs.time, linear(time.at("cond_proj"), inputs.guidance, channels[0]!))
    : inputs.time;
  const embedding = linear(
    time.at("linear_2"),
    silu(m, linear(time.at("linear_1"), told, channels[0]! * 4)),
    channels[0]! * 4,
  );
  const timed = silu(m, inputs.addition ? g.add(embedding, addition(m, inputs.addition, channels[0]! * 4)) : embedding); // [1, 4 * channels]

  const resnet = (block: Module, j: number, x: Value, out: number) =>
    residualBlock(block.at(`resnets.${j}`), x, out, norm, timed);
  const finest = channels.findIndex((_, level) => config.downAttention[level]);
  const attend = (block: Module, j: number, x: Value, level: number) => {
    const shape = { heads: config.heads[level]!, depth: config.transformerDepth[level]!, tiles: level === finest ? (hooks.tiles ?? 1) : 1 }; // prettier-ignore
    return transformer(block.at(`attentions.${j}`), config, shape, x, inputs.context, hooks, taps, selfTaps);
  };

  const first = conv2d(m.at("conv_in"), inputs.latent, channels[0]!);
  const deepest = channels.length - 1;
  const deepOf = () => {
    let h = first;
    const skips = [h];
    channels.forEach((out, level) => {
      const block = m.at(`down_blocks.${level}`);
      for (let j = 0; j < config.layersPerBlock[level]!; j++) {
        h = resnet(block, j, h, out);
        if (config.downAttention[level]) h = attend(block, j, h, level);
        skips.push(h);
      }
      if (level < deepest) {
        h = conv2d(block.at("downsamplers.0.conv"), h, out, { stride: 2 });
        skips.push(h);
      }
    });

    const mid = m.at("mid_block");
    h = resnet(mid, 0, h, channels[deepest]!);
    if (config.midAttention) h = attend(mid, 0, h, deepest);
    h = resnet(mid, 1, h, channels[deepest]!);

    channels.toReversed().forEach((out, i) => {
      const level = deepest - i;
      const block = m.at(`up_blocks.${i}`);
      for (let j = 0; j <= config.layersPerBlock[level]! && skips.length > 1; j++) {
        h = resnet(block, j, g.concat([h, skips.pop()!], 1), out);
        if (config.upAttention[i]) h = attend(block, j, h, level);
      }
      if (level > 0) {
        // Where a level's size was odd, the enlarged picture is one row or column too large for the skip.
        const [height, width] = skips.at(-1)!.shape.slice(2) as [number, number];
        const larger = g.slice(g.slice(g.upsample(h), 2, 0, height), 3, 0, width);
        h = conv2d(block.at("upsamplers.0.conv"), larger, out);
      }
    });
    return h;
  };
  const deep = inputs.deep ?? deepOf();
  const outermost = m.at(`up_blocks.${deepest}`);
  const j = config.layersPerBlock[0]!;
  let h = resnet(outermost, j, g.concat([deep, first], 1), channels[0]!);
  if (config.upAttention[deepest]) h = attend(outermost, j, h, 0);

  const last = silu(m, groupNorm(m.at("conv_norm_out"), h, norm.groups, norm.epsilon));
  return { prediction: conv2d(m.at("conv_out"), last, config.outChannels), taps, selfTaps, deep };
}

function addition(m: Module, inputs: Value, width: number): Value {
  const added = m.at("add_embedding");
  return linear(added.at("linear_2"), silu(m, linear(added.at("linear_1"), inputs, width)), width);
}

/** diffusers' Transformer2DModel: x [1, c, height, width] attends to itself and to the text. */
function transformer(
  m: Module,
  config: UnetConfig,
  { heads, depth, tiles }: { heads: number; depth: number; tiles: number },
  x: Value,
  context: Value,
  hooks: AttentionHooks,
  taps: AttentionTap[],
  selfTaps: AttentionTap[],
): Value {
  const { g } = m;
  const [, c, height, width] = x.shape as [number, number, number, number];
  let h = linearOfColumns(m.at("proj_in"), flatten(m, groupNorm(m.at("norm"), x, config.normGroups, 1e-6)), c); // [pixels, c]
  const precise = config.upcastAttention && m.dtype === "float16" ? "float32" : m.dtype;
  for (let n = 0; n < depth; n++) {
    const block = m.at(`transformer_blocks.${n}`);
    const layer = { name: m.weights.scope, heads, height, width };
    const own = layerNorm(block.at("norm1"), h);
    if (hooks.selfScores || hooks.readsSelf?.(layer)) {
      const read = crossAttention(block.at("attn1"), own, own, heads, precise, (scores) =>
        g.softmax(hooks.selfScores?.(scores, layer) ?? scores, 2),
      );
      selfTaps.push({ ...layer, probabilities: read.probabilities });
      h = g.add(h, read.output);
    } else {
      h = g.add(h, selfAttention(block.at("attn1"), own, layer, precise, tiles));
    }
    let bare: Value | undefined;
    const crossed = crossAttention(
      block.at("attn2"),
      layerNorm(block.at("norm2"), h),
      context,
      heads,
      precise,
      (scores) => {
        const probabilities = g.softmax(hooks.scores?.(scores, layer) ?? scores, 2);
        if (hooks.bareScores) bare = g.softmax(hooks.bareScores(scores, layer), 2);
        return hooks.probabilities?.(probabilities, layer) ?? probabilities;
      },
    );
    taps.push({ ...layer, probabilities: crossed.probabilities, ...(bare ? { bare } : {}) });
    h = g.add(h, crossed.output);
    h = g.add(h, feedForward(block.at("ff"), layerNorm(block.at("norm3"), h)));
  }
  return g.add(g.reshape(linearToColumns(m.at("proj_out"), h, c), x.shape), x);
}

/**
 * x [pixels, c] to [pixels, c]; scores and their softmax are computed in the type `precise`. With `tiles` > 1 pixels attend to those of
 * their own tile, of `tiles` each way, where the grid can be divided so.
 */
export function selfAttention(
  m: Module,
  x: Value,
  { heads, height, width }: AttentionLayer,
  precise: DType,
  tiles = 1,
): Value {
  const { g } = m;
  const [pixels, c] = x.shape as [number, number];
  const n = height % tiles === 0 && width % tiles === 0 ? tiles : 1;
  const [high, wide] = [height / n, width / n];
  const tiled = (y: Value) =>
    n === 1
      ? g.reshape(y, [1, pixels, c])
      : g.reshape(g.transpose(g.reshape(y, [n, high, n, wide, c]), [0, 2, 1, 3, 4]), [n * n, high * wide, c]);
  const joined = (y: Value) =>
    n === 1
      ? g.reshape(y, [pixels, c])
      : g.reshape(g.transpose(g.reshape(y, [n, n, high, wide, c]), [0, 2, 1, 3, 4]), [pixels, c]);
  const [q, k, v] = ["to_q", "to_k", "to_v"].map((name) => g.cast(tiled(linear(m.at(name), x, c)), precise));
  const mixed = g.cast(joined(g.attention(q!, k!, v!, heads)), m.dtype);
  return linear(m.at("to_out.0"), mixed, c);
}

/** x [pixels, c], context [tokens, contextWidth] to [pixels, c]; `toProbabilities` is the softmax, and what is changed before and after it. */
function crossAttention(
  m: Module,
  x: Value,
  context: Value,
  heads: number,
  precise: DType,
  toProbabilities: (scores: Value) => Value,
) {
  const { g } = m;
  const [pixels, c] = x.shape as [number, number];
  const tokens = context.shape[0]!;
  const width = c / heads;
  const q = g.transpose(g.reshape(linear(m.at("to_q"), x, c), [pixels, heads, width]), [1, 0, 2]);
  const k = g.transpose(g.reshape(linear(m.at("to_k"), context, c), [tokens, heads, width]), [1, 2, 0]);
  const v = g.transpose(g.reshape(linear(m.at("to_v"), context, c), [tokens, heads, width]), [1, 0, 2]);
  // Scaling the keys scales the scores; there are far fewer keys.
  const scores = g.matmul(g.cast(q, precise), g.mul(g.cast(k, precise), 1 / Math.sqrt(width))); // [heads, pixels, tokens]
  const probabilities = toProbabilities(scores);
  const mixed = g.matmul(g.cast(probabilities, m.dtype), v);
  const merged = g.reshape(g.transpose(mixed, [1, 0, 2]), [pixels, c]);
  return { output: linear(m.at("to_out.0"), merged, c), probabilities };
}

/** GEGLU: the first half of the projection times GELU of the second. The halves are two ranges of the same weights. */
function feedForward(m: Module, x: Value): Value {
  const { g } = m;
  const c = x.shape[1]!;
  const inner = 4 * c;
  const proj = m.at("net.0.proj");
  const half = (start: number) => linearRows(proj, x, 2 * inner, start, start + inner);
  return linear(m.at("net.2"), g.mul(half(0), g.gelu(half(inner))), c);
}
