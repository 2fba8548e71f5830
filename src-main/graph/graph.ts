/**
 * The graph language: a straight-line program over tensors of fixed shape, as plain data. Gradients are more nodes of
 * the same program (gradient/); a file for ONNX Runtime is one way to write it down (onnx/).
 */

export type DType = "float32" | "float16" | "bfloat16" | "int64" | "int32" | "bool";
export type Shape = readonly number[];

/** Bytes of one element. */
export const DTYPE_BYTES: Record<DType, number> = { float32: 4, float16: 2, bfloat16: 2, int64: 8, int32: 4, bool: 1 };

/** A constant by reference: a byte range of a file, little-endian, row-major. Nothing is read until a session opens it. */
export interface WeightRef {
  /** Absolute path with links resolved. */
  readonly file: string;
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly length: number;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Numbers of a small constant that is part of the graph itself. */
export type ConstantData = readonly number[];

/** One tensor of the program. Values are compared by identity. */
export interface Value {
  /** Unique within the graph; values made earlier have smaller numbers. */
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly source:
    | { readonly kind: "input"; readonly name: string }
    | { readonly kind: "constant"; readonly data: ConstantData }
    | { readonly kind: "weight"; readonly name: string; readonly ref: WeightRef }
    | { readonly kind: "node" };
}

/** Ops without attributes. */
type None = Record<string, never>;

/** Spatial padding as ONNX orders it: [top, left, bottom, right]. */
export type Pads = readonly [number, number, number, number];

/**
 * The vocabulary: every op with its attributes. Names and meaning are those of ONNX (opset 20), but for `GroupNorm`, `QuickGelu` and
 * `Attention`, which are one op here and whatever the execution provider does best there (onnx/forms.ts), and for the last five, which
 * nobody builds with: convolution/ and fused/ rewrite finished programs to them for providers that have them as one operator.
 */
export interface OpAttributes {
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Sigmoid: None;
  Relu: None;
  Erf: None;
  /** x * Phi(x), exact. */
  Gelu: None;
  /** x * sigmoid(alpha * x); alpha 1 is SiLU, 1.702 CLIP's quick_gelu. */
  QuickGelu: { alpha: number };
  MatMul: None;
  /** A' B' + C for matrices; C broadcasts over rows and may be left out. */
  Gemm: { transA: 0 | 1; transB: 0 | 1 };
  /** 2-D, weights [out, in, kh, kw], no groups, no dilation; bias may be left out. */
  Conv: { strides: readonly [number, number]; pads: Pads };
  /** Adjoint of `Conv` with the same weights and attributes; the output has height and width `size`. No bias. */
  ConvTranspose: { strides: readonly [number, number]; pads: Pads; size: readonly [number, number] };
  Softmax: { axis: number };
  /** Over the last axis: (x, scale [n], bias [n]). */
  LayerNormalization: { epsilon: number };
  /** (x [batch, channels, ...], scale [channels], bias [channels]). */
  GroupNorm: { groups: number; epsilon: number };
  ReduceSum: { axes: readonly number[]; keepdims: 0 | 1 };
  ReduceMean: { axes: readonly number[]; keepdims: 0 | 1 };
  ReduceMax: { axes: readonly number[]; keepdims: 0 | 1 };
  Reshape: { shape: Shape };
  Expand: { shape: Shape };
  Transpose: { perm: readonly number[] };
  Concat: { axis: number };
  /** One axis, from `start`, counted from the front; negative steps reverse. A negative `end` counts from the back. */
  Slice: { axis: number; start: number; end: number; step: number };
  /** Zeros around: [before of each axis..., after of each axis...]. */
  Pad: { pads: readonly number[] };
  /** Nearest-neighbour enlargement of the last two axes by 2. */
  Upsample: None;
  Cast: { to: DType };
  /** (data, indices): rows of axis 0. */
  Gather: None;
  Equal: None;
  Where: None;
  /**
   * softmax(Q K' / sqrt(width of a head)) V for (query [batch, p, c], key [batch, t, c], value [batch, t, c]) split
   * into `heads`. Its probabilities cannot be had; a graph that needs them spells the attention out.
   */
  Attention: { heads: number };
  /** (a [..., k, m], b [..., k, n]): the products a' b, without a' written out. */
  TurnedMatMul: None;
  /** `Conv` with channels last: x [batch, height, width, in], weights [out, kh, kw, in]. */
  NhwcConv: { strides: readonly [number, number]; pads: Pads };
  /** `GroupNorm` with channels last, [batch, height, width, channels], then SiLU where `silu` is 1. Scale and bias may be of another float type. */
  NhwcGroupNorm: { groups: number; epsilon: number; silu: 0 | 1 };
  /** (x [rows, 2 n], bias [2 n]): with x + bias split in two, left * Gelu(right), [rows, n]. */
  BiasSplitGelu: None;
  /** `Attention` of query, key and value that lie together as [batch, p, heads, 3, width]; [batch, p, heads * width]. */
  PackedAttention: { heads: number };
}

export type OpName = keyof OpAttributes;

export type Attribute = number | string | readonly number[];

/** One operation. Ops have exactly one output, so a node and its output value are named alike. */
export interface Node {
  readonly op: OpName;
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly output: Value;
}

/** A finished program: `nodes` are in an order in which every input is computed before it is used. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly { readonly name: string; readonly value: Value }[];
}

/** Number of elements of `shape`. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}
