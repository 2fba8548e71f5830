/** Counts what a program computes: floating-point operations of its matrix products and convolutions, two per multiply-add. */
import type { Graph, Node, OpName, Shape } from "../src-main/graph/graph.ts";
import { sizeOf } from "../src-main/graph/graph.ts";
import { ancestors } from "../src-main/graph/simplify.ts";

/** The ops that the arithmetic is in; beside them the others are noise. */
const FLOPS: Partial<Record<OpName, (node: Node, a: Shape, b: Shape, out: number) => number>> = {
  MatMul: (_node, a, _b, out) => 2 * out * a.at(-1)!,
  TurnedMatMul: (_node, a, _b, out) => 2 * out * a.at(-2)!,
  Gemm: (node, a, _b, out) => 2 * out * (node.attributes.transA === 1 ? a[0]! : a[1]!),
  Conv: (_node, _a, b, out) => 2 * out * sizeOf(b.slice(1)),
  // Each element of the input meets every weight of its channel.
  ConvTranspose: (_node, a, b) => 2 * sizeOf(a) * sizeOf(b.slice(1)),
  Attention: (_node, q, k) => 4 * q[0]! * q[1]! * k[1]! * q[2]!,
};

function flopsOf(node: Node): number {
  const [a, b] = node.inputs.map((v) => v.shape) as [Shape, Shape];
  return FLOPS[node.op]?.(node, a, b, sizeOf(node.output.shape)) ?? 0;
}

/** Operations needed for the outputs named. */
export function flopCount(graph: Graph, outputs: readonly string[]): number {
  const wanted = graph.outputs.filter((o) => outputs.includes(o.name)).map((o) => o.value);
  const needed = ancestors(graph.nodes, wanted);
  return graph.nodes.reduce((sum, node) => sum + (needed.has(node.output) ? flopsOf(node) : 0), 0);
}
