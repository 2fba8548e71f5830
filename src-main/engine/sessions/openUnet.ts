/** The noise predictor in a session: what a step feeds it and gets back, by name and type instead of by the graph's strings. */
import { invariant } from "../../wire/errors.ts";
import { layoutInputs } from "../../guidance/attentionLoss.ts";
import { maskInput } from "../../guidance/columnMask.ts";
import { gridKey } from "../../guidance/masks.ts";
import { serves, strengthsOf, type AppliedLora, type OpenLora } from "./appliedLoras.ts";
import type { Feed, OrtSession } from "./session.ts";
import type { UnetGraph } from "./unetGraph.ts";

type Numbers = Float32Array<ArrayBuffer>;

export interface UnetInputs {
  /** As the network takes it, [channels, height, width] in cells. */
  latent: Float32Array;
  /** Features of the timestep (`timestepFeatures`). */
  time: Float32Array;
  /** Text states, [columns, width]. */
  context: Float32Array;
  /** Stable Diffusion XL's second condition, where the network has one. */
  addition?: Float32Array;
  /** Features of the guidance scale, where the network reads them. */
  guidance?: Float32Array;
  /** Weight of each token in the layout loss; all 0 without boxes. */
  tokenWeights: Float32Array;
  /** By `gridKey` of each grid of `layers`: what the loss compares a map with, [pixels, tokens]. */
  contrast: ReadonlyMap<string, Float32Array>;
  /** The same keys: by what share of a column's largest score the scores in boxes rise at strength 1. */
  injection: ReadonlyMap<string, Float32Array>;
  /** Factor on `injection`; 0 for none. */
  strength: number;
  /** The same keys: what is added to the scores, [pixels, columns]; left out where every column is attended everywhere. */
  mask?: ReadonlyMap<string, Float32Array>;
}

export interface UnetOutputs {
  /** Noise or velocity, of the latent's shape. */
  prediction: Numbers;
  /** Mean attention on the loss grid, [cells, tokens]. */
  maps: Numbers;
  loss: number;
}

export interface GuidedOutputs extends UnetOutputs {
  /** Of the loss with respect to `latent`. */
  gradient: Numbers;
}

export class OpenUnet {
  readonly #built: UnetGraph;
  readonly #session: OrtSession;
  readonly #loras: readonly OpenLora[];
  #wanted: readonly AppliedLora[] = [];

  /** `session` is that of `built`'s graph; it is closed with this. */
  constructor(built: UnetGraph, session: OrtSession, loras: readonly AppliedLora[] = []) {
    this.#built = built;
    this.#session = session;
    this.#loras = loras.map(({ key }, i) => ({ key, hasKernels: built.kernels.has(i) }));
  }

  /** Sets the strengths of the runs to come; false where this program was not built for these LoRAs. */
  use(loras: readonly AppliedLora[]): boolean {
    if (!serves(this.#loras, loras)) return false;
    this.#wanted = loras;
    return true;
  }

  get graph() {
    return this.#built.graph;
  }
  /** Cells of the latent. */
  get latent() {
    return this.#built.latent;
  }
  /** Columns of text. */
  get columns() {
    return this.#built.columns;
  }
  /** Grid of the maps. */
  get target() {
    return this.#built.target;
  }
  /** Distinct grids of the cross-attention layers. */
  get layers() {
    return this.#built.layers;
  }
  /** Attention maps per token: heads times layers. */
  get maps() {
    return this.#built.maps;
  }

  async run(inputs: UnetInputs): Promise<UnetOutputs> {
    return named(await this.#session.run(this.#feeds(inputs)));
  }

  /** The same step with the gradient, at the price of one and a half plain ones. */
  async runGuided(inputs: UnetInputs): Promise<GuidedOutputs> {
    const outputs = await this.#session.run(this.#feeds(inputs), true);
    return { ...named(outputs), gradient: output(outputs, "gradient") };
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #feeds({ tokenWeights, contrast, injection, strength, mask, ...plain }: UnetInputs): Record<string, Feed> {
    const strengths = strengthsOf(this.#loras, this.#wanted, "strength");
    const feeds: Record<string, Feed> = { ...plain, ...strengths, token_weights: tokenWeights };
    for (const layer of this.layers) {
      const names = layoutInputs(layer);
      feeds[names.contrast] = of(contrast, gridKey(layer));
      feeds[names.injection] = of(injection, gridKey(layer)).map((share) => share * strength);
      feeds[maskInput(layer)] = mask
        ? of(mask, gridKey(layer))
        : new Float32Array(layer.height * layer.width * this.columns);
    }
    return feeds;
  }
}

function of(byGrid: ReadonlyMap<string, Float32Array>, key: string): Float32Array {
  const numbers = byGrid.get(key);
  invariant(numbers, `nothing for the attention layers of ${key}`);
  return numbers;
}

function output(outputs: Readonly<Record<string, Numbers>>, name: string): Numbers {
  const numbers = outputs[name];
  invariant(numbers, `the network gave no ${name}`);
  return numbers;
}

function named(outputs: Readonly<Record<string, Numbers>>): UnetOutputs {
  const loss = output(outputs, "loss")[0];
  invariant(loss !== undefined, "the network gave an empty loss");
  return { prediction: output(outputs, "prediction"), maps: output(outputs, "maps"), loss };
}
