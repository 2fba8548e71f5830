/** The shape rule of every op. Shapes are fixed numbers, so every mistake is found while a graph is built. */
import { invariant } from "../wire/errors.ts";
import type { DType, OpAttributes, OpName, Shape, Value } from "./graph.ts";
import { sizeOf } from "./graph.ts";

export interface OutputType {
  dtype: DType;
  shape: Shape;
}

export type ShapeRule<Op extends OpName> = (inputs: readonly Value[], attributes: OpAttributes[Op]) => OutputType;

const show = (shape: Shape) => `[${shape.join(", ")}]`;

/** The shape that NumPy's broadcasting rule gives. Throws when the shapes do not fit. */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    invariant(m === n || m === 1 || n === 1, `shapes do not broadcast: ${show(a)} and ${show(b)}`);
    return Math.max(m, n);
  });
}

function arity(op: string, inputs: readonly Value[], least: number, most = least): void {
  invariant(inputs.length >= least && inputs.length <= most, `${op}: ${least} to ${most} inputs, got ${inputs.length}`);
}

function sameType(op: string, inputs: readonly Value[]): DType {
  const dtype = inputs[0]!.dtype;
  invariant(
    inputs.every((v) => v.dtype === dtype),
    `${op}: mixed types ${inputs.map((v) => v.dtype).join(", ")}`,
  );
  return dtype;
}

const elementwise =
  (op: string, n: number) =>
  (inputs: readonly Value[]): OutputType => {
    arity(op, inputs, n);
    return { dtype: sameType(op, inputs), shape: inputs.map((v) => v.shape).reduce(broadcastShapes) };
  };

const reduce =
  (op: string) =>
  (inputs: readonly Value[], { axes, keepdims }: OpAttributes["ReduceSum"]): OutputType => {
    arity(op, inputs, 1);
    const { dtype, shape } = inputs[0]!;
    invariant(axes.length > 0, `${op}: no axes`); // ONNX would take that for all of them
    for (const a of axes) invariant(a >= 0 && a < shape.length, `${op}: axis ${a} of ${show(shape)}`);
    const kept = shape.map((n, i) => (axes.includes(i) ? 1 : n));
    return { dtype, shape: keepdims ? kept : kept.filter((_, i) => !axes.includes(i)) };
  };

/** Output height or width of a convolution. */
function convolved(size: number, kernel: number, stride: number, before: number, after: number): number {
  return Math.floor((size + before + after - kernel) / stride) + 1;
}

export const shapeRules: { readonly [Op in OpName]: ShapeRule<Op> } = {
  Add: elementwise("Add", 2),
  Sub: elementwise("Sub", 2),
  Mul: elementwise("Mul", 2),
  Div: elementwise("Div", 2),
  Exp: elementwise("Exp", 1),
  Log: elementwise("Log", 1),
  Sqrt: elementwise("Sqrt", 1),
  Sigmoid: elementwise("Sigmoid", 1),
  Relu: elementwise("Relu", 1),
  Erf: elementwise("Erf", 1),
  Gelu: elementwise("Gelu", 1),
  QuickGelu: elementwise("QuickGelu", 1),

  MatMul(inputs) {
    arity("MatMul", inputs, 2);
    const [a, b] = [inputs[0]!, inputs[1]!];
    invariant(a.shape.length >= 2 && b.shape.length >= 2, `MatMul: ${show(a.shape)} x ${show(b.shape)}`);
    invariant(a.shape.at(-1) === b.shape.at(-2), `MatMul: inner widths differ: ${show(a.shape)} x ${show(b.shape)}`);
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { dtype: sameType("MatMul", inputs), shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] };
  },

  Gemm(inputs, { transA, transB }) {
    arity("Gemm", inputs, 2, 3);
    const [a, b] = [inputs[0]!, inputs[1]!];
    invariant(a.shape.length === 2 && b.shape.length === 2, `Gemm: ${show(a.shape)} x ${show(b.shape)}`);
    const [m, k] = transA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const [k2, n] = transB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
    invariant(k === k2, `Gemm: inner widths differ: ${show(a.shape)} x ${show(b.shape)}`);
    const full = inputs[2] ? broadcastShapes(inputs[2].shape, [m, n]) : [m, n];
    invariant(
      full.join() === [m, n].join(),
      `Gemm: ${show(inputs[2]?.shape ?? [])} does not broadcast to [${m}, ${n}]`,
    );
    return { dtype: sameType("Gemm", inputs), shape: [m, n] };
  },

  Conv(inputs, { strides, pads }) {
    arity("Conv", inputs, 2, 3);
    const [x, w] = [inputs[0]!, inputs[1]!];
    invariant(x.shape.length === 4 && w.shape.length === 4, `Conv: ${show(x.shape)} with ${show(w.shape)}`);
    invariant(x.shape[1] === w.shape[1], `Conv: channels differ: ${show(x.shape)} with ${show(w.shape)}`);
    const bias = inputs[2]?.shape;
    invariant(!bias || bias.join() === String(w.shape[0]), `Conv: bias ${show(bias ?? [])} for ${show(w.shape)}`);
    const height = convolved(x.shape[2]!, w.shape[2]!, strides[0], pads[0], pads[2]);
    const width = convolved(x.shape[3]!, w.shape[3]!, strides[1], pads[1], pads[3]);
    return { dtype: sameType("Conv", inputs), shape: [x.shape[0]!, w.shape[0]!, height, width] };
  },

  ConvTranspose(inputs, { strides, pads, size }) {
    arity("ConvTranspose", inputs, 2);
    const [y, w] = [inputs[0]!, inputs[1]!];
    invariant(y.shape[1] === w.shape[0], `ConvTranspose: channels differ: ${show(y.shape)} with ${show(w.shape)}`);
    for (const i of [0, 1] as const) {
      const back = convolved(size[i], w.shape[2 + i]!, strides[i], pads[i], pads[i + 2]!);
      invariant(back === y.shape[2 + i], `ConvTranspose: ${show(y.shape)} does not come from size ${show(size)}`);
    }
    return { dtype: sameType("ConvTranspose", inputs), shape: [y.shape[0]!, w.shape[1]!, ...size] };
  },

  Softmax(inputs, { axis }) {
    arity("Softmax", inputs, 1);
    const { dtype, shape } = inputs[0]!;
    invariant(axis >= 0 && axis < shape.length, `Softmax: axis ${axis} of ${show(shape)}`);
    return { dtype, shape };
  },

  LayerNormalization(inputs) {
    arity("LayerNormalization", inputs, 3);
    const [x, scale, bias] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const width = x.shape.at(-1)!;
    invariant(
      sizeOf(scale.shape) === width && sizeOf(bias.shape) === width,
      `LayerNormalization: ${show(x.shape)} with ${show(scale.shape)}`,
    );
    return { dtype: sameType("LayerNormalization", inputs), shape: x.shape };
  },

  GroupNorm(inputs, { groups }) {
    arity("GroupNorm", inputs, 3);
    const [x, scale, bias] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const channels = x.shape[1]!;
    invariant(channels % groups === 0, `GroupNorm: ${channels} channels in ${groups} groups`);
    invariant(
      sizeOf(scale.shape) === channels && sizeOf(bias.shape) === channels,
      `GroupNorm: ${show(x.shape)} with ${show(scale.shape)}`,
    );
    return { dtype: sameType("GroupNorm", inputs), shape: x.shape };
  },

  ReduceSum: reduce("ReduceSum"),
  ReduceMean: reduce("ReduceMean"),
  ReduceMax: reduce("ReduceMax"),

  Reshape(inputs, { shape }) {
    arity("Reshape", inputs, 1);
    const x = inputs[0]!;
    invariant(sizeOf(x.shape) === sizeOf(shape), `Reshape: ${show(x.shape)} to ${show(shape)}`);
    return { dtype: x.dtype, shape };
  },

  Expand(inputs, { shape }) {
    arity("Expand", inputs, 1);
    const x = inputs[0]!;
    const to = broadcastShapes(x.shape, shape);
    invariant(
      to.every((n, i) => n === shape[i]),
      `Expand: ${show(x.shape)} to ${show(shape)}`,
    );
    return { dtype: x.dtype, shape };
  },

  Transpose(inputs, { perm }) {
    arity("Transpose", inputs, 1);
    const { dtype, shape } = inputs[0]!;
    invariant(
      [...perm].sort((a, b) => a - b).every((p, i) => p === i) && perm.length === shape.length,
      `Transpose: ${show(perm)} of ${show(shape)}`,
    );
    return { dtype, shape: perm.map((p) => shape[p]!) };
  },

  Concat(inputs, { axis }) {
    invariant(inputs.length > 0, "Concat: no inputs");
    const { dtype, shape } = inputs[0]!;
    for (const v of inputs) {
      const fits = v.shape.length === shape.length && v.shape.every((n, i) => i === axis || n === shape[i]);
      invariant(fits && v.dtype === dtype, `Concat: ${inputs.map((i) => show(i.shape)).join(", ")} on axis ${axis}`);
    }
    return { dtype, shape: shape.map((n, i) => (i === axis ? inputs.reduce((s, v) => s + v.shape[axis]!, 0) : n)) };
  },

  Slice(inputs, { axis, start, end, step }) {
    arity("Slice", inputs, 1);
    const { dtype, shape } = inputs[0]!;
    const n = shape[axis]!;
    const stop = end < 0 ? Math.max(end + n, -1) : Math.min(end, n);
    const count = Math.ceil((stop - start) / step);
    invariant(
      step !== 0 && start >= 0 && start < n && count > 0,
      `Slice: ${start} to ${end} by ${step} of ${show(shape)}`,
    );
    return { dtype, shape: shape.map((m, i) => (i === axis ? count : m)) };
  },

  Pad(inputs, { pads }) {
    arity("Pad", inputs, 1);
    const { dtype, shape } = inputs[0]!;
    invariant(pads.length === 2 * shape.length && pads.every((p) => p >= 0), `Pad: ${show(pads)} for ${show(shape)}`);
    return { dtype, shape: shape.map((n, i) => n + pads[i]! + pads[i + shape.length]!) };
  },

  Upsample(inputs) {
    arity("Upsample", inputs, 1);
    const { dtype, shape } = inputs[0]!;
    invariant(shape.length === 4, `Upsample: ${show(shape)}`);
    return { dtype, shape: [shape[0]!, shape[1]!, shape[2]! * 2, shape[3]! * 2] };
  },

  Cast(inputs, { to }) {
    arity("Cast", inputs, 1);
    return { dtype: to, shape: inputs[0]!.shape };
  },

  Gather(inputs) {
    arity("Gather", inputs, 2);
    const [data, indices] = [inputs[0]!, inputs[1]!];
    invariant(indices.dtype === "int64" || indices.dtype === "int32", `Gather: indices are ${indices.dtype}`);
    return { dtype: data.dtype, shape: [...indices.shape, ...data.shape.slice(1)] };
  },

  Equal(inputs) {
    arity("Equal", inputs, 2);
    sameType("Equal", inputs);
    return { dtype: "bool", shape: broadcastShapes(inputs[0]!.shape, inputs[1]!.shape) };
  },

  Where(inputs) {
    arity("Where", inputs, 3);
    const [condition, a, b] = [inputs[0]!, inputs[1]!, inputs[2]!];
    invariant(condition.dtype === "bool" && a.dtype === b.dtype, `Where: ${condition.dtype}, ${a.dtype}, ${b.dtype}`);
    return { dtype: a.dtype, shape: [condition.shape, a.shape, b.shape].reduce(broadcastShapes) };
  },

  Attention(inputs, { heads }) {
    arity("Attention", inputs, 3);
    const [q, k, v] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const fits =
      [q, k, v].every((i) => i.shape.length === 3 && i.shape[0] === q.shape[0]) &&
      q.shape[2] === k.shape[2] &&
      k.shape[1] === v.shape[1] &&
      q.shape[2]! % heads === 0 &&
      v.shape[2]! % heads === 0;
    invariant(fits, `Attention: ${show(q.shape)}, ${show(k.shape)}, ${show(v.shape)} in ${heads} heads`);
    return { dtype: sameType("Attention", inputs), shape: [q.shape[0]!, q.shape[1]!, v.shape[2]!] };
  },
  TurnedMatMul(inputs) {
    arity("TurnedMatMul", inputs, 2);
    const [a, b] = [inputs[0]!, inputs[1]!];
    invariant(a.shape.length >= 2 && b.shape.length >= 2, `TurnedMatMul: ${show(a.shape)}' x ${show(b.shape)}`);
    invariant(
      a.shape.at(-2) === b.shape.at(-2),
      `TurnedMatMul: inner widths differ: ${show(a.shape)}' x ${show(b.shape)}`,
    );
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { dtype: sameType("TurnedMatMul", inputs), shape: [...batch, a.shape.at(-1)!, b.shape.at(-1)!] };
  },

  NhwcConv(inputs, { strides, pads }) {
    arity("NhwcConv", inputs, 2, 3);
    const [x, w] = [inputs[0]!, inputs[1]!];
    invariant(x.shape.length === 4 && w.shape.length === 4, `NhwcConv: ${show(x.shape)} with ${show(w.shape)}`);
    invariant(x.shape[3] === w.shape[3], `NhwcConv: channels differ: ${show(x.shape)} with ${show(w.shape)}`);
    const height = convolved(x.shape[1]!, w.shape[1]!, strides[0], pads[0], pads[2]);
    const width = convolved(x.shape[2]!, w.shape[2]!, strides[1], pads[1], pads[3]);
    return { dtype: sameType("NhwcConv", inputs), shape: [x.shape[0]!, height, width, w.shape[0]!] };
  },

  NhwcGroupNorm(inputs, { groups }) {
    arity("NhwcGroupNorm", inputs, 3);
    const [x, scale, bias] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const channels = x.shape[3]!;
    const fits = channels % groups === 0 && scale.shape.join() === `${channels}` && bias.shape.join() === `${channels}`;
    invariant(x.shape.length === 4 && fits, `NhwcGroupNorm: ${show(x.shape)} with ${show(scale.shape)}`);
    return { dtype: x.dtype, shape: x.shape };
  },

  BiasSplitGelu(inputs) {
    arity("BiasSplitGelu", inputs, 2);
    const [x, bias] = [inputs[0]!, inputs[1]!];
    const width = x.shape[1]!;
    const fits = x.shape.length === 2 && width % 2 === 0 && bias.shape.join() === `${width}`;
    invariant(fits, `BiasSplitGelu: ${show(x.shape)} with ${show(bias.shape)}`);
    return { dtype: sameType("BiasSplitGelu", inputs), shape: [x.shape[0]!, width / 2] };
  },

  PackedAttention(inputs, { heads }) {
    arity("PackedAttention", inputs, 1);
    const { dtype, shape } = inputs[0]!;
    const fits = shape.length === 5 && shape[2] === heads && shape[3] === 3;
    invariant(fits, `PackedAttention: ${show(shape)} in ${heads} heads`);
    return { dtype, shape: [shape[0]!, shape[1]!, heads * shape[4]!] };
  },
};
