/**
 * Evaluates programs in the slowest and most obvious way: float64 throughout, one function per op, written from the
 * op's definition. It is what ONNX Runtime and the gradient rules are compared with.
 */
import { closeSync, openSync, readSync } from "node:fs";
import type { DType, Graph, OpAttributes, OpName, Shape, Value, WeightRef } from "../../src-main/graph/graph.ts";
import { DTYPE_BYTES, sizeOf } from "../../src-main/graph/graph.ts";
import { fromHalf, toHalf } from "../../src-main/graph/float16.ts";

export interface Numbers {
  shape: Shape;
  data: Float64Array;
}

export type Feeds = Readonly<Record<string, Numbers>>;

/** The outputs of `graph` on one tensor per input. */
export function evaluate(graph: Graph, feeds: Feeds): Record<string, Numbers> {
  const known = new Map<Value, Numbers>();
  const valueOf = (value: Value): Numbers => {
    const found = known.get(value) ?? given(value, feeds);
    known.set(value, found);
    return found;
  };
  for (const node of graph.nodes) {
    const evaluateOp = ops[node.op] as Evaluate<OpName>; // the table is keyed by the op itself
    const { shape } = node.output;
    const data = evaluateOp(node.inputs.map(valueOf), node.attributes as OpAttributes[OpName], shape);
    known.set(node.output, numbers(shape, data));
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, valueOf(value)]));
}

export function numbers(shape: Shape, data: ArrayLike<number>): Numbers {
  if (data.length !== sizeOf(shape)) throw new Error(`${data.length} numbers for [${shape.join(", ")}]`);
  return { shape, data: Float64Array.from(data) };
}

function given(value: Value, feeds: Feeds): Numbers {
  const { source, shape } = value;
  if (source.kind === "constant") return numbers(shape, source.data.map(ROUND[value.dtype]));
  if (source.kind === "weight") return numbers(shape, readWeight(source.ref));
  if (source.kind !== "input") throw new Error(`value ${value.id} is used before it is computed`);
  const feed = feeds[source.name];
  if (feed?.shape.join() !== shape.join()) throw new Error(`input ${source.name} is [${feed?.shape.join() ?? ""}]`);
  return feed;
}

function readWeight({ file, offset, length, dtype, shape }: WeightRef): number[] {
  const bytes = new DataView(new ArrayBuffer(length));
  const handle = openSync(file, "r");
  readSync(handle, bytes, 0, length, offset);
  closeSync(handle);
  return Array.from({ length: sizeOf(shape) }, (_, i) => {
    const at = i * DTYPE_BYTES[dtype];
    if (dtype === "float16") return fromHalf(bytes.getUint16(at, true));
    if (dtype === "bfloat16") return fromBfloat16(bytes.getUint16(at, true));
    if (dtype === "float32") return bytes.getFloat32(at, true);
    throw new Error(`weights of type ${dtype}`);
  });
}

const word = new DataView(new ArrayBuffer(4));

/** A bfloat16 is the upper half of a float32. */
function fromBfloat16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

/** What storing a number as this type makes of it. Only `Cast` and constants round; float32 stays exact here. */
const ROUND: Record<DType, (x: number) => number> = {
  float32: (x) => x,
  float16: (x) => fromHalf(toHalf(x)),
  bfloat16: (x) => x,
  int64: Math.trunc,
  int32: Math.trunc,
  bool: (x) => (x === 0 ? 0 : 1),
};

type Index2 = readonly [number, number];
type Index3 = readonly [number, number, number];
type Index4 = readonly [number, number, number, number];

const listed = new Map<string, readonly (readonly number[])[]>();

/** Every index of a tensor of `shape`, in row-major order. */
export function indices(shape: Shape): readonly (readonly number[])[] {
  const key = shape.join();
  const known = listed.get(key);
  if (known) return known;
  const list = shape.reduce<number[][]>(
    (heads, n) => heads.flatMap((head) => Array.from({ length: n }, (_, i) => [...head, i])),
    [[]],
  );
  listed.set(key, list);
  return list;
}

/** The element of `x` at `index`, by NumPy's broadcasting rule where x has fewer or shorter axes. */
function read(x: Numbers, index: readonly number[]): number {
  const skip = index.length - x.shape.length;
  let offset = 0;
  for (let axis = 0; axis < x.shape.length; axis++) {
    const n = x.shape[axis]!;
    offset = offset * n + (n === 1 ? 0 : index[axis + skip]!);
  }
  return x.data[offset]!;
}

type Evaluate<Op extends OpName> = (
  inputs: readonly Numbers[],
  attributes: OpAttributes[Op],
  /** Shape of the output. */
  shape: Shape,
) => number[];

const elementwise =
  (f: (...values: number[]) => number) =>
  (inputs: readonly Numbers[], _: unknown, shape: Shape): number[] =>
    indices(shape).map((index) => f(...inputs.map((x) => read(x, index))));

/** `f` of the elements along `axes`, which keep length 1. */
function along(x: Numbers, axes: readonly number[], f: (values: readonly number[]) => number): Numbers {
  const groups = new Map<string, number[]>();
  for (const index of indices(x.shape)) {
    const key = index.filter((_, axis) => !axes.includes(axis)).join();
    const group = groups.get(key) ?? [];
    group.push(read(x, index));
    groups.set(key, group);
  }
  const shape = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  return numbers(shape, [...groups.values()].map(f));
}

const reduce =
  (f: (values: readonly number[]) => number) =>
  ([x]: readonly Numbers[], { axes }: { axes: readonly number[] }): number[] => [...along(x!, axes, f).data];

const total = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0);
const average = (values: readonly number[]) => total(values) / values.length;
const largest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));
const sumOver = (n: number, f: (i: number) => number) => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += f(i);
  return sum;
};

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** erf(x) = 2 / sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n+1) / (2n+1)!!, whose terms have one sign. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function softmax(x: Numbers, axis: number): Numbers {
  const top = along(x, [axis], largest);
  const e = numbers(
    x.shape,
    indices(x.shape).map((at) => Math.exp(read(x, at) - read(top, at))),
  );
  const sum = along(e, [axis], total);
  return numbers(
    x.shape,
    indices(x.shape).map((at) => read(e, at) / read(sum, at)),
  );
}

/** (x - mean) / sqrt(variance + epsilon) over `axes`. */
function normalise(x: Numbers, axes: readonly number[], epsilon: number): Numbers {
  const mean = along(x, axes, average);
  const variance = along(x, axes, (values) => {
    const middle = average(values);
    return average(values.map((v) => (v - middle) ** 2));
  });
  const data = indices(x.shape).map((at) => (read(x, at) - read(mean, at)) / Math.sqrt(read(variance, at) + epsilon));
  return numbers(x.shape, data);
}

/** Element of a matrix, as if it were transposed when `flip` is set. */
const cell = (x: Numbers, flip: 0 | 1, row: number, column: number) => read(x, flip ? [column, row] : [row, column]);

/** The terms of a convolution's sums, as offsets in x, w and y; those that fall into the padding are left out. */
function forEachTerm(
  x: Shape,
  w: Shape,
  y: Shape,
  { strides, pads }: { strides: readonly [number, number]; pads: readonly number[] },
  visit: (input: number, weight: number, output: number) => void,
): void {
  const [height, width] = [x[2]!, x[3]!];
  const kernel = indices(w.slice(1)) as readonly Index3[];
  indices(y).forEach((index, output) => {
    const [n, o, i, j] = index as Index4;
    kernel.forEach(([c, u, v], k) => {
      const [row, column] = [i * strides[0] + u - pads[0]!, j * strides[1] + v - pads[1]!];
      if (row < 0 || row >= height || column < 0 || column >= width) return;
      visit(((n * x[1]! + c) * height + row) * width + column, o * kernel.length + k, output);
    });
  });
}

function permuted(x: Numbers, perm: readonly number[]): Numbers {
  const shape = perm.map((axis) => x.shape[axis]!);
  return numbers(
    shape,
    indices(shape).map((at) =>
      read(
        x,
        perm.map((_, axis) => at[perm.indexOf(axis)]!),
      ),
    ),
  );
}

const ops: { readonly [Op in OpName]: Evaluate<Op> } = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Exp: elementwise((x) => Math.exp(x)),
  Log: elementwise((x) => Math.log(x)),
  Sqrt: elementwise((x) => Math.sqrt(x)),
  Sigmoid: elementwise((x) => sigmoid(x)),
  Relu: elementwise((x) => Math.max(x, 0)),
  Erf: elementwise((x) => erf(x)),
  Gelu: elementwise((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  QuickGelu: ([x], { alpha }) => [...x!.data].map((v) => v * sigmoid(alpha * v)),
  MatMul: ([a, b], _, shape) =>
    indices(shape).map((index) => {
      const [batch, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
      return sumOver(a!.shape.at(-1)!, (k) => read(a!, [...batch, row, k]) * read(b!, [...batch, k, column]));
    }),
  TurnedMatMul: ([a, b], _, shape) =>
    indices(shape).map((index) => {
      const [batch, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
      return sumOver(a!.shape.at(-2)!, (k) => read(a!, [...batch, k, row]) * read(b!, [...batch, k, column]));
    }),
  Gemm: ([a, b, c], { transA, transB }, shape) =>
    indices(shape).map((index) => {
      const [row, column] = index as Index2;
      const product = sumOver(a!.shape[transA ? 0 : 1]!, (k) => cell(a!, transA, row, k) * cell(b!, transB, k, column));
      return product + (c ? read(c, index) : 0);
    }),
  // y[n, o, i, j] = bias[o] + sum over c, u, v of w[o, c, u, v] x[n, c, i stride + u - top, j stride + v - left]
  Conv([x, w, bias], attributes, shape) {
    const out = indices(shape).map((index) => (bias ? bias.data[index[1]!]! : 0));
    forEachTerm(x!.shape, w!.shape, shape, attributes, (input, weight, output) => {
      out[output]! += w!.data[weight]! * x!.data[input]!;
    });
    return out;
  },
  // Every element of y is handed back to the elements of x that it came from.
  ConvTranspose([y, w], attributes, shape) {
    const out = new Array<number>(sizeOf(shape)).fill(0);
    forEachTerm(shape, w!.shape, y!.shape, attributes, (input, weight, output) => {
      out[input]! += w!.data[weight]! * y!.data[output]!;
    });
    return out;
  },
  Softmax: ([x], { axis }) => [...softmax(x!, axis).data],
  LayerNormalization([x, scale, bias], { epsilon }, shape) {
    const normal = normalise(x!, [x!.shape.length - 1], epsilon);
    return indices(shape).map((at) => read(normal, at) * scale!.data[at.at(-1)!]! + bias!.data[at.at(-1)!]!);
  },
  GroupNorm([x, scale, bias], { groups, epsilon }, shape) {
    const grouped = [shape[0]!, groups, x!.data.length / shape[0]! / groups];
    const normal = numbers(shape, normalise(numbers(grouped, x!.data), [2], epsilon).data);
    return indices(shape).map((at) => read(normal, at) * scale!.data[at[1]!]! + bias!.data[at[1]!]!);
  },
  ReduceSum: reduce(total),
  ReduceMean: reduce(average),
  ReduceMax: reduce(largest),
  Reshape: ([x]) => [...x!.data],
  Expand: ([x], _, shape) => indices(shape).map((at) => read(x!, at)),
  Transpose: ([x], { perm }, shape) =>
    indices(shape).map((at) =>
      read(
        x!,
        perm.map((_, axis) => at[perm.indexOf(axis)]!),
      ),
    ),
  Concat: (inputs, { axis }, shape) =>
    indices(shape).map((index) => {
      let at = index[axis]!;
      for (const x of inputs) {
        if (at < x.shape[axis]!) return read(x, index.with(axis, at));
        at -= x.shape[axis]!;
      }
      throw new Error("past the last part");
    }),
  Slice: ([x], { axis, start, step }, shape) =>
    indices(shape).map((at) => read(x!, at.with(axis, start + at[axis]! * step))),
  Pad: ([x], { pads }, shape) =>
    indices(shape).map((at) => {
      const inner = at.map((i, axis) => i - pads[axis]!);
      return inner.every((i, axis) => i >= 0 && i < x!.shape[axis]!) ? read(x!, inner) : 0;
    }),
  Upsample: ([x], _, shape) =>
    indices(shape).map((at) => read(x!, [at[0]!, at[1]!, Math.floor(at[2]! / 2), Math.floor(at[3]! / 2)])),
  Cast: ([x], { to }) => [...x!.data].map(ROUND[to]),
  Gather([data, rows]) {
    const width = sizeOf(data!.shape.slice(1));
    return [...rows!.data].flatMap((row) => [...data!.data.subarray(row * width, (row + 1) * width)]);
  },
  Equal: elementwise((a, b) => (a === b ? 1 : 0)),
  Where: elementwise((condition, a, b) => (condition ? a : b)),
  Attention([q, k, v], { heads }, shape) {
    const [batch, queries, tokens] = [q!.shape[0]!, q!.shape[1]!, k!.shape[1]!];
    const width = q!.shape[2]! / heads;
    const scores = indices([batch, heads, queries, tokens]).map((index) => {
      const [n, h, i, t] = index as Index4;
      const product = sumOver(width, (d) => read(q!, [n, i, h * width + d]) * read(k!, [n, t, h * width + d]));
      return product / Math.sqrt(width);
    });
    const probabilities = softmax(numbers([batch, heads, queries, tokens], scores), 3);
    const perHead = v!.shape[2]! / heads;
    return indices(shape).map((index) => {
      const [n, i, c] = index as Index3;
      return sumOver(tokens, (t) => read(probabilities, [n, Math.floor(c / perHead), i, t]) * read(v!, [n, t, c]));
    });
  },
  NhwcConv([x, w, bias], attributes, shape) {
    const [picture, weights] = [permuted(x!, [0, 3, 1, 2]), permuted(w!, [0, 3, 1, 2])];
    const plain = [shape[0]!, shape[3]!, shape[1]!, shape[2]!];
    const y = ops.Conv([picture, weights, ...(bias ? [bias] : [])], attributes, plain);
    return [...permuted(numbers(plain, y), [0, 2, 3, 1]).data];
  },
  NhwcGroupNorm([x, scale, bias], { groups, epsilon, silu }, shape) {
    const plain = [shape[0]!, shape[3]!, shape[1]!, shape[2]!];
    const y = ops.GroupNorm([permuted(x!, [0, 3, 1, 2]), scale!, bias!], { groups, epsilon }, plain);
    return [...permuted(numbers(plain, y), [0, 2, 3, 1]).data].map((v) => (silu ? v * sigmoid(v) : v));
  },
  BiasSplitGelu: ([x, bias], _, shape) =>
    indices(shape).map((index) => {
      const [row, column] = index as Index2;
      const at = (i: number) => read(x!, [row, i]) + bias!.data[i]!;
      const right = at(column + shape[1]!);
      return at(column) * 0.5 * right * (1 + erf(right / Math.SQRT2));
    }),
  PackedAttention([x], { heads }, shape) {
    const [batch, rows, , , width] = x!.shape as readonly [number, number, number, number, number];
    const parts = [0, 1, 2].map((i) => {
      const cells = indices([batch, rows, heads, width]) as readonly Index4[];
      return numbers(shape, cells.map(([b, r, h, w]) => read(x!, [b, r, h, i, w]))); // prettier-ignore
    });
    return ops.Attention(parts, { heads }, shape);
  },
};

export const opNames = Object.keys(ops) as OpName[];
