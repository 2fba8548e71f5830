/**
 * Reverse mode: one rule for every op, and a walk from cotangents back to the values asked for. A gradient is more
 * nodes of the same graph, made of the same ops, so what can run a model can run its gradient.
 *
 * Weights are constants here: a rule is asked only for the inputs that depend on what is differentiated, and the rules
 * of `Conv`, `ConvTranspose` and `Gather` have no answer for the others.
 */
import { invariant } from "../../wire/errors.ts";
import { attentionGradient } from "./attention.ts";
import type { GraphBuilder } from "../builder.ts";
import { convGradient, convTransposeGradient } from "./convolution.ts";
import type { Node, OpAttributes, OpName, Value } from "../graph.ts";
import { sizeOf } from "../graph.ts";
import { DEFAULT_GRADIENT_OPTIONS, type GradientOptions, type GradientRule } from "./rule.ts";
import { groupNormGradient, layerNormGradient } from "./normalisation.ts";

const SQRT_2 = Math.SQRT2;
const INVERSE_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);

/** 1 / count, and dy stretched back over what was reduced. */
function unreduce(g: GraphBuilder, dy: Value, x: Value, axes: readonly number[]): Value {
  return g.reshape(
    dy,
    x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
  );
}

export const gradientRules: { readonly [Op in OpName]: GradientRule<Op> | "no-gradient" } = {
  Add: ({ g, dy, inputs: [a, b], needs }) => [
    needs(0) ? g.sumTo(dy, a!.shape) : undefined,
    needs(1) ? g.sumTo(dy, b!.shape) : undefined,
  ],
  Sub: ({ g, dy, inputs: [a, b], needs }) => [
    needs(0) ? g.sumTo(dy, a!.shape) : undefined,
    needs(1) ? g.sumTo(g.mul(dy, -1), b!.shape) : undefined,
  ],
  Mul: ({ g, dy, inputs: [a, b], needs }) => [
    needs(0) ? g.sumTo(g.mul(dy, b!), a!.shape) : undefined,
    needs(1) ? g.sumTo(g.mul(dy, a!), b!.shape) : undefined,
  ],
  // y = a / b  =>  da = dy / b, db = -dy y / b
  Div: ({ g, dy, inputs: [a, b], y, needs }) => [
    needs(0) ? g.sumTo(g.div(dy, b!), a!.shape) : undefined,
    needs(1) ? g.sumTo(g.mul(g.div(g.mul(dy, y), b!), -1), b!.shape) : undefined,
  ],
  Exp: ({ g, dy, y }) => [g.mul(dy, y)],
  // y = ln(x)  =>  dx = dy / x
  Log: ({ g, dy, inputs: [x] }) => [g.div(dy, x!)],
  // y = sqrt(x)  =>  dx = dy / (2 y)
  Sqrt: ({ g, dy, y }) => [g.div(g.mul(dy, 0.5), y)],
  // y = sigmoid(x)  =>  dx = dy y (1 - y)
  Relu: ({ g, dy, y }) => [g.where(g.equal(y, g.constant(0, y.dtype)), g.constant(0, y.dtype), dy)],
  Sigmoid: ({ g, dy, y }) => [g.mul(g.mul(dy, y), g.sub(1, y))],
  // y = erf(x)  =>  dx = dy 2 / sqrt(pi) exp(-x^2)
  Erf: ({ g, dy, inputs: [x] }) => [g.mul(dy, g.mul(g.exp(g.mul(g.mul(x!, x!), -1)), 2 / Math.sqrt(Math.PI)))],
  // y = x Phi(x)  =>  dx = dy (Phi(x) + x phi(x))
  Gelu: ({ g, dy, inputs: [x] }) => {
    const cdf = g.add(g.mul(g.erf(g.mul(x!, 1 / SQRT_2)), 0.5), 0.5);
    const pdf = g.exp(g.mul(g.mul(x!, x!), -0.5));
    return [g.mul(dy, g.add(cdf, g.mul(g.mul(x!, INVERSE_SQRT_2PI), pdf)))];
  },
  // y = x s, s = sigmoid(alpha x)  =>  dx = dy (s + alpha y (1 - s))
  QuickGelu: ({ g, dy, inputs: [x], y, attributes: { alpha } }) => {
    const s = g.sigmoid(alpha === 1 ? x! : g.mul(x!, alpha));
    const rise = g.mul(y, g.sub(1, s));
    return [g.mul(dy, g.add(s, alpha === 1 ? rise : g.mul(rise, alpha)))];
  },
  MatMul: ({ g, dy, inputs: [a, b], needs }) => {
    const flip = (v: Value) => {
      const n = v.shape.length;
      return g.transpose(v, [...Array.from({ length: n - 2 }, (_, i) => i), n - 1, n - 2]);
    };
    return [
      needs(0) ? g.sumTo(g.matmul(dy, flip(b!)), a!.shape) : undefined,
      needs(1) ? g.sumTo(g.matmul(flip(a!), dy), b!.shape) : undefined,
    ];
  },
  Gemm: ({ g, dy, inputs: [a, b, c], attributes: { transA, transB }, needs }) => {
    // Y = A' B' + C  =>  dA' = dY B'^T, dB' = A'^T dY
    const da = () =>
      transA ? g.gemm(b!, dy, undefined, { a: !!transB, b: true }) : g.gemm(dy, b!, undefined, { b: !transB });
    const db = () =>
      transB ? g.gemm(dy, a!, undefined, { a: true, b: !!transA }) : g.gemm(a!, dy, undefined, { a: !transA });
    return [needs(0) ? da() : undefined, needs(1) ? db() : undefined, c && needs(2) ? g.sumTo(dy, c.shape) : undefined];
  },
  Conv: convGradient,
  ConvTranspose: convTransposeGradient,
  // y = softmax(x)  =>  dx = y (dy - sum(dy y))
  Softmax: ({ g, dy, y, attributes: { axis } }) => [g.mul(y, g.sub(dy, g.sum(g.mul(dy, y), [axis])))],
  LayerNormalization: layerNormGradient,
  GroupNorm: groupNormGradient,
  ReduceSum: ({ g, dy, inputs: [x], attributes: { axes } }) => [g.expand(unreduce(g, dy, x!, axes), x!.shape)],
  ReduceMean: ({ g, dy, inputs: [x], y, attributes: { axes } }) => {
    const share = sizeOf(y.shape) / sizeOf(x!.shape);
    return [g.expand(g.mul(unreduce(g, dy, x!, axes), share), x!.shape)];
  },
  // The largest elements share the cotangent equally, as torch.amax does.
  ReduceMax: ({ g, dy, inputs: [x], y, attributes: { axes } }) => {
    const largest = g.cast(g.equal(x!, unreduce(g, y, x!, axes)), x!.dtype);
    const share = g.div(unreduce(g, dy, x!, axes), g.sum(largest, axes));
    return [g.mul(largest, share)];
  },
  Reshape: ({ g, dy, inputs: [x] }) => [g.reshape(dy, x!.shape)],
  Expand: ({ g, dy, inputs: [x] }) => [g.sumTo(dy, x!.shape)],
  Transpose: ({ g, dy, attributes: { perm } }) => [
    g.transpose(
      dy,
      perm.map((_, i) => perm.indexOf(i)),
    ),
  ],
  Concat: ({ g, dy, inputs, attributes: { axis }, needs }) => {
    let start = 0;
    return inputs.map((v, i) => {
      const end = start + v.shape[axis]!;
      const part = needs(i) ? g.slice(dy, axis, start, end) : undefined;
      start = end;
      return part;
    });
  },
  Slice: ({ g, dy, inputs: [x], attributes: { axis, start, step } }) => {
    invariant(step === 1, `Slice by ${step} has no gradient`);
    const rank = x!.shape.length;
    const pads = new Array<number>(2 * rank).fill(0);
    pads[axis] = start;
    pads[axis + rank] = x!.shape[axis]! - start - dy.shape[axis]!;
    return [g.pad(dy, pads)];
  },
  Pad: ({ g, dy, inputs: [x], attributes: { pads } }) => [
    x!.shape.reduce((v, n, axis) => g.slice(v, axis, pads[axis]!, pads[axis]! + n), dy),
  ],
  // Each element became a 2 x 2 block.
  Upsample: ({ g, dy, inputs: [x] }) => {
    const [n, c, h, w] = x!.shape as [number, number, number, number];
    return [g.sum(g.reshape(dy, [n * c, h, 2, w, 2]), [2, 4], false)].map((v) => g.reshape(v, x!.shape));
  },
  Cast: ({ g, dy, inputs: [x] }) => [g.cast(dy, x!.dtype)],
  Gather: "no-gradient",
  Equal: "no-gradient",
  Where: ({ g, dy, inputs: [condition, a, b], needs }) => {
    const zero = g.constant(0, dy.dtype);
    return [
      undefined,
      needs(1) ? g.sumTo(g.where(condition!, dy, zero), a!.shape) : undefined,
      needs(2) ? g.sumTo(g.where(condition!, zero, dy), b!.shape) : undefined,
    ];
  },
  Attention: attentionGradient,
  // Programs are differentiated before they are rewritten to these (../convolution, ../fused).
  TurnedMatMul: "no-gradient",
  NhwcConv: "no-gradient",
  NhwcGroupNorm: "no-gradient",
  BiasSplitGelu: "no-gradient",
  PackedAttention: "no-gradient",
};

/**
 * Vector-Jacobian product: the cotangent of `target` given cotangents of some values computed from it. Appends the
 * nodes to `g`. A value that `target` does not reach contributes nothing; at least one must be reached.
 */
export function gradient(
  g: GraphBuilder,
  cotangents: readonly (readonly [value: Value, cotangent: Value])[],
  target: Value,
  options: GradientOptions = DEFAULT_GRADIENT_OPTIONS,
): Value {
  const nodes = [...g.nodes]; // the walk appends to the builder; only what was there before is differentiated
  const depends = new Set<Value>([target]);
  for (const node of nodes) if (node.inputs.some((v) => depends.has(v))) depends.add(node.output);

  const found = new Map<Value, Value>();
  const accumulate = (value: Value, cotangent: Value) => {
    invariant(
      cotangent.shape.join() === value.shape.join() && cotangent.dtype === value.dtype,
      `cotangent ${cotangent.dtype}[${cotangent.shape.join()}] for ${value.dtype}[${value.shape.join()}]`,
    );
    const before = found.get(value);
    found.set(value, before ? g.add(before, cotangent) : cotangent);
  };
  for (const [value, cotangent] of cotangents) if (depends.has(value)) accumulate(value, cotangent);

  for (const node of nodes.toReversed()) {
    const dy = found.get(node.output);
    if (!dy || !node.inputs.some((v) => depends.has(v))) continue; // the walk ends at the target itself
    backward(g, node, dy, depends, options).forEach((dx, i) => {
      if (dx && depends.has(node.inputs[i]!)) accumulate(node.inputs[i]!, dx);
    });
  }
  const result = found.get(target);
  invariant(result, "no differentiated value depends on the target");
  return result;
}

function backward(g: GraphBuilder, node: Node, dy: Value, depends: Set<Value>, options: GradientOptions) {
  const rule = gradientRules[node.op] as GradientRule<OpName> | "no-gradient"; // the table is keyed by the op itself
  invariant(rule !== "no-gradient", `${node.op} has no gradient`);
  const needs = (i: number) => depends.has(node.inputs[i]!);
  const attributes = node.attributes as OpAttributes[OpName];
  return rule({ g, dy, inputs: node.inputs, y: node.output, attributes, needs, options });
}
