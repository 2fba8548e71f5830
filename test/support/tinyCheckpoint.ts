/**
 * Random checkpoints of Stable Diffusion's structure, a few channels wide. A tensor exists because the network asks for
 * it: names and shapes are judged by the goldens, here it is the numbers that matter.
 */
import type { TextConfig, VaeConfig } from "../../src-main/checkpoint/config.ts";
import type { UnetConfig } from "../../src-main/checkpoint/unetConfig.ts";
import { Weights } from "../../src-main/checkpoint/weights.ts";
import type { DType, Shape, WeightRef } from "../../src-main/graph/graph.ts";
import { sizeOf } from "../../src-main/graph/graph.ts";
import { normals } from "./randomNumbers.ts";
import { appendWeight, temporaryFile } from "./weightFile.ts";

let made = 0;

interface Store {
  file: string;
  dtype: DType;
  known: Map<string, WeightRef>;
  lacks: (name: string) => boolean;
}

/** Weights that are made when they are asked for, in a temporary file. `lacks` says which names are not there. */
export class RandomWeights extends Weights {
  readonly #store: Store;

  private constructor(store: Store, scope = "") {
    super(new Map(), store.file, scope);
    this.#store = store;
  }

  static create(lacks: (name: string) => boolean = () => false, dtype: DType = "float32"): RandomWeights {
    return new RandomWeights({ file: temporaryFile(`weights-${made++}.bin`), dtype, known: new Map(), lacks });
  }

  override at(scope: string): RandomWeights {
    return new RandomWeights(this.#store, this.fullName(scope));
  }

  override has(name: string): boolean {
    return !this.#store.lacks(this.fullName(name));
  }

  override tensor(name: string, shape: Shape): WeightRef {
    const full = this.fullName(name);
    const { file, dtype, known } = this.#store;
    const ref = known.get(full) ?? appendWeight(file, shape, valuesOf(full, shape, known.size), dtype, known.size % 3);
    known.set(full, ref);
    return { ...ref, shape };
  }

  override names(): string[] {
    return [...this.#store.known.keys()];
  }
}

/** Scales of norms are about 1; the rest is as large as keeps the numbers near 1 from layer to layer. */
function valuesOf(name: string, shape: Shape, seed: number): number[] {
  const values = normals(shape, seed + 1);
  if (name.includes("norm") && name.endsWith("weight")) return values.map((v) => 1 + 0.2 * v);
  const inputs = sizeOf(shape.slice(1));
  return values.map((v) => (shape.length === 1 ? 0.1 * v : v / Math.sqrt(inputs)));
}

/** Two levels of 4 and 8 channels, attention on both. */
export const TINY_UNET: UnetConfig = {
  inChannels: 4,
  outChannels: 4,
  blockOutChannels: [4, 8],
  downAttention: [true, true],
  upAttention: [true, true],
  midAttention: true,
  layersPerBlock: [1, 1],
  heads: [2, 2],
  transformerDepth: [1, 1],
  contextWidth: 6,
  normGroups: 2,
  normEps: 1e-5,
  flipSinToCos: true,
  freqShift: 0,
  activation: "silu",
  upcastAttention: false,
};

export const TINY_VAE: VaeConfig = {
  inChannels: 3,
  outChannels: 3,
  latentChannels: 4,
  blockOutChannels: [4, 8],
  layersPerBlock: 1,
  normGroups: 2,
  scalingFactor: 0.18215,
  midAttention: true,
};

export const TINY_TEXT: TextConfig = {
  vocabSize: 20,
  hiddenSize: 8,
  intermediateSize: 12,
  layers: 2,
  heads: 2,
  maxPositions: 9,
  activation: "quick_gelu",
  layerNormEps: 1e-5,
};

/** Attention projections of the UNet have no bias. */
export const unetLacks = (name: string): boolean => /attn[12]\.to_[qkv]\.bias$/.test(name);
