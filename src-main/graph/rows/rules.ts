/**
 * What every op becomes when it is done for several rows at once: stacked values have one more axis before their own, [rows, ...shape], and
 * an op on them gives a stacked value. What is the same for all rows, such as weights, stays as it is. Folding the rows into an axis that the op has
 * already (a linear layer's rows, a convolution's batch) keeps it one operator of the same kind.
 */
import { invariant } from "../../wire/errors.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Node, OpAttributes, OpName, Shape, Value } from "../graph.ts";

export interface Operand {
  /** [rows, ...shape] where it is stacked, else of `shape`. */
  value: Value;
  isStacked: boolean;
  /** Of one row. */
  shape: Shape;
}

export interface RowContext<Op extends OpName> {
  g: GraphBuilder;
  rows: number;
  /** At least one of them is stacked. */
  inputs: readonly Operand[];
  attributes: OpAttributes[Op];
  /** That does it for one row. */
  node: Node;
}

/** Gives [rows, ...shape of the node's output]. */
export type RowRule<Op extends OpName> = (context: RowContext<Op>) => Value;

/** Reshape that takes back an earlier one instead of adding to it. */
export function seenAs(g: GraphBuilder, x: Value, shape: Shape): Value {
  const maker = g.producer(x);
  const before = maker?.op === "Reshape" ? maker.inputs[0]! : undefined;
  return before?.shape.join() === shape.join() ? before : g.reshape(x, shape);
}

/** With ones between the rows and the operand's own axes, so that it broadcasts against `rank` axes of one row. */
function aligned(g: GraphBuilder, rows: number, { value, isStacked, shape }: Operand, rank: number): Value {
  if (!isStacked) return value;
  return seenAs(g, value, [rows, ...new Array<number>(rank - shape.length).fill(1), ...shape]);
}

/** [rows, ...shape], whether it is stacked or not. */
export function stacked(g: GraphBuilder, rows: number, { value, isStacked, shape }: Operand): Value {
  return isStacked ? value : g.expand(g.reshape(value, [1, ...shape]), [rows, ...shape]);
}

/** [rows * first axis, ...rest]. */
function folded(g: GraphBuilder, rows: number, one: Operand): Value {
  const [first, ...rest] = one.shape as [number, ...number[]];
  return seenAs(g, stacked(g, rows, one), [rows * first, ...rest]);
}

function shared(op: OpName, { value, isStacked }: Operand, what: string): Value {
  invariant(!isStacked, `${op}: ${what} must be the same in all rows`);
  return value;
}

const elementwise =
  <Op extends "Add" | "Sub" | "Mul" | "Div" | "Equal" | "Where" | "MatMul" | "TurnedMatMul">(op: Op): RowRule<Op> =>
  ({ g, rows, inputs, attributes, node }) =>
    g.append(
      op,
      inputs.map((one) => aligned(g, rows, one, node.output.shape.length)),
      attributes,
    );

const unary =
  <Op extends OpName>(op: Op): RowRule<Op> =>
  ({ g, inputs, attributes }) =>
    g.append(op, [inputs[0]!.value], attributes);

const reduction =
  <Op extends "ReduceSum" | "ReduceMean" | "ReduceMax">(op: Op): RowRule<Op> =>
  ({ g, inputs, attributes: { axes, keepdims } }) =>
    g.append(op, [inputs[0]!.value], { axes: axes.map((axis) => axis + 1), keepdims });

type Batched =
  "Conv" | "ConvTranspose" | "GroupNorm" | "NhwcConv" | "NhwcGroupNorm" | "BiasSplitGelu" | "PackedAttention";

/** The rows become part of the first axis, and what else there is is shared. */
const batched =
  <Op extends Batched>(op: Op): RowRule<Op> =>
  ({ g, rows, inputs: [x, ...weights], attributes, node }) => {
    const rest = weights.map((one) => shared(op, one, "its weights"));
    return seenAs(g, g.append(op, [folded(g, rows, x!), ...rest], attributes), [rows, ...node.output.shape]);
  };

/** Matrices [rows, a, b] with the last two axes exchanged. */
const flip = (g: GraphBuilder, x: Value) => g.transpose(x, [0, 2, 1]);

/**
 * Y = A' B' + C. With B' the same for all rows the rows of A' are stacked above each other, one large product; with A' the same, likewise in
 * Y' = B A + C'. Only where both differ is it a batch of products.
 */
const gemm: RowRule<"Gemm"> = ({ g, rows, inputs, attributes: { transA, transB }, node }) => {
  const [a, b, c] = [inputs[0]!, inputs[1]!, inputs[2]];
  const [m, n] = node.output.shape as [number, number];
  const plus = (y: Value) => (c ? g.add(y, aligned(g, rows, c, 2)) : y);
  if (a.isStacked && !b.isStacked) {
    const above = seenAs(g, transA ? flip(g, a.value) : a.value, [rows * m, transA ? a.shape[0]! : a.shape[1]!]);
    // Of what has one row, or one for every row of A', the product itself takes care.
    const isWhole = c?.isStacked && c.shape.join() === `${m},${n}`;
    const own = isWhole ? seenAs(g, c.value, [rows * m, n]) : c && !c.isStacked && hasOneRow(c.shape) ? c.value : undefined; // prettier-ignore
    const y = seenAs(g, g.gemm(above, b.value, own, { b: transB === 1 }), [rows, m, n]);
    return own ? y : plus(y);
  }
  if (b.isStacked && !a.isStacked) {
    const above = seenAs(g, transB ? b.value : flip(g, b.value), [rows * n, transB ? b.shape[1]! : b.shape[0]!]);
    return plus(flip(g, g.reshape(g.gemm(above, a.value, undefined, { b: transA === 0 }), [rows, n, m])));
  }
  if (!a.isStacked) return plus(g.expand(g.reshape(g.gemm(a.value, b.value, undefined, { a: transA === 1, b: transB === 1 }), [1, m, n]), [rows, m, n])); // prettier-ignore
  return plus(g.matmul(transA ? flip(g, a.value) : a.value, transB ? flip(g, b.value) : b.value));
};

function hasOneRow(shape: Shape): boolean {
  return shape.length < 2 || shape[0] === 1;
}

export const rowRules: { readonly [Op in OpName]: RowRule<Op> } = {
  Add: elementwise("Add"),
  Sub: elementwise("Sub"),
  Mul: elementwise("Mul"),
  Div: elementwise("Div"),
  Exp: unary("Exp"),
  Log: unary("Log"),
  Sqrt: unary("Sqrt"),
  Sigmoid: unary("Sigmoid"),
  Relu: unary("Relu"),
  Erf: unary("Erf"),
  Gelu: unary("Gelu"),
  QuickGelu: unary("QuickGelu"),
  MatMul: elementwise("MatMul"),
  Gemm: gemm,
  Conv: batched("Conv"),
  ConvTranspose: batched("ConvTranspose"),
  Softmax: ({ g, inputs, attributes: { axis } }) => g.softmax(inputs[0]!.value, axis + 1),
  LayerNormalization: ({ g, inputs: [x, scale, bias], attributes: { epsilon } }) => {
    const [own, added] = [scale!, bias!].map((one) => shared("LayerNormalization", one, "its weights"));
    return g.layerNorm(x!.value, own!, added!, epsilon);
  },
  GroupNorm: batched("GroupNorm"),
  ReduceSum: reduction("ReduceSum"),
  ReduceMean: reduction("ReduceMean"),
  ReduceMax: reduction("ReduceMax"),
  Reshape: ({ g, rows, inputs, attributes: { shape } }) => seenAs(g, inputs[0]!.value, [rows, ...shape]),
  Expand: ({ g, rows, inputs, attributes: { shape } }) =>
    g.expand(aligned(g, rows, inputs[0]!, shape.length), [rows, ...shape]),
  Transpose: ({ g, inputs, attributes: { perm } }) => g.transpose(inputs[0]!.value, [0, ...perm.map((p) => p + 1)]),
  Concat: ({ g, rows, inputs, attributes: { axis } }) =>
    g.concat(
      inputs.map((one) => stacked(g, rows, one)),
      axis + 1,
    ),
  Slice: ({ g, inputs, attributes: { axis, ...range } }) =>
    g.append("Slice", [inputs[0]!.value], { axis: axis + 1, ...range }),
  Pad({ g, inputs, attributes: { pads } }) {
    const rank = pads.length / 2;
    return g.pad(inputs[0]!.value, [0, ...pads.slice(0, rank), 0, ...pads.slice(rank)]);
  },
  Upsample: ({ g, rows, inputs, node }) =>
    seenAs(g, g.upsample(folded(g, rows, inputs[0]!)), [rows, ...node.output.shape]),
  Cast: unary("Cast"),
  Gather: ({ g, inputs: [data, indices] }) => g.gather(shared("Gather", data!, "what is read"), indices!.value),
  Equal: elementwise("Equal"),
  Where: elementwise("Where"),
  Attention: ({ g, rows, inputs, attributes: { heads }, node }) => {
    const [q, k, v] = inputs.map((one) => folded(g, rows, one));
    return seenAs(g, g.attention(q!, k!, v!, heads), [rows, ...node.output.shape]);
  },
  TurnedMatMul: elementwise("TurnedMatMul"),
  NhwcConv: batched("NhwcConv"),
  NhwcGroupNorm: batched("NhwcGroupNorm"),
  BiasSplitGelu: batched("BiasSplitGelu"),
  PackedAttention: batched("PackedAttention"),
};
