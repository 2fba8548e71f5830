/** A finished program appended to another builder, node by node, with what is to be different in it. */
import { invariant } from "../wire/errors.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Graph, Node, OpAttributes, OpName, Value } from "./graph.ts";

export interface Changes {
  /** What stands for an input; an input of the same name where left out. */
  input?: (value: Value) => Value;
  /** What stands for a node, given copies of its inputs; the same node where that is undefined or left out. */
  node?: (node: Node, inputs: readonly Value[]) => Value | undefined;
}

/** Appends `graph` to `g` and gives the copy of each of its values. */
export function appendCopy(g: GraphBuilder, graph: Graph, changes: Changes = {}): (value: Value) => Value {
  const copies = new Map<Value, Value>();
  const of = (value: Value): Value => {
    const copy = copies.get(value) ?? introduced(g, value, changes);
    copies.set(value, copy);
    return copy;
  };
  for (const input of graph.inputs) of(input);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(of);
    const changed = changes.node?.(node, inputs);
    copies.set(node.output, changed ?? g.append(node.op, inputs, node.attributes as OpAttributes[OpName]));
  }
  return of;
}

/** What is no node's output; weights keep the names and byte ranges they have. */
function introduced(g: GraphBuilder, value: Value, { input }: Changes): Value {
  const { source, dtype, shape } = value;
  switch (source.kind) {
    case "input":
      return input?.(value) ?? g.input(source.name, dtype, shape);
    case "constant":
      return g.constant(source.data, dtype, shape);
    case "weight":
      return g.weight(source.name, source.ref);
    case "node":
      invariant(false, "a value is used before it is computed");
  }
}
