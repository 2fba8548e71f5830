/**
 * The sessions of one loaded checkpoint, opened when they are first needed and kept while they are likely to be needed
 * again: a graph has fixed shapes, so there is one network per picture size.
 */
import { access } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { LRUCache } from "lru-cache";
import { AppError, invariant, isAppError } from "../../wire/errors.ts";
import { Turns } from "../../wire/turns.ts";
import type { TinyAutoencoder } from "../../checkpoint/autoencoder.ts";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import type { UnetConfig } from "../../checkpoint/unetConfig.ts";
import type { Grid } from "../../guidance/masks.ts";
import { gridKey } from "../../guidance/masks.ts";
import type { AttentionProgram, Distribution } from "../../guidance/method.ts";
import { STEERING } from "../../guidance/steering.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { GradientOptions } from "../../graph/gradient/rule.ts";
import type { DType, Graph } from "../../graph/graph.ts";
import { Module } from "../../model/layers.ts";
import { tinyDecoder } from "../../model/tinyVae.ts";
import { vaeDecoder, vaeMoments } from "../../model/vae.ts";
import { isAutoencoderHeavy, isLargeForAutoencoder, LARGEST_WHOLE } from "../memory.ts";
import { inTiles, tilesOf } from "../tiles.ts";
import type { AppliedLora } from "./appliedLoras.ts";
import { OpenUnet } from "./openUnet.ts";
import { openPaired, picturesAtOnce } from "./openPaired.ts";
import type { Memo } from "./pairChoice.ts";
import type { SessionOptions } from "./session.ts";
import { OrtSession } from "./session.ts";
import type { TextStates } from "./textEncoders.ts";
import { TextEncoders } from "./textEncoders.ts";
import type { UnetForm, UnetGraph } from "./unetGraph.ts";
import { unetGraph } from "./unetGraph.ts";

/** Tells how far an opening is, 0 to 1. */
export type Progress = (fraction: number, message: string) => void;

/** What is left out of the network's work, where a scene asks for it. */
export interface Shortcuts {
  /** Of the finest self-attention, each way. */
  tiles?: number;
  /** Whether later steps run the outermost layers alone (OpenUnet.runOutermost). */
  reusesDeep?: boolean;
}

/** Sizes of decoders that are kept, those used last: the picture's and the preview's. */
const KEPT_DECODERS = 2;

/**
 * Blocks of 8 MiB of attention probabilities stay near a processor's caches; a GPU takes more at once. The 70 attentions of Stable
 * Diffusion XL would be 1,400 such blocks, a program that ONNX Runtime takes half a minute to open: they are four times as large.
 */
function gradientOptions({ provider }: SessionOptions, { transformerDepth }: UnetConfig): GradientOptions {
  const block = Math.max(...transformerDepth) > 1 ? 1 << 23 : 1 << 21;
  return {
    attentionBlock: provider === "cpu" ? block : 1 << 25,
    transposedProducts: provider === "cpu" || provider === "cuda" || provider === "dml",
  };
}

/**
 * The number type that the provider computes in: float16 where it can, which a small graph of it shows. Throws
 * `provider-unavailable` where the provider runs nothing at all.
 */
export async function choosePrecision(options: SessionOptions): Promise<"float16" | "float32"> {
  // On a processor ONNX Runtime would convert float16 to float32 and back around every kernel.
  if (options.provider === "cpu") return "float32";
  try {
    await tryOut("float16", options);
    return "float16";
  } catch (error) {
    if (!isAppError(error)) throw error;
    await tryOut("float32", options);
    return "float32";
  }
}

async function tryOut(dtype: DType, options: SessionOptions): Promise<void> {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [16, 8]);
  const narrow = g.cast(x, dtype);
  const y = g.softmax(g.matmul(narrow, g.transpose(narrow, [1, 0])), 1);
  const session = await OrtSession.open(g.finish({ y: g.cast(y, "float32") }), options);
  await session.run({ x: new Float32Array(16 * 8) });
  await session.close();
}

export class Networks {
  readonly #checkpoint: Checkpoint;
  readonly #options: SessionOptions;
  readonly #dtype: DType;
  readonly #tokens: number;
  readonly #tiny: TinyAutoencoder | undefined;
  readonly #decoders = new LRUCache<string, OrtSession>({ max: KEPT_DECODERS });
  /** Pictures side by side share what is opened and closed as it is needed: one after the other in these. */
  readonly #preparations = new Turns();
  readonly #decodes = new Turns();
  readonly #text: TextEncoders;
  #unet: OpenUnet | undefined;
  /** What the open network was made for besides its size. */
  #form: object | undefined;
  /** Pictures that may ask the open network at once. */
  #pictures = 1;
  #loras: readonly AppliedLora[] = [];
  #memo: Memo = { times: new Map<string, number>(), note: () => undefined };

  /** `tiny` is for previews and drafts (decodeTiny), where there is one. */
  constructor(checkpoint: Checkpoint, options: SessionOptions, dtype: DType, tokens: number, tiny?: TinyAutoencoder) {
    this.#checkpoint = checkpoint;
    this.#tiny = tiny;
    this.#options = options;
    this.#dtype = dtype;
    this.#tokens = tokens;
    this.#text = new TextEncoders(checkpoint, options.memory, tokens, (...of) => this.#open(...of));
  }

  /** What `open` gives. Where it fails, what of it is open is closed, and holds no memory until another checkpoint is chosen. */
  async closedIfItFails<T>(open: () => Promise<T>): Promise<T> {
    try {
      return await open();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Builds every graph once, at a small size: a missing tensor or a wrong shape is an error here, not in the first picture. */
  validate(): void {
    const { unet, vae } = this.#checkpoint;
    const side = 2 ** Math.max(unet.config.blockOutChannels.length, vae.config.blockOutChannels.length);
    this.#unetGraph({ height: side, width: side }, this.#tokens, { program: STEERING });
    this.#decoderGraph({ height: side, width: side });
    if (this.#tiny) tinyGraph(this.#tiny, vae.config.latentChannels, { height: side, width: side });
    this.#text.graphs();
  }

  /** Where what is measured of this machine is kept, instead of with this alone. */
  remember(memo: Memo): void {
    this.#memo = memo;
  }

  /** The LoRAs of what is encoded and predicted from now on. Strengths change at once; other LoRAs are opened with the next picture. */
  use(loras: readonly AppliedLora[]): Promise<void> {
    return this.#preparations.take(async () => {
      this.#loras = loras;
      await this.#text.use(loras);
    });
  }

  /** What the text encoders make of a prompt (TextEncoders.encode). */
  encode(...of: Parameters<TextEncoders["encode"]>): Promise<TextStates> {
    return this.#preparations.take(() => this.#text.encode(...of));
  }

  /** How many pictures of a latent's size are drawn side by side with a method's program. */
  picturesAtOnce(latent: Grid, program: AttentionProgram): number {
    return picturesAtOnce(this.#place, { latent, program: program.name });
  }

  /**
   * The noise predictor for a latent's size, columns of text, a method's program, shortcuts and pictures at once; only the last one used
   * stays open.
   */
  unet(...of: Parameters<Networks["openUnet"]>): Promise<OpenUnet> {
    return this.#preparations.take(() => this.openUnet(...of));
  }

  private async openUnet(
    latent: Grid,
    columns: number,
    program: AttentionProgram,
    progress: Progress,
    { tiles = 1, reusesDeep = false, pictures = 1 }: Shortcuts & { pictures?: number } = {},
  ): Promise<OpenUnet> {
    await this.#text.rest();
    const loras = this.#loras.filter(({ strength, fitted }) => strength !== 0 && fitted.unet.size > 0);
    const open = this.#unet;
    const form = { program, tiles, reusesDeep };
    const isSame = open?.columns === columns && gridKey(open.latent) === gridKey(latent) && isDeepStrictEqual(this.#form, form); // prettier-ignore
    if (isSame && this.#pictures >= pictures && open.use(loras)) return open;
    await this.#unet?.close();
    this.#unet = undefined;
    progress(0, "Preparing the network for this picture size, length of prompt and method");
    const built = this.#unetGraph(latent, columns, { program, tiles, ...(reusesDeep ? { deep: "kept" } : {}) }, loras);
    const { session, choice, ...opened } = await openPaired(this.#place, built, program.name, pictures, (one) =>
      this.#open(one.graph, this.#options, one.gates),
    );
    const outermost = reusesDeep ? await this.#outermost(latent, columns, { program, tiles }, loras) : undefined;
    this.#form = form;
    this.#pictures = pictures;
    progress(1, "Ready");
    this.#unet = new OpenUnet(opened.built, session, loras, { outermost, choice });
    this.#unet.use(loras);
    return this.#unet;
  }

  get #place() {
    const { provider } = this.#options;
    const [channels] = this.#checkpoint.unet.config.blockOutChannels as [number, ...number[]];
    return { provider, memo: this.#memo, channels, bytesPerNumber: this.#dtype === "float16" ? 2 : 4 };
  }

  async #outermost(
    latent: Grid,
    columns: number,
    form: Pick<UnetForm, "program" | "tiles">,
    loras: readonly AppliedLora[],
  ): Promise<OpenUnet> {
    const built = this.#unetGraph(latent, columns, { ...form, deep: "taken" }, loras);
    return new OpenUnet(built, await this.#open(built.graph, this.#options, built.gates), loras);
  }

  /** Picture [3, height, width], about -1 to 1, of a latent [channels, h, w] as the sampler leaves it. */
  async decode(latent: Float32Array, size: Grid): Promise<Float32Array<ArrayBuffer>> {
    const scale = 1 / this.#checkpoint.vae.config.scalingFactor;
    const run = async (part: Float32Array, cells: Grid) => {
      const session = await this.#decoder(gridKey(cells), () => this.#decoderGraph(cells));
      const { picture } = await session.run({ latent: part });
      return picture!;
    };
    const scaled = latent.map((v) => v * scale);
    const isTiled = this.#isTiled(size);
    return this.#decodes.take(async () => {
      const planes = await (isTiled ? inTiles(scaled, size, { from: 1, to: this.#unit }, run) : run(scaled, size));
      if (this.#isEitherOr(size)) await this.#closeDecoders();
      return planes;
    });
  }

  /**
   * A picture of that size has gone through its steps: where memory is short the network gives its own back before the autoencoder takes as
   * much. It is opened anew for the next picture. Pictures side by side share the network, which then stays.
   */
  async rest(size: Grid): Promise<void> {
    if (!this.#isEitherOr(size) || this.#pictures > 1) return;
    await this.#preparations.take(async () => {
      await this.#unet?.close();
      this.#unet = undefined;
    });
  }

  /** Whether the network and the autoencoder are not to lie in memory together. What a session has once used it keeps until it is closed. */
  #isEitherOr(size: Grid): boolean {
    const { provider, memory } = this.#options;
    return provider === "cpu" && memory === "low" && isAutoencoderHeavy(this.#checkpoint.vae.config, size);
  }

  async #closeDecoders(): Promise<void> {
    const sessions = [...this.#decoders.values()];
    this.#decoders.clear();
    for (const session of sessions) await session.close();
  }

  /**
   * The latent [channels, h, w], scaled as the network takes it, of a picture [3, height, width] from -1 to 1: the mean of what the
   * autoencoder says, so that the same picture always begins the same.
   */
  async encodePicture(picture: Float32Array, size: Grid): Promise<Float32Array<ArrayBuffer>> {
    const { scalingFactor } = this.#checkpoint.vae.config;
    const isTiled = this.#isTiled(size);
    const cells = isTiled ? tilesOf(size).tile : size;
    const session = await this.#open(this.#encoderGraph(cells), this.#options);
    try {
      const run = async (part: Float32Array) => {
        const { moments } = await session.run({ picture: part });
        return moments!.slice(0, moments!.length / 2).map((v) => scalingFactor * v);
      };
      return isTiled ? await inTiles(picture, size, { from: this.#unit, to: 1 }, run) : await run(picture);
    } finally {
      await session.close();
    }
  }

  /** Pixels a side of a cell. */
  get #unit(): number {
    return 2 ** (this.#checkpoint.vae.config.blockOutChannels.length - 1);
  }

  /** Whether the autoencoder works in tiles: on large pictures, and where a whole one would not fit into memory. */
  #isTiled(size: Grid): boolean {
    if (this.#options.provider !== "cpu") return size.height * size.width > LARGEST_WHOLE;
    return isLargeForAutoencoder(this.#checkpoint.vae.config, size);
  }

  /** The same by the tiny autoencoder, which takes latents as they are. */
  async decodeTiny(latent: Float32Array, size: Grid): Promise<Float32Array<ArrayBuffer>> {
    const tiny = this.#tiny;
    invariant(tiny, "there is no tiny autoencoder");
    const { latentChannels } = this.#checkpoint.vae.config;
    return this.#decodes.take(async () => {
      const session = await this.#decoder(`tiny ${gridKey(size)}`, () => tinyGraph(tiny, latentChannels, size));
      const { picture } = await session.run({ latent });
      return picture!;
    });
  }

  /**
   * What the autoencoder makes of plain colours, [red, green, blue] from 0 to 1, on a latent of that size: for each the mean and the
   * standard deviation of its cells, [channels, h, w], scaled as the network takes them.
   */
  async encodeColours(colours: readonly (readonly number[])[], size: Grid): Promise<Distribution[]> {
    const { config } = this.#checkpoint.vae;
    const [height, width] = [size.height * this.#unit, size.width * this.#unit];
    const session = await this.#open(this.#encoderGraph(size), this.#options);
    try {
      const found: Distribution[] = [];
      for (const colour of colours) {
        const pixels = new Float32Array(3 * height * width);
        colour.forEach((share, c) => pixels.fill(2 * share - 1, c * height * width, (c + 1) * height * width));
        const { moments: both } = await session.run({ picture: pixels });
        const half = both!.length / 2;
        const scale = config.scalingFactor;
        const deviation = both!.slice(half).map((v) => scale * Math.exp(Math.min(20, Math.max(-30, v)) / 2));
        found.push({ mean: both!.slice(0, half).map((v) => scale * v), deviation });
      }
      return found;
    } finally {
      await session.close();
    }
  }

  async #decoder(key: string, graph: () => Graph): Promise<OrtSession> {
    const known = this.#decoders.get(key);
    if (known) return known;
    if (this.#decoders.size >= KEPT_DECODERS) await this.#decoders.pop()?.close(); // before the next takes memory
    const session = await this.#open(graph(), this.#options);
    this.#decoders.set(key, session);
    return session;
  }

  async close(): Promise<void> {
    const sessions = [this.#text, this.#unet];
    this.#unet = undefined;
    for (const session of sessions) await session?.close();
    await this.#closeDecoders();
  }

  /** A session reads its weights when it is opened, which may be long after the checkpoint was: its files may be gone by then. */
  async #open(...[graph, ...rest]: Parameters<typeof OrtSession.open>): Promise<OrtSession> {
    try {
      return await OrtSession.open(graph, ...rest);
    } catch (error) {
      await refuseMissing(this.#checkpoint.path, graph);
      throw error;
    }
  }

  #unetGraph(
    latent: Grid,
    columns: number,
    form: Omit<UnetForm, "columns" | "masked">,
    loras: readonly AppliedLora[] = [],
  ): UnetGraph {
    const { config, weights } = this.#checkpoint.unet;
    return unetGraph(
      config,
      weights,
      latent,
      { columns, masked: columns > this.#tokens, ...form }, // a single chunk is attended everywhere
      this.#dtype,
      gradientOptions(this.#options, config),
      loras.map(({ fitted }) => fitted.unet),
    );
  }

  #encoderGraph(size: Grid): Graph {
    const g = new GraphBuilder();
    const { config, weights } = this.#checkpoint.vae;
    const picture = g.input("picture", "float32", [1, 3, size.height * this.#unit, size.width * this.#unit]);
    return g.finish({ moments: vaeMoments(new Module(g, weights, "float32"), config, picture) });
  }

  #decoderGraph(size: Grid): Graph {
    const g = new GraphBuilder();
    const { config, weights } = this.#checkpoint.vae;
    // In float32 everywhere: the autoencoders of several published checkpoints overflow float16.
    const latent = g.input("latent", "float32", [1, config.latentChannels, size.height, size.width]);
    return g.finish({ picture: vaeDecoder(new Module(g, weights, "float32"), config, latent) });
  }
}

function tinyGraph({ weights }: TinyAutoencoder, channels: number, size: Grid): Graph {
  const g = new GraphBuilder();
  const latent = g.input("latent", "float32", [1, channels, size.height, size.width]);
  return g.finish({ picture: tinyDecoder(new Module(g, weights, "float32"), latent) });
}

/** Throws `file-unreadable` when the checkpoint's folder, or a file of weights that `graph` reads, is not there any more. */
async function refuseMissing(folder: string, graph: Graph): Promise<void> {
  const sources = graph.nodes.flatMap(({ inputs }) => inputs.map(({ source }) => source));
  const files = new Set(sources.flatMap((source) => (source.kind === "weight" ? source.ref.file : [])));
  for (const path of [folder, ...files]) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    const what = path === folder ? "The checkpoint's folder" : "A file of the checkpoint,";
    const problem = `${what} ${path} is not there any more. Put it back, or connect its disk, or choose another checkpoint.`;
    throw new AppError("file-unreadable", problem, { path });
  }
}
