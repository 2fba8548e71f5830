/** CLIP as a judge of pictures: how well one fits a text (T2I-Sim), and how good it looks (CLIP-IQA). */
import type { Pixels } from "../api/engine.ts";
import { invariant } from "../wire/errors.ts";
import type { ClipCheckpoint } from "../checkpoint/clip.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { bicubic } from "../image/bicubic.ts";
import { clipTextPooled } from "../model/clip.ts";
import { clipVision } from "../model/clipVision.ts";
import { Module } from "../model/layers.ts";
import { chunksOf } from "../model/tokenizer/encoding.ts";
import { createTokenizer, type Tokenizer } from "../model/tokenizer/tokenizer.ts";
import { OrtSession } from "./sessions/session.ts";

type Numbers = Float32Array<ArrayBuffer>;

/** Texts of CLIP-IQA's "quality", and the scale of their cosines (Wang et al. 2022, arXiv 2207.12396; torchmetrics). */
const QUALITY = ["good photo.", "bad photo."] as const;
const QUALITY_SCALE = 100;

export class ClipModel {
  readonly #clip: ClipCheckpoint;
  readonly #tokenizer: Tokenizer;
  readonly #text: OrtSession;
  readonly #vision: OrtSession;
  readonly #texts = new Map<string, Numbers>();

  private constructor(clip: ClipCheckpoint, tokenizer: Tokenizer, text: OrtSession, vision: OrtSession) {
    this.#clip = clip;
    this.#tokenizer = tokenizer;
    this.#text = text;
    this.#vision = vision;
  }

  /** On the processor. Throws what `openClip` does for weights that are missing or of another shape. */
  static async open(clip: ClipCheckpoint, threads?: number): Promise<ClipModel> {
    const options = { provider: "cpu", memory: "low", ...(threads === undefined ? {} : { threads }) } as const;
    const tokenizer = await createTokenizer(clip.text.tokenizer, clip.text.config);
    const text = await OrtSession.open(textGraph(clip), options);
    try {
      return new ClipModel(clip, tokenizer, text, await OrtSession.open(visionGraph(clip), options));
    } catch (error) {
      await text.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#text.close();
    await this.#vision.close();
  }

  /** The vector of a text, of length 1, [projection]. What does not fit into its 77 positions is left out, as CLIP was trained. */
  async text(text: string): Promise<Numbers> {
    const known = this.#texts.get(text);
    if (known) return known;
    const [chunk] = chunksOf([this.#tokenizer], text)[0]!;
    const vector = await this.textOfIds(chunk!.ids, chunk!.end);
    this.#texts.set(text, vector);
    return vector;
  }

  /** The same of token ids [positions], whose end mark stands at `end`. */
  async textOfIds(ids: readonly number[], end: number): Promise<Numbers> {
    const feeds = { ids: BigInt64Array.from(ids, BigInt), end: BigInt64Array.of(BigInt(end)) };
    return unit((await this.#text.run(feeds))["pooled"]!);
  }

  /** The vector of a picture, of length 1, [projection]. */
  async picture(pixels: Pixels): Promise<Numbers> {
    return this.pictureOf(clipPixels(pixels, this.#clip.pixels));
  }

  /** The same of prepared pixels [3, side, side]. */
  async pictureOf(pixels: Numbers): Promise<Numbers> {
    return unit((await this.#vision.run({ pixels }))["features"]!);
  }

  /** T2I-Sim: the cosine between a picture and its prompt, -1 to 1. */
  async similarity(picture: Numbers, prompt: string): Promise<number> {
    return dot(picture, await this.text(prompt));
  }

  /** CLIP-IQA's quality, 0 to 1: how much nearer the picture is to a good photo than to a bad one. */
  async quality(picture: Numbers): Promise<number> {
    const [good, bad] = [dot(picture, await this.text(QUALITY[0])), dot(picture, await this.text(QUALITY[1]))];
    return qualityOf(good, bad);
  }
}

/** From the cosines with the good and the bad text. */
export function qualityOf(good: number, bad: number): number {
  return 1 / (1 + Math.exp(QUALITY_SCALE * (bad - good)));
}

/** The middle square of a picture whose shorter side was made `side`, [3, side, side] (transformers' CLIPImageProcessor). */
export function clipPixels(pixels: Pixels, { side, mean, deviation }: ClipCheckpoint["pixels"]): Numbers {
  const short = Math.min(pixels.width, pixels.height);
  const longer = (n: number) => (n === short ? side : Math.trunc((side * n) / short));
  const [width, height] = [longer(pixels.width), longer(pixels.height)];
  const rgb = bicubic(pixels, width, height);
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  return Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [c, y, x] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side];
    const value = rgb[((top + y) * width + left + x) * 3 + c]!;
    return (value / 255 - mean[c]!) / deviation[c]!;
  });
}

function textGraph({ text, projection }: ClipCheckpoint) {
  const g = new GraphBuilder();
  const inputs = { ids: g.input("ids", "int64", [text.config.maxPositions]), end: g.input("end", "int64", [1]) };
  const { pooled } = clipTextPooled(new Module(g, text.weights, "float32"), text.config, inputs, projection, 1);
  return g.finish({ pooled });
}

function visionGraph({ vision, projection }: ClipCheckpoint) {
  const g = new GraphBuilder();
  const pixels = g.input("pixels", "float32", [1, 3, vision.config.side, vision.config.side]);
  const features = clipVision(new Module(g, vision.weights, "float32"), vision.config, pixels, projection);
  return g.finish({ features });
}

function dot(a: Numbers, b: Numbers): number {
  invariant(a.length === b.length, `vectors of ${a.length} and ${b.length} numbers`);
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function unit(vector: Numbers): Numbers {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
}
