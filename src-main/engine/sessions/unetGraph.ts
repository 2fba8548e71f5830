/**
 * The program of one denoising step of one half of the guidance pair: noise prediction and attention, and what a method of layout
 * control has in it: changes of the attention, a loss over it, and the gradient of that loss with respect to the latent, which is gated. Where the method
 * wants the gradient by itself, so is the prediction: such a run goes no further up the network than the loss.
 */
import type { UnetConfig } from "../../checkpoint/unetConfig.ts";
import type { LowRanks } from "../../checkpoint/lora/fit.ts";
import type { Weights } from "../../checkpoint/weights.ts";
import { meanMaps } from "../../guidance/attentionLoss.ts";
import { columnMaskHook } from "../../guidance/columnMask.ts";
import type { Grid } from "../../guidance/masks.ts";
import { gridKey, lossGrid } from "../../guidance/masks.ts";
import type { AttentionProgram } from "../../guidance/method.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { GradientOptions } from "../../graph/gradient/rule.ts";
import { gradient } from "../../graph/gradient/gradient.ts";
import type { DType, Graph, Value } from "../../graph/graph.ts";
import type { Gate } from "../../graph/onnx/onnx.ts";
import { Adapters } from "../../model/adapters.ts";
import { Module } from "../../model/layers.ts";
import { deepShape, unet, type AttentionLayer, type ScoreHook } from "../../model/unet.ts";

/** In float16 the small cotangents of attention would vanish: they are computed this many times as large. */
const HALF_GRADIENT_SCALE = 256;

/** Names of the boolean inputs that turn the gradient on, and the prediction where it has a gate. */
export const GRADIENT_GATE = "want_gradient";
export const PREDICTION_GATE = "want_prediction";

/** What is asked of the network besides its size. */
export interface UnetForm {
  /** Columns of text. */
  columns: number;
  /** Whether columns are attended in some places only. */
  masked: boolean;
  program: AttentionProgram;
  /** Of the finest self-attention, each way. */
  tiles?: number;
  /**
   * `kept`: a run also gives what its outermost layers would take (the output `deep`). `taken`: the program of these layers, which has
   * that as an input; no attention is read in it, so there are neither maps nor loss.
   */
  deep?: "kept" | "taken";
}

export interface UnetGraph {
  graph: Graph;
  /** Cells of the latent. */
  latent: Grid;
  /** Columns of text. */
  columns: number;
  /** Grid of the `maps` output. */
  target: Grid;
  /** Distinct grids of the cross-attention layers. */
  layers: Grid[];
  /** Every layer of cross-attention, in forward order. */
  attention: readonly AttentionLayer[];
  /** Attention maps per token: heads times layers. */
  maps: number;
  /** Whether there is a loss, and with it a gradient. */
  hasLoss: boolean;
  /** What is computed only in runs that ask for it. */
  gates: readonly Gate[];
  /** Names of the method's own outputs. */
  told: readonly string[];
  /** Which of the LoRAs, by their places, change convolutions. */
  kernels: ReadonlySet<number>;
  /** Of how many pictures both halves can be had in one run (pairs.ts), from few to many; then its inputs are of that many rows. */
  pairs: readonly number[];
}

/**
 * Inputs: latent [1, c, h, w], time [1, n], context [columns, d], with Stable Diffusion XL addition [1, a], with latent consistency models guidance [1, w], the method's own, and with `masked` per layer grid mask [pixels, columns]
 * (columnMaskHook). Outputs: prediction, maps [cells, columns], where the method has a loss also loss [1], gradient (of the latent's shape) and its own.
 * With LoRAs also lora_strengths, one for each. `dtype` is the number type of the network; latents, maps, loss and gradient are always float32.
 */
export function unetGraph(
  config: UnetConfig,
  weights: Weights,
  latent: Grid,
  { columns, masked, program, tiles = 1, deep }: UnetForm,
  dtype: DType,
  options: GradientOptions,
  loras: readonly LowRanks[] = [],
): UnetGraph {
  const g = new GraphBuilder();
  const x = g.input("latent", "float32", [1, config.inChannels, latent.height, latent.width]);
  const time = g.input("time", "float32", [1, config.blockOutChannels[0]!]);
  const context = g.input("context", "float32", [columns, config.contextWidth]);
  const target = lossGrid(latent);
  const parts = program.build(g, { latent, target, columns });
  const { addition, guidanceWidth } = config;
  const inputs = {
    latent: g.cast(x, dtype),
    time: g.cast(time, dtype),
    context: g.cast(context, dtype),
    ...(addition ? { addition: g.cast(g.input("addition", "float32", [1, addition.width]), dtype) } : {}),
    ...(guidanceWidth ? { guidance: g.cast(g.input("guidance", "float32", [1, guidanceWidth]), dtype) } : {}),
    ...(deep === "taken" ? { deep: g.cast(g.input("deep", "float32", deepShape(config, latent)), dtype) } : {}),
  };
  const mask = columnMaskHook(g);
  const scores: ScoreHook = (own, layer) => {
    const changed = parts.scores?.(own, layer) ?? own;
    return masked ? mask(changed, layer) : changed;
  };
  const adapters = new Adapters(g, loras);
  const { probabilities, readsBare, readsSelf, selfScores } = parts;
  const bareScores: ScoreHook = (own, layer) => (masked ? mask(own, layer) : own);
  const hooks = { scores, ...(probabilities ? { probabilities } : {}), ...(readsBare ? { bareScores } : {}), ...(readsSelf ? { readsSelf } : {}), ...(selfScores ? { selfScores } : {}), tiles }; // prettier-ignore
  const { prediction, taps, selfTaps, ...run } = unet(new Module(g, weights, dtype, adapters), config, inputs, hooks);

  const outputs: Record<string, Value> = {
    prediction: g.cast(prediction, "float32"),
    ...(deep === "taken" ? {} : { maps: meanMaps(g, taps, target) }),
    ...(deep === "kept" ? { deep: g.cast(run.deep, "float32") } : {}),
  };
  const lost = deep === "taken" ? undefined : parts.loss?.(taps, selfTaps);
  if (lost) {
    const scale = dtype === "float16" ? HALF_GRADIENT_SCALE : 1;
    const scaled = gradient(g, [[lost.loss, g.constant(scale, "float32", [1])]], x, options);
    const guide = scale === 1 ? scaled : g.mul(scaled, 1 / scale);
    Object.assign(outputs, { loss: lost.loss, gradient: guide }, lost.outputs);
  }
  const graph = g.finish(outputs);
  const layers = [...new Map(taps.map((t) => [gridKey(t), { height: t.height, width: t.width }])).values()];
  return {
    graph,
    latent,
    columns,
    target,
    layers,
    attention: taps.map(({ name, heads, height, width }) => ({ name, heads, height, width })),
    maps: taps.reduce((n, t) => n + t.heads, 0),
    hasLoss: lost !== undefined,
    gates: [
      ...(program.isAlone && deep !== "taken"
        ? [{ input: PREDICTION_GATE, outputs: ["prediction", "maps", ...(deep === "kept" ? ["deep"] : [])] }]
        : []),
      ...(lost ? [{ input: GRADIENT_GATE, outputs: ["gradient"] }] : []),
    ],
    told: Object.keys(lost?.outputs ?? {}),
    kernels: adapters.kernels,
    pairs: [],
  };
}
