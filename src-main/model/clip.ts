/** CLIP's text encoder (transformers' CLIPTextModel): token ids to the states that the UNet attends to. */
import type { TextConfig } from "../checkpoint/config.ts";
import { STORED_PROJECTION } from "../checkpoint/single/names.ts";
import type { Value } from "../graph/graph.ts";
import type { Module } from "./layers.ts";
import { layerNorm, linear } from "./layers.ts";

/** Large enough that its exponential is 0 in every number type, small enough for float16. */
const MASKED = -1e4;

/** What a text encoder reads. */
export interface TextInputs {
  /** int64 [tokens]. */
  ids: Value;
  /** Vectors in place of the tokens': [tokens, 1], 1 where the token's own is read, else 0, and [tokens, hiddenSize], 0 there. */
  learned?: { keep: Value; vectors: Value };
}

/** The states [tokens, hiddenSize] of the `skip`-th layer from the end, after the final layer norm; the last one's is 1. */
export function clipTextEncoder(m: Module, config: TextConfig, inputs: TextInputs, skip = 1): Value {
  return layerNorm(m.at("final_layer_norm"), clipStates(m, config, inputs).at(-skip)!, config.layerNormEps);
}

/**
 * States of the `skip`-th layer from the end without the final norm (2, before the last one, is what Stable Diffusion XL reads), and the
 * pooled text: the last state of the end mark, whose position `end` is int64 [1], after the final norm, times the projection of
 * `projection` columns, [1, projection].
 */
export function clipTextPooled(
  m: Module,
  config: TextConfig,
  inputs: TextInputs & { end: Value },
  projection: number,
  skip = 2,
): { states: Value; pooled: Value } {
  const all = clipStates(m, config, inputs);
  const mark = layerNorm(m.at("final_layer_norm"), m.g.gather(all.at(-1)!, inputs.end), config.layerNormEps);
  const width = config.hiddenSize;
  // OpenCLIP's own files hold the transpose of what transformers writes.
  const pooled = m.has(STORED_PROJECTION)
    ? m.g.gemm(mark, m.weight(STORED_PROJECTION, [width, projection]))
    : linear(m.at("text_projection"), mark, projection);
  return { states: all.at(-skip)!, pooled };
}

/** States before the first layer and after each of them. */
export function clipStates(m: Module, config: TextConfig, { ids, learned }: TextInputs): Value[] {
  const { g } = m;
  const tokens = ids.shape[0]!;
  const width = config.hiddenSize;
  const embeddings = m.at("embeddings");
  const table = embeddings.weights.at("token_embedding");
  // Rows first, then the number type: converting the whole table would copy it.
  const stored = g.weight(table.fullName("weight"), table.tensor("weight", [config.vocabSize, width]));
  const position = embeddings.at("position_embedding").weightRows("weight", [config.maxPositions, width], 0, tokens);
  const own = g.cast(g.gather(stored, ids), m.dtype);
  const h = g.add(learned ? g.add(g.mul(own, learned.keep), learned.vectors) : own, position);

  const causal = Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > Math.floor(i / tokens) ? MASKED : 0));
  const mask = g.constant(causal, m.dtype, [tokens, tokens]);
  return encoderStates(m.at("encoder"), config, h, mask);
}

/** What both of CLIP's towers are made of. */
export type EncoderConfig = Pick<TextConfig, "hiddenSize" | "intermediateSize" | "layers" | "heads" | "activation" | "layerNormEps">; // prettier-ignore

/** `h` [tokens, hiddenSize] and the states after each layer; `mask` [tokens, tokens] is added to the scores. */
export function encoderStates(m: Module, config: EncoderConfig, h: Value, mask?: Value): Value[] {
  const { g } = m;
  const states = [h];
  for (let n = 0; n < config.layers; n++) {
    const layer = m.at(`layers.${n}`);
    const normed = layerNorm(layer.at("layer_norm1"), h, config.layerNormEps);
    h = g.add(h, attention(layer.at("self_attn"), normed, mask, config.heads));
    const up = linear(
      layer.at("mlp.fc1"),
      layerNorm(layer.at("layer_norm2"), h, config.layerNormEps),
      config.intermediateSize,
    );
    const active = config.activation === "quick_gelu" ? g.quickGelu(up, 1.702) : g.gelu(up);
    h = g.add(h, linear(layer.at("mlp.fc2"), active, config.hiddenSize));
    states.push(h);
  }
  return states;
}

function attention(m: Module, x: Value, mask: Value | undefined, heads: number): Value {
  const { g } = m;
  const [tokens, c] = x.shape as [number, number];
  const width = c / heads;
  const split = (name: string, perm: readonly number[]) =>
    g.transpose(g.reshape(linear(m.at(name), x, c), [tokens, heads, width]), perm);
  const [q, k, v] = [split("q_proj", [1, 0, 2]), split("k_proj", [1, 2, 0]), split("v_proj", [1, 0, 2])];
  const scores = g.matmul(g.mul(q, 1 / Math.sqrt(width)), k); // [heads, tokens, tokens]
  const mixed = g.matmul(g.softmax(mask ? g.add(scores, mask) : scores, 2), v);
  return linear(m.at("out_proj"), g.reshape(g.transpose(mixed, [1, 0, 2]), [tokens, c]), c);
}
