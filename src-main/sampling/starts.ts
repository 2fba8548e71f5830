/** What a run begins with: noise, noise between two seeds, or a picture that is noised as far as its first step. */
import type { Seed } from "../scene/scene.ts";
import { TorchGenerator } from "./random.ts";
import { type Evaluation, type Numbers, weightedSum } from "./sampler.ts";

/** Cells of a latent, [channels, height, width]. */
interface Shape {
  channels: number;
  height: number;
  width: number;
}

/** Vectors that are nearly one have no angle between them: A1111 goes straight from one to the other then. */
const NEARLY_ONE = 0.9995;

/**
 * Spherical interpolation from `low` to `high` by `share`, as A1111's web UI mixes the noises of two seeds (modules/rng.py, slerp): it
 * takes each column of each channel for a vector. Nearly equal ones are mixed the other way round there, and so here.
 */
export function mixNoise(
  share: number,
  low: Float32Array,
  high: Float32Array,
  shape: Shape,
): Float32Array<ArrayBuffer> {
  const { channels, height, width } = shape;
  const columns = channels * width;
  const dots = new Float64Array(columns);
  const at = (column: number, y: number) => {
    const channel = Math.floor(column / width);
    return (channel * height + y) * width + (column % width);
  };
  for (let column = 0; column < columns; column++) {
    let [dot, lows, highs] = [0, 0, 0];
    for (let y = 0; y < height; y++) {
      const [a, b] = [low[at(column, y)]!, high[at(column, y)]!];
      dot += a * b;
      lows += a * a;
      highs += b * b;
    }
    dots[column] = dot / Math.sqrt(lows * highs);
  }
  const mean = dots.reduce((sum, dot) => sum + dot, 0) / columns;
  if (mean > NEARLY_ONE) return weightedSum([share, low], [1 - share, high]);
  const mixed = new Float32Array(low.length);
  for (let column = 0; column < columns; column++) {
    const angle = Math.acos(Math.min(1, Math.max(-1, dots[column]!)));
    const [keep, take] = [1 - share, share].map((part) =>
      angle === 0 ? part : Math.sin(part * angle) / Math.sin(angle),
    );
    for (let y = 0; y < height; y++) mixed[at(column, y)] = keep! * low[at(column, y)]! + take! * high[at(column, y)]!;
  }
  return mixed;
}

/** The variation that is wanted: mixed into the noise of seed `of`, `share` of a seed's own. */
export interface Variation {
  of: Seed;
  share: number;
}

/** A seed's first noise, and the generator that goes on behind it: of a variation, that of the seed it is a variation of. */
export function firstNoise(seed: Seed, shape: Shape, variation?: Variation) {
  const count = shape.channels * shape.height * shape.width;
  const generator = new TorchGenerator(variation?.of ?? seed);
  const own = generator.normal(count);
  if (!variation) return { generator, noise: own };
  return { generator, noise: mixNoise(variation.share, own, new TorchGenerator(seed).normal(count), shape) };
}

/** A clean latent as it would be at an evaluation, in the scale that its sampler keeps: (x0 + sigma noise) / sqrt(1 + sigma^2) for the network. */
export function noisedTo(clean: Numbers, noise: Numbers, { sigma, inputScale }: Evaluation): Float32Array<ArrayBuffer> {
  const scale = 1 / Math.sqrt(1 + sigma * sigma) / inputScale;
  return weightedSum([scale, clean], [sigma * scale, noise]);
}
