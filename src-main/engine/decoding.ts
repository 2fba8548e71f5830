/** From latents to pixels: finished pictures, and previews of what a step foresees. */
import type { Pixels, RunRecord } from "../api/engine.ts";
import type { NamedPart, TinyAutoencoder } from "../checkpoint/autoencoder.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Grid } from "../guidance/masks.ts";
import { coloursOf, latentPicture } from "./latentColours.ts";
import { poolPlanes, toPixels } from "./pixels.ts";
import { pixelsPerLatent } from "../checkpoint/recommendedSettings.ts";
import type { Networks } from "./sessions/networks.ts";

/** A preview by the real decoder is of no more cells than this: of the predicted latent made smaller. */
const PREVIEW_CELLS = 16 * 16;

/** The parts that may stand in for a checkpoint's own decoder. */
export interface DecodingParts {
  vae?: NamedPart | undefined;
  tiny?: TinyAutoencoder | undefined;
  /** The tiny autoencoder makes the pictures, too. */
  draft: boolean;
}

export class Decoding {
  /** What is told of a picture's decoder, where it is not the checkpoint's own. */
  readonly record: RunRecord["model"]["vae"];
  readonly #networks: Networks;
  readonly #scale: number;
  readonly #previews: "tiny" | "own" | NonNullable<ReturnType<typeof coloursOf>>;
  readonly #isDraft: boolean;

  private constructor(
    networks: Networks,
    checkpoint: Checkpoint,
    { tiny, draft }: DecodingParts,
    record: RunRecord["model"]["vae"],
  ) {
    this.#networks = networks;
    this.#scale = pixelsPerLatent(checkpoint);
    // A decoder of nobody's but its checkpoint, such as the demo model's, is small enough to be asked.
    this.#previews = tiny ? "tiny" : (coloursOf(checkpoint) ?? "own");
    this.#isDraft = draft && tiny !== undefined;
    this.record = record;
  }

  static async of(networks: Networks, checkpoint: Checkpoint, parts: DecodingParts): Promise<Decoding> {
    const part = (parts.draft ? parts.tiny : undefined) ?? parts.vae;
    const record = part && { name: part.name, hash: await part.hash() };
    return new Decoding(networks, checkpoint, parts, record);
  }

  /** The finished picture of a latent as the sampler leaves it. */
  async picture(latent: Float32Array, size: Grid): Promise<Pixels> {
    const planes = await (this.#isDraft
      ? this.#networks.decodeTiny(latent, size)
      : this.#networks.decode(latent, size));
    return this.#pixels(planes, size);
  }

  /** What a step foresees, as soon as can be: by the tiny autoencoder, else in the colours of the latent, a pixel a cell. */
  async preview(latent: Float32Array, size: Grid): Promise<Pixels> {
    if (this.#previews === "tiny") return this.#pixels(await this.#networks.decodeTiny(latent, size), size);
    if (this.#previews !== "own") return latentPicture(latent, size, this.#previews);
    const factor = Math.ceil(Math.sqrt((size.height * size.width) / PREVIEW_CELLS));
    const small = poolPlanes(latent, size, factor);
    return this.#pixels(await this.#networks.decode(small.planes, small.size), small.size);
  }

  /** What is foreseen, as a picture of its whole size: as a preview is drawn, but with the real decoder of all of it. */
  async foreseen(latent: Float32Array, size: Grid): Promise<Pixels> {
    if (this.#previews === "own" || this.#isDraft) return this.picture(latent, size);
    if (this.#previews === "tiny") return this.preview(latent, size);
    return latentPicture(latent, size, this.#previews, this.#scale);
  }

  #pixels(planes: Float32Array, { width, height }: Grid): Pixels {
    return toPixels(planes, width * this.#scale, height * this.#scale);
  }
}

/** Tiny autoencoders of 1.x and XL have the same shapes; only their names tell. */
export function doubtsAbout({ name }: NamedPart, { family }: Pick<Checkpoint, "family">): string[] {
  const isXl = /xl/i.test(name);
  if (!/taesd/i.test(name) || isXl === (family === "sdxl")) return [];
  const [madeFor, right] = isXl ? ["Stable Diffusion XL", "taesd"] : ["Stable Diffusion 1 and 2", "taesdxl"];
  return [`The tiny autoencoder ${name} is made for ${madeFor}: its colours will be wrong here. Choose ${right}.`];
}
