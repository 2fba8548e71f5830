/** CLIP's image tower (transformers' CLIPVisionModelWithProjection): a picture to the vector that is compared with a text's. */
import type { VisionConfig } from "../checkpoint/clip.ts";
import type { Value } from "../graph/graph.ts";
import { encoderStates } from "./clip.ts";
import type { Module } from "./layers.ts";
import { conv2d, layerNorm, linear } from "./layers.ts";

/**
 * `pixels` [1, 3, side, side], prepared by `clipPixels`, to [1, projection], not yet of length 1. `m` has both `vision_model` and
 * `visual_projection`.
 */
export function clipVision(m: Module, config: VisionConfig, pixels: Value, projection: number): Value {
  const { g } = m;
  const { hiddenSize: width, patch, layerNormEps } = config;
  const side = config.side / patch;
  const model = m.at("vision_model");
  const embeddings = model.at("embeddings");
  const patches = conv2d(embeddings.at("patch_embedding"), pixels, width, { kernel: patch, stride: patch, padding: 0 });
  const rows = g.transpose(g.reshape(patches, [width, side * side]), [1, 0]); // [patches, width]
  const first = g.reshape(embeddings.weight("class_embedding", [width]), [1, width]);
  const count = side * side + 1;
  const places = embeddings.at("position_embedding").weight("weight", [count, width]);
  // The misspelling is the files'.
  const h = layerNorm(model.at("pre_layrnorm"), g.add(g.concat([first, rows], 0), places), layerNormEps);
  const last = encoderStates(model.at("encoder"), config, h).at(-1)!;
  const pooled = layerNorm(model.at("post_layernorm"), g.slice(last, 0, 0, 1), layerNormEps);
  return linear(m.at("visual_projection"), pooled, projection);
}
