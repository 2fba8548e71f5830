/**
 * The program of one denoising step of one half of the guidance pair: noise prediction, attention, layout loss, and the
 * gradient of that loss with respect to the latent. Plain, injected and guided steps are this one program; the
 * gradient is gated and the injection is zero where they are not wanted.
 */
import type { UnetConfig } from "../../checkpoint/unetConfig.ts";
import type { LowRanks } from "../../checkpoint/lora/fit.ts";
import type { Weights } from "../../checkpoint/weights.ts";
import { injectionHook, layoutLoss } from "../../guidance/attentionLoss.ts";
import { columnMaskHook } from "../../guidance/columnMask.ts";
import type { Grid } from "../../guidance/masks.ts";
import { gridKey, lossGrid } from "../../guidance/masks.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { GradientOptions } from "../../graph/gradient/rule.ts";
import { gradient } from "../../graph/gradient/gradient.ts";
import type { DType, Graph } from "../../graph/graph.ts";
import { Adapters } from "../../model/adapters.ts";
import { Module } from "../../model/layers.ts";
import { unet, type ScoreHook } from "../../model/unet.ts";

/** In float16 the small cotangents of attention would vanish: they are computed this many times as large. */
const HALF_GRADIENT_SCALE = 256;

/** Name of the boolean input that turns the gradient on. */
export const GRADIENT_GATE = "want_gradient";

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
  /** Attention maps per token: heads times layers. */
  maps: number;
  /** Which of the LoRAs, by their places, change convolutions. */
  kernels: ReadonlySet<number>;
}

/**
 * Inputs: latent [1, c, h, w], time [1, n], context [columns, d], with Stable Diffusion XL addition [1, a], with latent consistency models guidance [1, w], token_weights [columns] and, per layer grid, injection and
 * contrast [pixels, columns], with `masked` also mask (columnMaskHook). Outputs: prediction, maps [cells, columns], loss [1] and gradient (of the latent's shape).
 * With LoRAs also lora_strengths, one for each. `dtype` is the number type of the network; latents, maps, loss and gradient are always float32.
 */
export function unetGraph(
  config: UnetConfig,
  weights: Weights,
  latent: Grid,
  { columns, masked }: { columns: number; masked: boolean },
  dtype: DType,
  options: GradientOptions,
  loras: readonly LowRanks[] = [],
): UnetGraph {
  const g = new GraphBuilder();
  const x = g.input("latent", "float32", [1, config.inChannels, latent.height, latent.width]);
  const time = g.input("time", "float32", [1, config.blockOutChannels[0]!]);
  const context = g.input("context", "float32", [columns, config.contextWidth]);
  const tokenWeights = g.input("token_weights", "float32", [columns]);
  const { addition, guidanceWidth } = config;
  const inputs = {
    latent: g.cast(x, dtype),
    time: g.cast(time, dtype),
    context: g.cast(context, dtype),
    ...(addition ? { addition: g.cast(g.input("addition", "float32", [1, addition.width]), dtype) } : {}),
    ...(guidanceWidth ? { guidance: g.cast(g.input("guidance", "float32", [1, guidanceWidth]), dtype) } : {}),
  };
  const [inject, mask] = [injectionHook(g), columnMaskHook(g)];
  const hook: ScoreHook = (scores, layer) => {
    const injected = inject(scores, layer);
    return masked ? mask(injected, layer) : injected;
  };
  const adapters = new Adapters(g, loras);
  const { prediction, taps } = unet(new Module(g, weights, dtype, adapters), config, inputs, hook);

  const target = lossGrid(latent);
  const { loss, maps } = layoutLoss(g, taps, target, tokenWeights);
  const scale = dtype === "float16" ? HALF_GRADIENT_SCALE : 1;
  const scaled = gradient(g, [[loss, g.constant(scale, "float32", [1])]], x, options);
  const guide = scale === 1 ? scaled : g.mul(scaled, 1 / scale);
  const graph = g.finish({ prediction: g.cast(prediction, "float32"), maps, loss, gradient: guide });
  const layers = [...new Map(taps.map((t) => [gridKey(t), { height: t.height, width: t.width }])).values()];
  return {
    graph,
    latent,
    columns,
    target,
    layers,
    maps: taps.reduce((n, t) => n + t.heads, 0),
    kernels: adapters.kernels,
  };
}
