/** What a finished program can lose without changing its outputs. */
import type { Graph, Node, Value } from "./graph.ts";

/** The values that `roots` are computed from, themselves included. */
export function ancestors(nodes: readonly Node[], roots: Iterable<Value>): Set<Value> {
  const needed = new Set<Value>(roots);
  for (const node of nodes.toReversed()) {
    if (needed.has(node.output)) for (const input of node.inputs) needed.add(input);
  }
  return needed;
}

/** Drops the nodes that no output needs. */
export function withoutDeadNodes(graph: Graph): Graph {
  const needed = ancestors(
    graph.nodes,
    graph.outputs.map((o) => o.value),
  );
  return { ...graph, nodes: graph.nodes.filter((node) => needed.has(node.output)) };
}

/** Values that are the same in every run: constants, weights, and what is computed from them alone. */
export function staticValues(graph: Graph): Set<Value> {
  const fixed = new Set<Value>();
  const isFixed = (v: Value) => v.source.kind === "constant" || v.source.kind === "weight" || fixed.has(v);
  for (const node of graph.nodes) if (node.inputs.every(isFixed)) fixed.add(node.output);
  return fixed;
}
