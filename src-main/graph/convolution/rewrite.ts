/**
 * Convolutions as a processor computes them fastest, which costs memory for weights in another form: Winograd's form where it pays
 * (choice.ts), and elsewhere, for adjoints, a convolution with flipped weights. What is computed stays the same but for rounding.
 */
import { GraphBuilder } from "../builder.ts";
import { appendCopy } from "../copy.ts";
import type { Graph, Node, OpAttributes, Value } from "../graph.ts";
import { staticValues } from "../simplify.ts";
import type { Convolution, TileOf } from "./choice.ts";
import type { Tile } from "./transforms.ts";
import { transformedWeights, winogradAdjoint, winogradConv } from "./winograd.ts";

/** `tileOf` says which get Winograd's form. Other adjoints become convolutions with flipped weights, unless `flips` is false. */
export function withFastConvolutions(graph: Graph, tileOf: TileOf, { flips = true } = {}): Graph {
  const g = new GraphBuilder();
  const candidates = new Map(convolutionsOf(graph).map((one) => [one.node, one]));
  const of = appendCopy(g, graph, {
    node: (node, [x, w, bias]) => {
      const candidate = candidates.get(node);
      const tile = candidate && tileOf(candidate);
      if (tile) return inWinogradForm(g, node, tile, x!, w!, bias);
      return flips ? flipped(g, node, x!, w!) : undefined;
    },
  });
  return g.finish(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, of(value)])));
}

/** The convolutions and adjoints that have a Winograd form: 3 x 3, strides 1, weights that are the same in every run. */
export function convolutionsOf(graph: Graph): Convolution[] {
  const fixed = staticValues(graph);
  return graph.nodes.flatMap((node) => {
    if (node.op !== "Conv" && node.op !== "ConvTranspose") return [];
    const { strides, pads } = node.attributes as OpAttributes["Conv"];
    const weights = node.inputs[1]!;
    const isFixed = weights.source.kind !== "node" ? weights.source.kind !== "input" : fixed.has(weights);
    const fits = weights.shape.slice(2).join() === "3,3" && strides.join() === "1,1" && pads.every((pad) => pad <= 2);
    return isFixed && fits ? [{ node, weights, isAdjoint: node.op === "ConvTranspose" }] : [];
  });
}

function inWinogradForm(g: GraphBuilder, node: Node, tile: Tile, x: Value, w: Value, bias?: Value): Value {
  const u = transformedWeights(g, w, tile);
  if (node.op === "ConvTranspose") return winogradAdjoint(g, x, u, tile, node.attributes as OpAttributes["ConvTranspose"]); // prettier-ignore
  const y = winogradConv(g, x, u, tile, (node.attributes as OpAttributes["Conv"]).pads);
  return bias ? g.add(y, g.reshape(bias, [1, bias.shape[0]!, 1, 1])) : y;
}

/** An adjoint with strides 1 as Conv with flipped weights; undefined for every other node. ONNX Runtime computes that faster than ConvTranspose. */
function flipped(g: GraphBuilder, { op, attributes }: Node, dy: Value, w: Value): Value | undefined {
  if (op !== "ConvTranspose") return undefined;
  const { strides, pads } = attributes as OpAttributes["ConvTranspose"];
  const [kh, kw] = [w.shape[2]!, w.shape[3]!];
  const full = [kh - 1 - pads[0], kw - 1 - pads[1], kh - 1 - pads[2], kw - 1 - pads[3]] as const;
  // A convolution cannot crop, which is what padding wider than the kernel asks for.
  if (strides.join() !== "1,1" || full.some((pad) => pad < 0)) return undefined;
  return g.conv(dy, flippedWeights(g, w), undefined, { strides, pads: full });
}

/** [out, in, kh, kw] to [in, out, kh, kw] with both kernel axes reversed. A session folds this into one more constant. */
function flippedWeights(g: GraphBuilder, w: Value): Value {
  const swapped = g.transpose(w, [1, 0, 2, 3]);
  return [2, 3].reduce((v, axis) => {
    const n = v.shape[axis]!;
    return n === 1 ? v : g.slice(v, axis, n - 1, -n - 1, -1);
  }, swapped);
}
