/**
 * The layers that Stable Diffusion's three networks share, under the names of diffusers' checkpoints. A `Module` is a
 * scope of the weights together with the graph being built; structure is stated once, by asking for weights.
 */
import type { Weights } from "../checkpoint/weights.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { DType, Shape, Value, WeightRef } from "../graph/graph.ts";
import { DTYPE_BYTES, sizeOf } from "../graph/graph.ts";
import type { Adapter, Adapters } from "./adapters.ts";

export class Module {
  readonly g: GraphBuilder;
  readonly weights: Weights;
  /** Number type that is computed in. */
  readonly dtype: DType;
  readonly #adapters: Adapters | undefined;

  constructor(g: GraphBuilder, weights: Weights, dtype: DType, adapters?: Adapters) {
    this.g = g;
    this.weights = weights;
    this.dtype = dtype;
    this.#adapters = adapters;
  }

  at(scope: string): Module {
    return new Module(this.g, this.weights.at(scope), this.dtype, this.#adapters);
  }

  /** What stands beside this layer. */
  get adapters(): readonly Adapter[] {
    return this.#adapters?.at(this.weights.scope, this.dtype) ?? [];
  }

  has(name: string): boolean {
    return this.weights.has(name);
  }

  /** The weight `name`, which must have `shape`, as a value of the module's number type. */
  weight(name: string, shape: Shape): Value {
    return this.g.weight(this.weights.fullName(name), this.weights.tensor(name, shape), this.dtype);
  }

  /** Rows `start` to `end` of a weight of `shape`: a part of its bytes, not a copy. */
  weightRows(name: string, shape: Shape, start: number, end: number): Value {
    const part = rows(this.weights.tensor(name, shape), start, end);
    return this.g.weight(`${this.weights.fullName(name)}[${start}:${end}]`, part, this.dtype);
  }
}

function rows(ref: WeightRef, start: number, end: number): WeightRef {
  const rest = ref.shape.slice(1);
  const bytes = sizeOf(rest) * DTYPE_BYTES[ref.dtype];
  return { ...ref, offset: ref.offset + start * bytes, length: (end - start) * bytes, shape: [end - start, ...rest] };
}

/** x [rows, in] to [rows, out]; the weight is PyTorch's [out, in]. */
export function linear(m: Module, x: Value, out: number): Value {
  const bias = m.has("bias") ? m.weight("bias", [out]) : undefined;
  const y = m.g.gemm(x, m.weight("weight", [out, x.shape[1]!]), bias, { b: true });
  return m.adapters.reduce((sum, adapter) => adapter.linear(x, sum, false), y);
}

/** Outputs `start` to `end` of linear() alone, whose whole weight has `out` rows: a part of its bytes, not a copy. */
export function linearRows(m: Module, x: Value, out: number, start: number, end: number): Value {
  const weight = m.weightRows("weight", [out, x.shape[1]!], start, end);
  const y = m.g.gemm(x, weight, m.weightRows("bias", [out], start, end), { b: true });
  return m.adapters.reduce((sum, adapter) => adapter.linear(x, sum, false, [start, end]), y);
}

export interface ConvOptions {
  kernel?: number;
  stride?: number;
  padding?: number | readonly [number, number, number, number];
}

/** x [1, in, height, width] to [1, out, ...]; a 3 x 3 kernel that keeps the size unless told otherwise. */
export function conv2d(
  m: Module,
  x: Value,
  out: number,
  { kernel = 3, stride = 1, padding = 1 }: ConvOptions = {},
): Value {
  const pads = typeof padding === "number" ? ([padding, padding, padding, padding] as const) : padding;
  const weight = m.weight("weight", [out, x.shape[1]!, kernel, kernel]);
  const bias = m.has("bias") ? m.weight("bias", [out]) : undefined;
  const attributes = { strides: [stride, stride], pads } as const;
  const y = m.g.conv(x, weight, bias, attributes);
  return m.adapters.reduce((sum, adapter) => adapter.conv(x, sum, attributes), y);
}

export function groupNorm(m: Module, x: Value, groups: number, epsilon: number): Value {
  const channels = [x.shape[1]!];
  return m.g.groupNorm(x, m.weight("weight", channels), m.weight("bias", channels), groups, epsilon);
}

export function layerNorm(m: Module, x: Value, epsilon = 1e-5): Value {
  const width = [x.shape.at(-1)!];
  return m.g.layerNorm(x, m.weight("weight", width), m.weight("bias", width), epsilon);
}

export function silu(m: Module, x: Value): Value {
  return m.g.quickGelu(x, 1);
}

/** diffusers' ResnetBlock2D; `time` [1, width] is already through SiLU, and left out in the autoencoder. */
export function residualBlock(
  m: Module,
  x: Value,
  out: number,
  norm: { groups: number; epsilon: number },
  time?: Value,
): Value {
  const g = m.g;
  let h = conv2d(m.at("conv1"), silu(m, groupNorm(m.at("norm1"), x, norm.groups, norm.epsilon)), out);
  if (time) h = g.add(h, g.reshape(linear(m.at("time_emb_proj"), time, out), [1, out, 1, 1]));
  h = conv2d(m.at("conv2"), silu(m, groupNorm(m.at("norm2"), h, norm.groups, norm.epsilon)), out);
  const skip = x.shape[1] === out ? x : conv2d(m.at("conv_shortcut"), x, out, { kernel: 1, padding: 0 });
  return g.add(h, skip);
}

/** Picture [1, c, height, width] seen as a matrix [c, height * width], channels first: no data moves. */
export function flatten(m: Module, x: Value): Value {
  const [, c, height, width] = x.shape as [number, number, number, number];
  return m.g.reshape(x, [c, height * width]);
}

/** linear() of the transpose of x [in, rows]: [rows, out], without turning x first. */
export function linearOfColumns(m: Module, x: Value, out: number): Value {
  const bias = m.has("bias") ? m.weight("bias", [out]) : undefined;
  const y = m.g.gemm(x, m.weight("weight", [out, x.shape[0]!]), bias, { a: true, b: true });
  return m.adapters.reduce((sum, adapter) => adapter.linear(x, sum, true), y);
}

/** Transpose of linear(): x [rows, in] to [out, rows]. */
export function linearToColumns(m: Module, x: Value, out: number): Value {
  const bias = m.has("bias") ? m.g.reshape(m.weight("bias", [out]), [out, 1]) : undefined;
  const y = m.g.gemm(m.weight("weight", [out, x.shape[1]!]), x, bias, { b: true });
  return m.adapters.reduce((sum, adapter) => adapter.linearToColumns(x, sum), y);
}
