/**
 * GEGLU as one product and one operator: left * Gelu(right) of a linear layer's two halves, which the network asks for as two ranges of the
 * same weights. What a gradient needs of the halves is sliced from the product.
 */
import type { Graph, Node, OpAttributes, Value } from "../graph.ts";
import { joined, linearBehind, originsOf, rewritten, type Origins } from "./rewriting.ts";

/** `fits` says whether a product of a width has the form. */
export function withSplitGelu(graph: Graph, fits: (width: number) => boolean): Graph {
  const origins = originsOf(graph);
  return rewritten(graph, ({ g, node, copyOf, replace }) => {
    const halves = halvesOf(origins, node);
    const n = halves?.layers[0].output.shape[1] ?? 0;
    if (!halves || !fits(2 * n)) return undefined;
    const { layers, views, activated } = halves;
    const weights = joined(
      g,
      layers.map(({ inputs }) => copyOf(inputs[1]!)),
    );
    const biases = layers.map(({ inputs }) => copyOf(inputs[2]!));
    const product = g.gemm(copyOf(layers[0].inputs[0]!), weights, undefined, { b: true }); // [rows, 2 n]
    const both = layers.map((_, i) => g.add(g.slice(product, 1, i * n, (i + 1) * n), biases[i]!));
    both.forEach((half, i) => {
      replace(copyOf(layers[i]!.output), half);
      replace(copyOf(views[i]!), g.reshape(half, views[i]!.shape));
    });
    replace(copyOf(activated), g.gelu(g.reshape(both[1]!, activated.shape)));
    return g.reshape(g.append("BiasSplitGelu", [product, joined(g, biases)], {}), node.output.shape);
  });
}

interface Halves {
  layers: readonly [left: Node, right: Node];
  /** Their results in the shape that they are used in. */
  views: readonly [left: Value, right: Value];
  /** The right one after GELU. */
  activated: Value;
}

/** The two linear layers of one input whose results `node` multiplies, one of them after GELU. */
function halvesOf(origins: Origins, node: Node): Halves | undefined {
  if (node.op !== "Mul") return undefined;
  const activated = node.inputs.find((value) => origins.producer(value)?.op === "Gelu");
  const plain = node.inputs.find((value) => value !== activated);
  if (!activated || !plain) return undefined;
  const views = [plain, origins.producer(activated)!.inputs[0]!] as const;
  const [left, right] = [linearBehind(origins, views[0]), linearBehind(origins, views[1])];
  if (!left || !right || left === right) return undefined;
  const isPlain = ({ inputs, attributes }: Node) =>
    (attributes as OpAttributes["Gemm"]).transA === 0 && inputs[2]?.shape.length === 1;
  const isOne =
    left.inputs[0] === right.inputs[0] &&
    left.output.shape.join() === right.output.shape.join() &&
    [left, right].every(isPlain) &&
    views.every(({ shape }) => shape.join() === node.output.shape.join());
  return isOne ? { layers: [left, right], views, activated } : undefined;
}
