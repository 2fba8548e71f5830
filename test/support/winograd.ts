/** Programs in Winograd's form whether it pays or not: the networks of the tests are too narrow for it. */
import { withFastConvolutions } from "../../src-main/graph/convolution/rewrite.ts";
import type { Tile } from "../../src-main/graph/convolution/transforms.ts";
import type { Graph } from "../../src-main/graph/graph.ts";

/** Every convolution that has such a form, with the same tile. */
export function inWinogradForm(graph: Graph, tile: Tile): Graph {
  return withFastConvolutions(graph, () => tile);
}
