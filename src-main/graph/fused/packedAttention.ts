/**
 * Self-attention on query, key and value that one product gives side by side, head by head. What a gradient needs of the three is sliced
 * from them.
 */
import type { GraphBuilder } from "../builder.ts";
import type { Graph, Node, OpAttributes, Value } from "../graph.ts";
import { linearBehind, originsOf, rewritten, type Origins } from "./rewriting.ts";

export function withPackedAttention(graph: Graph): Graph {
  const origins = originsOf(graph);
  return rewritten(graph, ({ g, node, copyOf, replace }) => {
    const layers = layersOf(origins, node);
    if (!layers) return undefined;
    const { heads } = node.attributes as OpAttributes["Attention"];
    const [batch, rows, c] = node.output.shape as [number, number, number];
    const part = (i: number) => layers.map(({ inputs }) => copyOf(inputs[i]!));
    const { transA } = layers[0]!.attributes as OpAttributes["Gemm"];
    const bias = layers[0]!.inputs[2] ? packed(g, part(2), heads) : undefined;
    const product = g.gemm(part(0)[0]!, packed(g, part(1), heads), bias, { a: transA === 1, b: true });
    const all = g.reshape(product, [batch, rows, heads, 3, c / heads]);
    layers.forEach(({ output }, i) => {
      const own = g.slice(all, 3, i, i + 1);
      replace(copyOf(output), g.reshape(own, output.shape));
      replace(copyOf(node.inputs[i]!), g.reshape(own, node.inputs[i]!.shape));
    });
    return g.append("PackedAttention", [all], { heads });
  });
}

/** Rows of three layers' weights (or biases) in the order head by head, and in each head query, key and value. */
function packed(g: GraphBuilder, parts: readonly Value[], heads: number): Value {
  const [c, ...rest] = parts[0]!.shape as [number, ...number[]];
  const byHead = parts.map((part) => g.reshape(part, [heads, 1, c / heads, ...rest]));
  return g.reshape(g.concat(byHead, 1), [3 * c, ...rest]);
}

/** The linear layers of the query, key and value of an attention that are of the same input. */
function layersOf(origins: Origins, node: Node): readonly Node[] | undefined {
  if (node.op !== "Attention") return undefined;
  const layers = node.inputs.flatMap((value) => linearBehind(origins, value) ?? []);
  if (layers.length < 3) return undefined;
  const kind = ({ inputs, attributes }: Node) =>
    [inputs[0]!.id, inputs[1]!.shape, inputs[2]?.shape.join() ?? "none", (attributes as OpAttributes["Gemm"]).transA].join(" "); // prettier-ignore
  const isOne = layers.every((layer) => kind(layer) === kind(layers[0]!) && (layer.inputs[2]?.shape.length ?? 1) === 1);
  return isOne && new Set(layers).size === 3 ? layers : undefined;
}
