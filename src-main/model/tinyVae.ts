/** The decoder of a tiny autoencoder: madebyollin's TAESD, in diffusers AutoencoderTiny (DecoderTiny). */
import type { Value } from "../graph/graph.ts";
import { conv2d, type Module } from "./layers.ts";

/** Residual blocks before each enlargement, and before the last convolution. */
const BLOCKS = [3, 3, 3, 1];

/** Latent [1, c, h, w] as the sampler leaves it to a picture [1, 3, 8 h, 8 w] in about [-1, 1]. */
export function tinyDecoder(m: Module, latent: Value): Value {
  const { g } = m;
  const width = m.weights.shapeOf("layers.0.weight")[0]!;
  const layer = (index: number) => m.at(`layers.${index}`);
  // 3 tanh(x / 3), by tanh(y) = 2 sigmoid(2 y) - 1.
  const clamped = g.sub(g.mul(g.sigmoid(g.mul(latent, 2 / 3)), 6), 3);
  let h = g.relu(conv2d(layer(0), clamped, width));
  let next = 2;
  BLOCKS.forEach((blocks, i) => {
    for (let j = 0; j < blocks; j++) h = block(layer(next++), h, width);
    if (i === BLOCKS.length - 1) return;
    h = conv2d(layer(next + 1), g.upsample(h), width); // the enlargement is counted, too
    next += 2;
  });
  return g.sub(g.mul(conv2d(layer(next), h, 3), 2), 1); // it makes pictures from 0 to 1
}

function block(m: Module, x: Value, width: number): Value {
  const { g } = m;
  const first = g.relu(conv2d(m.at("conv.0"), x, width));
  const second = g.relu(conv2d(m.at("conv.2"), first, width));
  return g.relu(g.add(conv2d(m.at("conv.4"), second, width), x));
}
