/** What a rule of differentiation is given, and what it answers. */
import type { GraphBuilder } from "../builder.ts";
import type { OpAttributes, OpName, Value } from "../graph.ts";

/** Arrangements that trade memory, speed and what an execution provider can do; the numbers are the same. */
export interface GradientOptions {
  /** Most elements of a block of attention probabilities that is held at once. */
  attentionBlock: number;
  /** Whether the provider multiplies by a transposed matrix without first writing it out (CPU, CUDA, DirectML do). */
  transposedProducts: boolean;
}

export const DEFAULT_GRADIENT_OPTIONS: GradientOptions = {
  attentionBlock: 1 << 21,
  transposedProducts: false,
};

export interface RuleContext<Op extends OpName> {
  g: GraphBuilder;
  /** Cotangent of the output. */
  dy: Value;
  inputs: readonly Value[];
  /** The output itself, where the rule can use it. */
  y: Value;
  attributes: OpAttributes[Op];
  /** Whether input i is asked for. */
  needs: (i: number) => boolean;
  options: GradientOptions;
}

/** Cotangents of the inputs; undefined for those not asked for. */
export type GradientRule<Op extends OpName> = (context: RuleContext<Op>) => (Value | undefined)[];
