/**
 * A 3 x 3 convolution in fewer multiplications (transforms.ts), spelled so that ONNX Runtime's own operators are fast at it: the small
 * transforms are convolutions of single channels, and all the arithmetic is a few dozen large matrix products, one for each number t of
 * a tile. The adjoint uses the very same transformed weights.
 */
import type { GraphBuilder } from "../builder.ts";
import type { Pads, Shape, Value } from "../graph.ts";
import { adjointTransforms, forwardTransforms, type Tile, type Transforms } from "./transforms.ts";

/** Numbers of a tile's inputs, and so of the products of one input and output channel. */
export function tileProducts(tile: Tile): number {
  return (tile + 2) ** 2;
}

/** Tiles that cover a picture of outputs. */
export function tilesOf(tile: Tile, height: number, width: number): number {
  return Math.ceil(height / tile) * Math.ceil(width / tile);
}

/**
 * w [out, in, 3, 3] to [1, t, out, in]. The same in every run, so a session computes it once: by a convolution over w seen as a picture of
 * `out` rows, because that gives the result alone, and as many gigabytes of results on the way to it would be held at the same time.
 */
export function transformedWeights(g: GraphBuilder, w: Value, tile: Tile): Value {
  const [out, channels] = w.shape as [number, number];
  const kernels = g.constant(products(forwardTransforms(tile).weights), w.dtype, [tileProducts(tile), 1, 1, 9]);
  const picture = seenAs(g, w, [1, 1, out, channels * 9]);
  return g.conv(picture, kernels, undefined, { strides: [1, 9], pads: [0, 0, 0, 0] });
}

/** Reshape; of weights the same bytes under another shape, which nothing has to copy. */
function seenAs(g: GraphBuilder, x: Value, shape: Shape): Value {
  const maker = g.producer(x);
  if (maker?.op === "Cast") return g.cast(seenAs(g, maker.inputs[0]!, shape), x.dtype);
  if (x.source.kind !== "weight") return g.reshape(x, shape);
  const { name, ref } = x.source;
  return g.weight(`${name} as ${shape.join(" x ")}`, { ...ref, shape });
}

/** What Conv gives for x [batch, in, height, width], the weights that became `u`, strides 1 and `pads`. */
export function winogradConv(
  g: GraphBuilder,
  x: Value,
  u: Value,
  tile: Tile,
  pads: Pads,
  atOnce = MOST_AT_ONCE,
): Value {
  const [, , height, width] = x.shape as [number, number, number, number];
  const size = [height + pads[0] + pads[2] - 2, width + pads[1] + pads[3] - 2] as const;
  const product = (v: Value) => g.matmul(u, v);
  return tiled(g, x, { tile, transforms: forwardTransforms(tile), out: u.shape[2]!, product }, pads, size, atOnce);
}

/**
 * What ConvTranspose gives for dy [batch, out, ...], the weights that became `u`, strides 1, `pads` and `size`. The weights are turned about
 * by the product itself: as [t, in, out] they would have to be copied.
 */
export function winogradAdjoint(
  g: GraphBuilder,
  dy: Value,
  u: Value,
  tile: Tile,
  { pads, size }: { pads: Pads; size: readonly [number, number] },
  atOnce = MOST_AT_ONCE,
): Value {
  const full = pads.map((pad) => 2 - pad) as unknown as Pads;
  const product = (v: Value) => g.append("TurnedMatMul", [u, v], {});
  return tiled(g, dy, { tile, transforms: adjointTransforms(tile), out: u.shape[3]!, product }, full, size, atOnce);
}

/**
 * Most numbers of a transformed picture that are held at once. Those of the autoencoder's last pictures would take gigabytes; they are
 * computed in bands of rows.
 */
const MOST_AT_ONCE = 1 << 24;

interface Tiling {
  tile: Tile;
  transforms: Pick<Transforms, "input" | "output">;
  /** Channels of the result. */
  out: number;
  /** From tiles [1, t, channels, n] to [1, t, out, n]. */
  product: (tiles: Value) => Value;
}

/** A picture of the height and width `size` of what x gives, with zeros above it and on its left as `pads` say; the rest follows from the sizes. */
function tiled(
  g: GraphBuilder,
  x: Value,
  tiling: Tiling,
  [top, left]: Pads,
  [height, width]: readonly [number, number],
  atOnce: number,
): Value {
  const { tile, out } = tiling;
  const [batch, channels, rows] = x.shape as [number, number, number];
  const perRow = (tileProducts(tile) * batch * Math.max(channels, out) * Math.ceil(width / tile)) / tile;
  const band = tile * Math.max(1, Math.floor(atOnce / (perRow * tile)));
  const parts: Value[] = [];
  for (let start = 0; start < height; start += band) {
    const end = Math.min(start + band, height);
    const [from, to] = [start - top, end + 2 - top];
    const part = g.slice(x, 2, Math.max(0, from), Math.min(to, rows));
    parts.push(tiledBand(g, part, tiling, [Math.max(0, -from), left], [end - start, width]));
  }
  return g.concat(parts, 2);
}

/**
 * Most numbers of a result whose tiles are put together as one picture, all channels above each other: beyond that ONNX Runtime, which first
 * writes out all of them and then puts them in their places, is faster channel by channel.
 */
const MOST_IN_ONE = 1 << 22;

function tiledBand(
  g: GraphBuilder,
  x: Value,
  { tile, transforms, out, product }: Tiling,
  [top, left]: readonly [number, number],
  [height, width]: readonly [number, number],
): Value {
  const [batch, channels, ...from] = x.shape as [number, number, number, number];
  const [rows, columns] = [Math.ceil(height / tile), Math.ceil(width / tile)];
  const [n, t, strides] = [tile + 2, tileProducts(tile), [tile, tile] as const];
  // The last tiles may reach beyond the picture; what they have too much is cropped again by the padding of the way back.
  const pads = [top, left, rows * tile + 2 - from[0] - top, columns * tile + 2 - from[1] - left] as const;
  const crop = [0, 0, rows * tile - height, columns * tile - width] as const;

  const cut = g.constant(products(transforms.input), x.dtype, [t, 1, n, n]);
  const cutUp = g.conv(g.reshape(x, [batch * channels, 1, ...from]), cut, undefined, { strides, pads });
  // Turned about in the one way that ONNX Runtime's product does by itself: the first axis becomes the last but one.
  const count = rows * columns;
  const planes = batch === 1 ? cutUp : g.transpose(g.reshape(cutUp, [batch, channels, t, count]), [1, 2, 0, 3]);
  const tiles = g.transpose(g.reshape(planes, [channels, 1, t, batch * count]), [1, 2, 0, 3]);
  const multiplied = product(tiles); // [1, t, out, batch * count]

  const join = g.constant(columnProducts(transforms.output), x.dtype, [t, 1, tile, tile]);
  const put = (one: Value, size: readonly [number, number]) =>
    g.append("ConvTranspose", [one, join], { strides, pads: crop, size });
  const isInOne = batch === 1 && crop[2] === 0 && crop[3] === 0 && out * height * width <= MOST_IN_ONE;
  const apart = () =>
    batch === 1
      ? g.transpose(g.reshape(multiplied, [t, out, count]), [1, 0, 2])
      : g.transpose(g.reshape(multiplied, [t, out, batch, count]), [2, 1, 0, 3]);
  const joined = isInOne
    ? put(g.reshape(multiplied, [1, t, out * rows, columns]), [out * height, width])
    : put(g.reshape(apart(), [batch * out, t, rows, columns]), [height, width]);
  return g.reshape(joined, [batch, out, height, width]);
}

/** Every row of `matrix` times every row: [rows, rows, columns, columns], the kernels of its two-dimensional transform. */
function products(matrix: Transforms["input"]): number[] {
  return matrix.flatMap((a) => matrix.flatMap((b) => a.flatMap((p) => b.map((q) => p * q))));
}

function columnProducts(matrix: Transforms["output"]): number[] {
  return products(matrix[0]!.map((_, j) => matrix.map((row) => row[j]!)));
}
