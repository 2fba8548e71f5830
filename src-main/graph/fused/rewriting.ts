/** A finished program with some of its nodes made otherwise; what the rewritings of this folder have in common. */
import { GraphBuilder } from "../builder.ts";
import { appendCopy } from "../copy.ts";
import type { Graph, Node, OpAttributes, OpName, Value } from "../graph.ts";
import { staticValues, withoutDeadNodes } from "../simplify.ts";

export interface Rewriting {
  g: GraphBuilder;
  /** Of the program that is rewritten. */
  node: Node;
  /** What stands for its inputs. */
  inputs: readonly Value[];
  /** What stands for a value of the program that was the input of this or an earlier node. */
  copyOf: (value: Value) => Value;
  /** Makes `value` stand for `copy` in all later nodes. */
  replace: (copy: Value, value: Value) => void;
}

/** The program in which `change` says what stands for a node; the same node where it says undefined. */
export function rewritten(graph: Graph, change: (rewriting: Rewriting) => Value | undefined): Graph {
  const g = new GraphBuilder();
  const copies = new Map<Value, Value>();
  const instead = new Map<Value, Value>();
  const now = (copy: Value) => instead.get(copy) ?? copy;
  const of = appendCopy(g, graph, {
    node: (node, given) => {
      node.inputs.forEach((value, i) => copies.set(value, given[i]!));
      const inputs = given.map(now);
      const copyOf = (value: Value) => now(copies.get(value)!);
      const changed = change({ g, node, inputs, copyOf, replace: (copy, value) => instead.set(copy, value) });
      return changed ?? g.append(node.op, inputs, node.attributes as OpAttributes[OpName]);
    },
  });
  return withoutDeadNodes(g.finish(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, now(of(value))]))));
}

/** What a rewriting asks of the program as it was. */
export interface Origins {
  producer: (value: Value) => Node | undefined;
  /** The same in every run. */
  isFixed: (value: Value) => boolean;
}

export function originsOf(graph: Graph): Origins {
  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const fixed = staticValues(graph);
  return {
    producer: (value) => producers.get(value),
    isFixed: (value) => value.source.kind === "weight" || value.source.kind === "constant" || fixed.has(value),
  };
}

/** The linear layer that gives `value`, seen in another shape or not: Gemm with weights [out, in] that are the same in every run. */
export function linearBehind({ producer, isFixed }: Origins, value: Value): Node | undefined {
  const maker = producer(value);
  const node = maker?.op === "Reshape" ? producer(maker.inputs[0]!) : maker;
  if (node?.op !== "Gemm" || (node.attributes as OpAttributes["Gemm"]).transB !== 1) return undefined;
  return node.inputs.slice(1).every(isFixed) ? node : undefined;
}

/** Weights with the first axes joined: where they follow each other in the file, one range of it; a session folds the rest into one more constant. */
export function joined(g: GraphBuilder, parts: readonly Value[]): Value {
  const sources = parts.map((part) => (g.producer(part)?.op === "Cast" ? g.producer(part)!.inputs[0]! : part));
  const weights = sources.flatMap(({ source }) => (source.kind === "weight" ? [source] : []));
  const [head, ...tail] = weights.map(({ ref }) => ref);
  let end = head ? head.offset + head.length : 0;
  const follows = tail.every((ref) => {
    const isNext = ref.file === head!.file && ref.dtype === head!.dtype && ref.offset === end;
    end += ref.length;
    return isNext;
  });
  if (weights.length < parts.length || !head || !follows) return g.concat(parts, 0);
  const rows = weights.reduce((sum, { ref }) => sum + ref.shape[0]!, 0);
  const ref = { ...head, length: end - head.offset, shape: [rows, ...head.shape.slice(1)] };
  return g.weight(weights.map(({ name }) => name).join("+"), ref, parts[0]!.dtype);
}
