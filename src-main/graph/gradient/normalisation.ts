/**
 * Adjoints of the normalisations. With n = (x - mean) / s over m elements and c the cotangent of n,
 * dx = (c - mean(c) - n mean(c n)) / s. `n` is computed again, by the op itself with scale 1 and bias 0, because holding
 * it from the forward pass would cost as much memory as the activations.
 */
import type { GraphBuilder } from "../builder.ts";
import type { GradientRule } from "./rule.ts";
import type { Value } from "../graph.ts";

/**
 * The sums of squares below leave float16's range, so a float16 normalisation is differentiated in float32. ONNX Runtime
 * does the same inside its normalisation kernels.
 */
const wide = (g: GraphBuilder, x: Value) => (x.dtype === "float16" ? g.cast(x, "float32") : x);

/** 1 / sqrt(variance + epsilon) over `axes`. */
function inverseDeviation(g: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Value {
  const centred = g.sub(x, g.mean(x, axes));
  return g.div(1, g.sqrt(g.add(g.mean(g.mul(centred, centred), axes), epsilon)));
}

/** dx from the cotangent of the normalised value. */
function normalisedGradient(g: GraphBuilder, c: Value, n: Value, scale: Value, axes: readonly number[]): Value {
  const along = g.mul(n, g.mean(g.mul(c, n), axes));
  return g.mul(g.sub(g.sub(c, g.mean(c, axes)), along), scale);
}

const ones = (g: GraphBuilder, like: Value) => g.constant(1, like.dtype, like.shape);
const zeros = (g: GraphBuilder, like: Value) => g.constant(0, like.dtype, like.shape);

export const layerNormGradient: GradientRule<"LayerNormalization"> = ({ g, dy, inputs, attributes, needs }) => {
  const [x, scale, bias] = [inputs[0]!, inputs[1]!, inputs[2]!];
  const axis = x.shape.length - 1;
  const n = () => g.layerNorm(x, ones(g, scale), zeros(g, scale), attributes.epsilon);
  const dx = () => {
    const deviation = inverseDeviation(g, wide(g, x), [axis], attributes.epsilon);
    const c = wide(g, g.mul(dy, scale));
    return g.cast(normalisedGradient(g, c, wide(g, n()), deviation, [axis]), x.dtype);
  };
  return [
    needs(0) ? dx() : undefined,
    needs(1) ? g.sumTo(g.mul(dy, n()), scale.shape) : undefined,
    needs(2) ? g.sumTo(dy, bias.shape) : undefined,
  ];
};

export const groupNormGradient: GradientRule<"GroupNorm"> = ({
  g,
  dy,
  inputs,
  attributes: { groups, epsilon },
  needs,
}) => {
  const [x, scale, bias] = [inputs[0]!, inputs[1]!, inputs[2]!];
  const [batch, channels, ...rest] = x.shape as [number, number, ...number[]];
  const grouped = [batch * groups, (x.shape.slice(1).reduce((p, m) => p * m, 1) / groups) | 0];
  const spread = (v: Value) => g.reshape(v, [1, channels, ...rest.map(() => 1)]);
  const perChannel = (v: Value) => g.reshape(g.sumTo(v, [1, channels, ...rest.map(() => 1)]), [channels]);
  const n = () => g.groupNorm(x, ones(g, scale), zeros(g, scale), groups, epsilon);
  const dx = () => {
    const c = wide(g, g.reshape(g.mul(dy, spread(scale)), grouped));
    const deviation = inverseDeviation(g, wide(g, g.reshape(x, grouped)), [1], epsilon);
    const dxWide = normalisedGradient(g, c, wide(g, g.reshape(n(), grouped)), deviation, [1]);
    return g.reshape(g.cast(dxWide, x.dtype), x.shape);
  };
  return [
    needs(0) ? dx() : undefined,
    needs(1) ? g.reshape(perChannel(g.mul(dy, n())), scale.shape) : undefined,
    needs(2) ? g.reshape(perChannel(dy), bias.shape) : undefined,
  ];
};
