/** What the form of an op in ONNX is written with. */
import type { DType, Node, OpAttributes, OpName, Shape } from "../graph.ts";

/** ONNX tells whole numbers from real ones by the attribute's type: a real one is `{ float }`. */
export type OnnxAttributes = Readonly<Record<string, number | { readonly float: number } | string | readonly number[]>>;

/** TensorProto.DataType. */
export const ONNX_TYPE: Record<DType, number> = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16 };

/** The domain of the operators that ONNX Runtime adds (docs/ContribOperators.md there). */
export const MICROSOFT = "com.microsoft";

/** One operator (com.microsoft.MultiHeadAttention), or plain ops on blocks of at most so many probabilities. */
export type AttentionForm = "fused" | { block: number };

/**
 * Groups normalised as `InstanceNormalization`, which all providers have, or as the rows of `LayerNormalization`: on the processor twice as fast,
 * and nearer to the exact result, as its sums are in double precision.
 */
export type GroupsForm = "instances" | "rows";

/** Writes ONNX nodes into the graph or branch at hand; every method returns the name of a value. */
export interface Emitter {
  readonly attention: AttentionForm;
  /** The operator that group normalisation is made of. */
  readonly groups: GroupsForm;
  /** Whether the provider has the operators of com.microsoft that fused/ rewrites to; else they are spelled in others. */
  readonly hasOwn: boolean;
  node(op: string, inputs: readonly string[], attributes?: OnnxAttributes, domain?: string): string;
  /** An int64 vector. */
  ints(values: readonly number[]): string;
  /** [n] ones, of which there is one value in the whole model however long it is. */
  ones(n: number, dtype: DType): string;
  /** A tensor filled with one number. */
  fill(value: number, dtype: DType, shape: Shape): string;
}

export type OnnxForm<Op extends OpName> = (
  e: Emitter,
  inputs: readonly string[],
  attributes: OpAttributes[Op],
  node: Node,
) => string;
