/**
 * Which convolutions get Winograd's form, with which tiles. Decided from shapes alone, never by a clock: the same network must be
 * rounded in the same way tomorrow, or a seed would not give the same picture.
 */
import type { Node, Value } from "../graph.ts";
import type { Tile } from "./transforms.ts";
import { tileProducts, tilesOf } from "./winograd.ts";

/** The tiles that a convolution is computed in, or undefined for its plain form. */
export type TileOf = (convolution: Convolution) => Tile | undefined;

/** A convolution that has a Winograd form. */
export interface Convolution {
  node: Node;
  /** [out, in, 3, 3]. */
  weights: Value;
  isAdjoint: boolean;
}

/**
 * What is moved and read beside the arithmetic, in floating-point operations of a product that would take as long. Fitted to convolutions of
 * 128 to 2560 channels at 8 x 8 to 512 x 512 (2 cores of an AMD EPYC with AVX-512, onnxruntime-node 1.30; docs/performance.md).
 */
const KEPT: Costs = { moved: 290, read: 12, turned: 75, transformed: 0, spread: 0 };

/** The same where every run makes the transformed weights anew. Fitted to single convolutions in fresh memory (2 cores of an Intel Xeon with AVX-512). */
const REMADE: Costs = { moved: 450, read: 12, turned: 75, transformed: 160, spread: 650 };

interface Costs {
  /** Of each number of the transformed pictures, from and to. */
  moved: number;
  /** Of each number of the weights: read; read in the adjoint's order, for which ONNX Runtime lays them out anew in every run (fitted to products with the weights on the right, which were slower by a tenth to a fifth than turned ones at 8 x 8 and 16 x 16). */
  read: number;
  turned: number;
  /** Of each number of the transformed weights, made in every run. */
  transformed: number;
  /** Of each product of a plain adjoint that is added to the others of its place: ONNX Runtime writes all of them out first. */
  spread: number;
}

/** A forward pass runs for both halves of classifier-free guidance, the adjoint for one. */
const RUNS = { forward: 2, adjoint: 1 };

/** Plain first, then by the numbers that are held. */
const TILES = [undefined, 2, 4] as const;

interface Option {
  tile: Tile | undefined;
  cost: number;
  /** Numbers of weights that a session holds. */
  held: number;
}

/**
 * Numbers that the weights of a program without adjoints may take more than their plain forms: half a gibibyte. With adjoints, which have no
 * copy of their own in Winograd's form, they take no more: a guided step needs the most memory of all.
 */
const MOST_MORE = 1 << 27;

/**
 * For each distinct `weights` that it pays for the tile of all their convolutions. Together they hold at most `mostMore` numbers more than
 * plainly, where each direction has a copy of its own.
 */
export function chooseTiles(
  convolutions: readonly Convolution[],
  mostMore = convolutions.some(({ isAdjoint }) => isAdjoint) ? 0 : MOST_MORE,
): Map<Value, Tile> {
  const groups = [...Map.groupBy(convolutions, ({ weights }) => weights)].map(([weights, users]) => ({
    weights,
    options: TILES.map((tile) => option(tile, weights, users)),
  }));
  // What a number held has to save. The more it is, the less is held; the least that keeps to the limit is best.
  const prices = groups.flatMap(({ options }) =>
    options.flatMap((a) => options.flatMap((b) => (b.held > a.held ? [(a.cost - b.cost) / (b.held - a.held)] : []))),
  );
  for (const price of [0, ...prices.filter((one) => one > 0)].sort((a, b) => a - b)) {
    const worth = ({ cost, held }: Option) => cost + price * held;
    const chosen = groups.map(({ weights, options }) => ({
      weights,
      plain: options[0]!,
      best: options.reduce((best, one) => (worth(one) <= worth(best) ? one : best)),
    }));
    const more = chosen.reduce((sum, { plain, best }) => sum + best.held - plain.held, 0);
    if (more <= mostMore)
      return new Map(chosen.flatMap(({ weights, best: { tile } }) => (tile ? [[weights, tile]] : [])));
  }
  return new Map();
}

function option(tile: Tile | undefined, weights: Value, users: readonly Convolution[]): Option {
  const pairs = weights.shape[0]! * weights.shape[1]!;
  const directions = new Set(users.map(({ isAdjoint }) => isAdjoint)).size;
  const held = pairs * (tile ? tileProducts(tile) : 9 * directions);
  const cost = users.reduce((sum, one) => sum + (one.isAdjoint ? RUNS.adjoint : RUNS.forward) * costOf(KEPT, tile, one), 0); // prettier-ignore
  return { tile, cost, held };
}

/** Most numbers of transformed weights that a run makes at once: 128 MiB. */
const MOST_REMADE = 1 << 25;

/**
 * The tile that is fastest where a session keeps no weights in another form than the file's: they are transformed in every run, and gone
 * after their use.
 */
export const remadeTile: TileOf = (convolution) => {
  const [out, channels] = convolution.weights.shape as [number, number];
  const possible = TILES.filter((tile) => !tile || tileProducts(tile) * out * channels <= MOST_REMADE);
  const costs = possible.map((tile) => costOf(REMADE, tile, convolution));
  return possible[costs.indexOf(Math.min(...costs))];
};

function costOf(costs: Costs, tile: Tile | undefined, { node, weights, isAdjoint }: Convolution): number {
  const [out, channels] = weights.shape as [number, number];
  const [batch, , height, width] = node.output.shape as [number, number, number, number];
  if (!tile) {
    const spread = isAdjoint ? 9 * channels * batch * height * width * costs.spread : 0;
    return 9 * out * channels * (2 * batch * height * width + costs.read) + spread;
  }
  const t = tileProducts(tile);
  const tiles = batch * tilesOf(tile, height, width);
  const weightsCost = costs.transformed + (isAdjoint ? costs.turned : costs.read);
  return t * (out * channels * (2 * tiles + weightsCost) + costs.moved * tiles * (out + channels));
}
