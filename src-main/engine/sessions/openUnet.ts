/** The noise predictor in a session: what a step feeds it and gets back, by name and type instead of by the graph's strings. */
import { invariant } from "../../wire/errors.ts";
import { maskInput } from "../../guidance/columnMask.ts";
import { gridKey } from "../../guidance/masks.ts";
import type { Feeds } from "../../guidance/method.ts";
import { serves, strengthsOf, type AppliedLora, type OpenLora } from "./appliedLoras.ts";
import { kindOf, type PairChoice } from "./pairChoice.ts";
import { gatesOf, gatesOfOne, outputsOfPairs, stackedFeeds } from "./pairs.ts";
import type { Feed, OrtSession, Outputs } from "./session.ts";
import { GRADIENT_GATE, PREDICTION_GATE, type UnetGraph } from "./unetGraph.ts";

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
  /** What the method's program takes, by the names of its inputs. */
  feeds: Feeds;
  /** By `gridKey` of each grid of `layers`: what is added to the scores, [pixels, columns]; left out where every column is attended everywhere. */
  mask?: ReadonlyMap<string, Float32Array>;
}

export interface LossOutputs {
  /** 0 where the method has none. */
  loss: number;
  /** The method's own outputs. */
  told: Readonly<Record<string, Numbers>>;
}

export interface UnetOutputs extends LossOutputs {
  /** Noise or velocity, of the latent's shape. */
  prediction: Numbers;
  /** Mean attention on the loss grid, [cells, tokens]. */
  maps: Numbers;
  /** For the outermost layers of later steps, where the network was opened to keep it. */
  deep?: Numbers;
}

export interface GuidedOutputs extends UnetOutputs {
  /** Of the loss with respect to `latent`. */
  gradient: Numbers;
}

/** What the network is asked for both halves of classifier-free guidance. */
export interface BothInputs {
  prompt: UnetInputs;
  negative: UnetInputs;
}

export interface BothOutputs {
  /** With the gradient where it was asked for. */
  prompt: UnetOutputs & Partial<GuidedOutputs>;
  negative: Pick<UnetOutputs, "prediction" | "deep">;
  /** Of the network, in the run that it came of. */
  rows: number;
}

export class OpenUnet {
  readonly #built: UnetGraph;
  readonly #session: OrtSession;
  readonly #loras: readonly OpenLora[];
  readonly #outermost: OpenUnet | undefined;
  readonly #choice: PairChoice | undefined;
  #wanted: readonly AppliedLora[] = [];

  /**
   * `session` is that of `built`'s graph; it is closed with this, and so is `outermost`, the network's outermost layers by themselves. `choice` says
   * whether pairs are used, where `built` has them.
   */
  constructor(
    built: UnetGraph,
    session: OrtSession,
    loras: readonly AppliedLora[] = [],
    { outermost, choice }: { outermost?: OpenUnet | undefined; choice?: PairChoice | undefined } = {},
  ) {
    this.#built = built;
    this.#session = session;
    this.#outermost = outermost;
    this.#choice = choice;
    this.#loras = loras.map(({ key }, i) => ({ key, hasKernels: built.kernels.has(i) }));
  }

  /** Sets the strengths of the runs to come; false where this program was not built for these LoRAs. */
  use(loras: readonly AppliedLora[]): boolean {
    if (!serves(this.#loras, loras)) return false;
    this.#wanted = loras;
    return this.#outermost?.use(loras) ?? true;
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
  /** Every layer of cross-attention, in forward order. */
  get attention() {
    return this.#built.attention;
  }
  /** Of how many pictures both halves can be had in one run. */
  get pairs() {
    return this.#built.pairs;
  }
  /** Attention maps per token: heads times layers. */
  get maps() {
    return this.#built.maps;
  }

  async run(inputs: UnetInputs): Promise<UnetOutputs> {
    return this.#predicted(await this.#one(inputs, [PREDICTION_GATE]));
  }

  /** Both halves of a step, with the gradient of the prompt's where it is wanted: in one run where that is faster here. */
  async both(halves: BothInputs, gradient: boolean): Promise<BothOutputs> {
    const apart = async (): Promise<BothOutputs> => {
      const prompt = await (gradient ? this.runGuided(halves.prompt) : this.run(halves.prompt));
      return { prompt, negative: await this.run(halves.negative), rows: 1 };
    };
    if (!this.#choice) return apart();
    const together = async () => (await this.#together([halves], gradient))[0]!;
    return this.#choice.take(kindOf(gradient), { apart, together, numbersOf, rows: 2 });
  }

  /** The same of several pictures: all in one run, where the network was opened for that and it is faster here. */
  async bothOf(pictures: readonly BothInputs[], gradient: boolean): Promise<BothOutputs[]> {
    const apart = async () => {
      const each: BothOutputs[] = [];
      for (const halves of pictures) each.push(await this.both(halves, gradient));
      return each;
    };
    const most = this.#built.pairs.at(-1) ?? 0;
    if (!this.#choice || pictures.length < 2 || most < pictures.length) return apart();
    const kind = kindOf(gradient, most);
    const together = () => this.#together(pictures, gradient);
    if (pictures.length === most) {
      return this.#choice.take(kind, { apart, together, numbersOf: (all) => all.flatMap(numbersOf), rows: 2 * most });
    }
    // Rows that nobody needs are computed, too: it takes as long as for all.
    return this.#choice.isTogether(kind) && 2 * pictures.length > most ? together() : apart();
  }

  /** The same step with the gradient, at the price of one and a half plain ones. */
  async runGuided(inputs: UnetInputs): Promise<GuidedOutputs> {
    const outputs = await this.#one(inputs, [PREDICTION_GATE, GRADIENT_GATE]);
    return { ...this.#predicted(outputs), gradient: output(outputs, "gradient") };
  }

  /** The prediction by the outermost layers alone, around what an earlier run kept as `deep`: a fraction of a step. */
  async runOutermost(inputs: UnetInputs & { deep: Float32Array }): Promise<Numbers> {
    invariant(this.#outermost, "the network was not opened to run its outermost layers");
    const { deep, ...rest } = inputs;
    const { prediction } = await this.#outermost.#session.run({ ...this.#outermost.#feeds(rest), deep });
    invariant(prediction, "the network gave no prediction");
    return prediction;
  }

  /** What the method's loss says, without the prediction: as much of the network as the loss reads, where the program allows it. */
  async look(inputs: UnetInputs): Promise<LossOutputs> {
    return this.#lost(await this.#one(inputs, []));
  }

  /** The same with the gradient. */
  async slope(inputs: UnetInputs): Promise<LossOutputs & { gradient: Numbers }> {
    const outputs = await this.#one(inputs, [GRADIENT_GATE]);
    return { ...this.#lost(outputs), gradient: output(outputs, "gradient") };
  }

  async close(): Promise<void> {
    await this.#outermost?.close();
    await this.#session.close();
  }

  /** A run of one row. */
  #one(inputs: UnetInputs, gates: readonly string[]): Promise<Outputs> {
    const { graph, pairs } = this.#built;
    const feeds = this.#feeds(inputs);
    if (pairs.length === 0) return this.#session.run(feeds, gates);
    return this.#session.run(stackedFeeds(graph, [feeds]), gatesOfOne(gates));
  }

  async #together(pictures: readonly BothInputs[], gradient: boolean): Promise<BothOutputs[]> {
    const { graph, pairs } = this.#built;
    const count = pairs.find((one) => one >= pictures.length);
    invariant(count, `the network was not opened for ${pictures.length} pictures at once`);
    // Rows beyond the pictures that there are stay zeros.
    const rows = [...pictures.map(({ prompt }) => prompt), ...new Array<undefined>(count - pictures.length), ...pictures.map(({ negative }) => negative)]; // prettier-ignore
    const feeds = stackedFeeds(graph, rows.map((row) => row && this.#feeds(row))); // prettier-ignore
    const given = outputsOfPairs(await this.#session.run(feeds, gatesOf(count, gradient)), count);
    return given.slice(0, pictures.length).map(({ prompt, negative }) => ({
      prompt: { ...this.#predicted(prompt), ...(gradient ? { gradient: output(prompt, "gradient") } : {}) },
      negative: predictionOf(negative),
      rows: 2 * count,
    }));
  }

  #feeds({ feeds: own, mask, ...plain }: UnetInputs): Record<string, Feed> {
    const strengths = strengthsOf(this.#loras, this.#wanted, "strength");
    const feeds: Record<string, Feed> = { ...plain, ...strengths, ...own };
    for (const layer of this.layers) {
      feeds[maskInput(layer)] = mask
        ? of(mask, gridKey(layer))
        : new Float32Array(layer.height * layer.width * this.columns);
    }
    return feeds;
  }

  #predicted(outputs: Readonly<Record<string, Numbers>>): UnetOutputs {
    return {
      ...this.#lost(outputs),
      ...predictionOf(outputs),
      maps: output(outputs, "maps"),
    };
  }

  #lost(outputs: Readonly<Record<string, Numbers>>): LossOutputs {
    const { hasLoss, told } = this.#built;
    const loss = hasLoss ? output(outputs, "loss")[0] : 0;
    invariant(loss !== undefined, "the network gave an empty loss");
    return { loss, told: Object.fromEntries(told.map((name) => [name, output(outputs, name)])) };
  }
}

const numbersOf = ({ prompt, negative }: BothOutputs) => [
  prompt.prediction,
  negative.prediction,
  ...(prompt.gradient ? [prompt.gradient] : []),
];

function predictionOf(outputs: Readonly<Record<string, Numbers>>): Pick<UnetOutputs, "prediction" | "deep"> {
  return {
    prediction: output(outputs, "prediction"),
    ...(outputs["deep"] ? { deep: outputs["deep"] } : {}),
  };
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
