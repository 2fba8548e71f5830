/** The picture that a run goes on from, made ready: at the scene's size, as a latent, and with the areas of it that are drawn anew. */
import type { Pixels } from "../api/engine.ts";
import type { Grid } from "../guidance/masks.ts";
import { gridKey, resizeWeights } from "../guidance/masks.ts";
import { lanczos } from "../image/bicubic.ts";
import { pixelHash } from "../image/pixelHash.ts";
import { noisedTo } from "../sampling/starts.ts";
import type { Evaluation, Memory, Numbers } from "../sampling/sampler.ts";
import type { SceneStart } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";
import { blended, newCells, newness, pasted } from "./redrawMask.ts";

/** What makes latents of pictures. */
export interface Encoder {
  /** Pixels a side of a cell. */
  unit: number;
  /** The mean of what the autoencoder says of planes [3, height, width] from -1 to 1, scaled as the network takes it. */
  encode: (planes: Float32Array, cells: Grid) => Promise<Float32Array>;
}

/** The picture that `start` means, out of a request; throws where it is missing, or another one. */
export function pictureOf(start: SceneStart, pixels: Pixels | undefined): Pixels {
  const { hash = "" } = start;
  if (!pixels) {
    const name = start.path ?? (hash === "" ? "" : `${hash.slice(0, 12)}…`);
    const problem = `The picture that this scene goes on from is not here (${name}). Choose it again, or begin from noise.`;
    throw new AppError("not-found", problem, { what: "picture", id: hash });
  }
  if (hash === "" || pixelHash(pixels) === hash) return pixels;
  const problem = "The picture that this scene goes on from is another one than it was. Choose it again.";
  throw new AppError("not-found", problem, { what: "picture", id: hash });
}

/** Pictures that runs go on from, each encoded once for all its seeds. */
export class StartPictures {
  readonly #encoder: Encoder;
  readonly #latents = new WeakMap<Pixels, Map<string, Float32Array>>();

  constructor(encoder: Encoder) {
    this.#encoder = encoder;
  }

  /** `known`: what a picture in work carries of its start. */
  async ready(start: SceneStart, picture: Pixels, cells: Grid, known?: Readonly<Memory>): Promise<StartPicture> {
    const { unit } = this.#encoder;
    const pixels = fitted(picture, cells.width * unit, cells.height * unit);
    const carried = known?.["clean"]?.[0];
    const clean = carried instanceof Float32Array ? carried : await this.#encoded(start, picture, pixels, cells);
    return new StartPicture(start, picture, pixels, clean, cells);
  }

  async #encoded(start: SceneStart, picture: Pixels, pixels: Pixels, cells: Grid): Promise<Float32Array> {
    const known = this.#latents.get(picture) ?? new Map<string, Float32Array>();
    this.#latents.set(picture, known);
    const key = `${start.by ?? "picture"} ${gridKey(cells)}`;
    const latent = known.get(key) ?? (await encodedAt(start, picture, pixels, cells, this.#encoder));
    known.set(key, latent);
    return latent;
  }
}

export class StartPicture {
  /** At the scene's size. */
  readonly pixels: Pixels;
  /** The size that it had. */
  readonly size: { width: number; height: number };
  readonly #clean: Float32Array;
  readonly #alpha: Float32Array | undefined;
  readonly #mask: Float32Array | undefined;
  readonly #beginsFromNoise: boolean;

  constructor(start: SceneStart, picture: Pixels, pixels: Pixels, clean: Float32Array, cells: Grid) {
    this.size = { width: picture.width, height: picture.height };
    this.pixels = pixels;
    this.#clean = clean;
    this.#alpha = start.redraw && newness(start.redraw, pixels);
    this.#mask = this.#alpha && newCells(this.#alpha, pixels, cells);
    this.#beginsFromNoise = start.redraw !== undefined && start.strength === 1;
  }

  /** What goes into the state of a picture that is begun with this. */
  memory(): Memory {
    return { clean: [this.#clean] };
  }

  /** The latent at the first evaluation. What is drawn anew at full strength begins from noise alone. */
  begin(noise: Float32Array<ArrayBuffer>, first: Evaluation, initNoiseSigma: number): Float32Array<ArrayBuffer> {
    if (this.#beginsFromNoise) return noise.map((value) => value * initNoiseSigma);
    return noisedTo(this.#clean, noise, first);
  }

  /** A step's latent with what stays put back, as noisy as at the evaluation that comes `next`; clean behind the last one. */
  kept(latent: Float32Array, noise: Numbers, next: Evaluation | undefined): Float32Array {
    if (!this.#mask) return latent;
    return blended(latent, next ? noisedTo(this.#clean, noise, next) : this.#clean, this.#mask);
  }

  /** A picture of the whole size with the pixels that stay. */
  pasted(fresh: Pixels): Pixels {
    return this.#alpha ? pasted(fresh, this.pixels, this.#alpha) : fresh;
  }
}

async function encodedAt(
  { by }: SceneStart,
  picture: Pixels,
  pixels: Pixels,
  cells: Grid,
  { unit, encode }: Encoder,
): Promise<Float32Array> {
  const own = {
    width: Math.max(1, Math.round(picture.width / unit)),
    height: Math.max(1, Math.round(picture.height / unit)),
  };
  if (by !== "latent" || gridKey(own) === gridKey(cells)) return encode(planesOf(pixels), cells);
  const small = fitted(picture, own.width * unit, own.height * unit);
  return stretched(await encode(planesOf(small), own), own, cells);
}

/** A picture at another size, cut at the sides that are too long; transparent parts become white. */
export function fitted(picture: Pixels, width: number, height: number): Pixels {
  const scale = Math.min(picture.width / width, picture.height / height);
  const [wide, high] = [width, height].map((side) => Math.round(side * scale)) as [number, number];
  const [left, top] = [Math.floor((picture.width - wide) / 2), Math.floor((picture.height - high) / 2)];
  const opaque = new Uint8Array(4 * wide * high).fill(255);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const from = 4 * ((top + y) * picture.width + left + x);
      const to = 4 * (y * wide + x);
      const alpha = picture.data[from + 3]! / 255;
      for (let c = 0; c < 3; c++) opaque[to + c] = Math.round(alpha * picture.data[from + c]! + (1 - alpha) * 255);
    }
  }
  const cut = { width: wide, height: high, data: opaque };
  if (wide === width && high === height) return cut;
  const colours = lanczos(cut, width, height);
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let p = 0; p < width * height; p++) data.set(colours.subarray(3 * p, 3 * p + 3), 4 * p);
  return { width, height, data };
}

/** Planes [3, height, width] from -1 to 1. */
function planesOf({ width, height, data }: Pixels): Float32Array {
  const count = width * height;
  const planes = new Float32Array(3 * count);
  for (let p = 0; p < count; p++) for (let c = 0; c < 3; c++) planes[c * count + p] = data[4 * p + c]! / 127.5 - 1;
  return planes;
}

/** A latent on another grid, linear between the middles of its cells. */
function stretched(latent: Float32Array, from: Grid, to: Grid): Float32Array {
  const channels = latent.length / (from.width * from.height);
  const taps = (weights: number[][]) => weights.map((row) => row.flatMap((w, k) => (w === 0 ? [] : [[k, w] as const])));
  const [rows, columns] = [taps(resizeWeights(from.height, to.height)), taps(resizeWeights(from.width, to.width))];
  const out = new Float32Array(channels * to.width * to.height);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (const row of rows) {
      for (const column of columns) {
        let sum = 0;
        for (const [y, wy] of row)
          for (const [x, wx] of column) sum += wy * wx * latent[(c * from.height + y) * from.width + x]!;
        out[at++] = sum;
      }
    }
  }
  return out;
}
