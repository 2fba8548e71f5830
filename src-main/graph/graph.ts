/**
 * The graph language: a straight-line program over tensors of fixed shape, as plain data. Gradients are more nodes of
 * the same program (gradient.ts); a file for ONNX Runtime is one way to write it down (onnx.ts).
 */

import type { OpName } from "./ops.ts";

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
