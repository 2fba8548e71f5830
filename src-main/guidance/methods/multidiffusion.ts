/**
 * MultiDiffusion with a prompt for every region (Bar-Tal et al. 2023, arXiv 2302.08113; region_based.py of omerbt/MultiDiffusion 69bcdce):
 * each region's prompt draws a picture of its own, and at every step the pictures are made one, each counting where its region is. A
 * region's prompt is its phrases and its further words, what to avoid there is the scene's negative prompt and the region's own; the
 * background counts where no region is. It is drawn with the scene's whole prompt: without its phrases what is left of a sentence is none, and
nothing would tell where the network sees the things.
 *
 * While bootstrapping, a region's picture has all that lies outside the region replaced by a plain colour, noised as far as the picture is:
 * its thing then has nowhere else to go. Pictures larger than the network was trained for are drawn in overlapping windows.
 *
 * The authors step each picture and then take the mean; here the mean of pictures and of their noise takes one step. With a sampler whose
 * step is a weighted sum of both, as theirs (DDIM) is, that is the same. Beyond their code: a region's strength is its weight where regions
 * overlap, and below 1 it lets the background through; a last window reaches the edge of any size; a box has one cell at least.
 */
import type { Region, Scene } from "../../scene/scene.ts";
import { exactSum, weightedSum, type Numbers } from "../../sampling/sampler.ts";
import { type Area, drawnIn, type Grid, type Mask } from "../areas.ts";
import { areaOf, type BoundRegion } from "../layout.ts";
import { lossGrid } from "../masks.ts";
import { type AttentionProgram, type Beginning, type LayoutMethod, type MethodState, within } from "../method.ts";
import { beginRandom, drawFrom } from "../ownRandom.ts";

/** Cells from one window to the next. */
const STRIDE = 8;
const BACKGROUND = "background";

/** A region's prompt, by the region's id. */
const textOf = ({ id }: Region) => `region ${id}`;

/** It reads attention as it is, and changes nothing. */
const PLAIN: AttentionProgram = { name: "plain", build: () => ({}) };

interface Part {
  text: string;
  /** Where its picture is kept while bootstrapping; the background's is whole. */
  inside?: Mask;
  /** Its weight in the picture. */
  weight: Mask;
}

interface Layout {
  picture: Grid;
  window: Grid;
  /** Grids of the attention that a window shows, and that is wanted. */
  seen: Grid;
  target: Grid;
  columns: number;
  /** Top left corners. */
  views: readonly { y: number; x: number }[];
  /** The background first. */
  parts: readonly Part[];
}

interface State extends MethodState {
  /** Latents of plain colours. */
  backgrounds: Numbers[];
  /** What the picture began with. */
  noise: Numbers[];
}

export const method: LayoutMethod<Layout, State> = {
  program: PLAIN,
  window: (picture, trained) => ({
    height: Math.min(picture.height, trained),
    width: Math.min(picture.width, trained),
  }),
  texts: ({ prompt, negativePrompt, regions }: Scene) => [
    { name: BACKGROUND, prompt, negativePrompt },
    ...regions.map((region) => ({
      name: textOf(region),
      prompt: listed([...region.spans.map(({ start, end }) => prompt.slice(start, end)), region.words ?? ""]),
      negativePrompt: listed([negativePrompt, region.avoid ?? ""]),
    })),
  ],
  begin: async (beginning) => {
    const backgrounds = beginning.settings.bootstrapSteps.end;
    return begun(beginning, backgrounds);
  },
  layout({ regions, picture, latent: window, target: seen, columns }) {
    return {
      ...{ picture, window, seen, target: lossGrid(picture), columns },
      views: viewsOf(picture, window),
      parts: partsOf(regions, picture),
    };
  },
  async predict({ evaluation, settings, layout, ...step }, latent, state) {
    const { picture, window, parts } = layout;
    const isBootstrapped = within(evaluation.stepIndex, settings.bootstrapSteps) && state.backgrounds.length > 0;
    const channels = latent.length / (picture.height * picture.width);
    const cells = picture.height * picture.width;
    const [moved, epsilon] = [new Float64Array(latent.length), new Float64Array(latent.length)];
    const count = new Float64Array(cells);
    const maps = new MeanMaps(layout);
    let isExact = false;
    for (const view of layout.views) {
      const from = cut(latent, picture, window, view, channels);
      const noise = cut(state.noise[0]!, picture, window, view, channels);
      const colours = isBootstrapped
        ? drawFrom(state, (generator) => generator.below(state.backgrounds.length, parts.length - 1))
        : [];
      for (const [k, { text, inside, weight }] of parts.entries()) {
        const own = cut(weight, picture, window, view, 1);
        if (k > 0 && own.every((w) => w === 0)) continue; // nothing of it would count
        let at = from;
        if (inside && isBootstrapped) {
          const colour = noised(state.backgrounds[colours[k - 1]!]!, noise, evaluation);
          const kept = cut(inside, picture, window, view, 1);
          at = from.map((v, i) => (kept[i % kept.length]! > 0 ? v : colour[i]!));
        }
        const answer = await step.guided(at, { prompt: { feeds: {} }, negative: { feeds: {} }, text });
        if (text === BACKGROUND) maps.add(answer.maps, view);
        isExact ||= answer.epsilon instanceof Float64Array;
        own.forEach((w, i) => {
          if (w === 0) return;
          const cell = placed(i, picture, window, view);
          count[cell]! += w;
          for (let c = 0; c < channels; c++) {
            moved[c * cells + cell]! += w * at[c * own.length + i]!;
            epsilon[c * cells + cell]! += w * answer.epsilon[c * own.length + i]!;
          }
        });
      }
    }
    const sum = isExact ? exactSum : weightedSum;
    const mean = (values: Float64Array) => values.map((v, i) => v / count[i % cells]!);
    return { latent: weightedSum([1, mean(moved)]), epsilon: sum([1, mean(epsilon)]), maps: maps.done(), loss: 0 };
  },
};

/** Texts one after the other, those that say nothing left out. */
function listed(texts: readonly string[]): string {
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .join(", ");
}

/**
 * Random draws in the authors' order: colours, what the autoencoder makes of them, the first latent. That one is drawn and let go: under
 * every method a seed's picture begins with the same noise.
 */
async function begun({ seed, noise, encodeColours }: Beginning, backgrounds: number): Promise<State> {
  const state: MethodState = { ...beginRandom(seed) };
  const drawn = drawFrom(state, (generator) => generator.uniform(3 * backgrounds));
  const colours = Array.from({ length: backgrounds }, (_, b) => [...drawn.subarray(3 * b, 3 * b + 3)]);
  const encoded = colours.length > 0 ? await encodeColours(colours) : [];
  const latents = drawFrom(state, (generator) =>
    encoded.map(({ mean, deviation }) => {
      const normal = generator.normal(mean.length);
      return mean.map((v, i) => v + deviation[i]! * normal[i]!);
    }),
  );
  drawFrom(state, (generator) => generator.normal(noise.length));
  return { ...state, backgrounds: latents, noise: [noise] };
}

/** The colour's latent as the picture's would be at this noise level. */
function noised(background: Numbers, noise: Numbers, { sigma, inputScale }: { sigma: number; inputScale: number }) {
  const scale = 1 / Math.sqrt(1 + sigma * sigma);
  return weightedSum([scale / inputScale, background], [(sigma * scale) / inputScale, noise]);
}

/** Windows from the top left, one every eight cells, and one at the edge where those do not reach it. */
export function viewsOf(picture: Grid, window: Grid): { y: number; x: number }[] {
  const along = (whole: number, part: number) => {
    const starts = Array.from({ length: Math.floor((whole - part) / STRIDE) + 1 }, (_, n) => n * STRIDE);
    if (starts.at(-1)! < whole - part) starts.push(whole - part);
    return starts;
  };
  const columns = along(picture.width, window.width);
  return along(picture.height, window.height).flatMap((y) => columns.map((x) => ({ y, x })));
}

/** What is drawn: the background, where no region is, and every region that pulls. */
export function partsOf(regions: readonly BoundRegion[], picture: Grid): Part[] {
  const cells = picture.height * picture.width;
  const rest = new Float32Array(cells).fill(1);
  const parts: Part[] = [];
  for (const one of regions) {
    const { region } = one;
    if (region.strength === 0) continue;
    const inside = startingIn(areaOf(one), picture);
    const weight = inside.map((on) => on * region.strength);
    weight.forEach((w, p) => (rest[p] = Math.max(0, rest[p]! - w)));
    parts.push({ text: textOf(region), inside, weight });
  }
  return [{ text: BACKGROUND, weight: rest }, ...parts];
}

/** The area in cells whose first pixel lies in the box, as the authors' masks are made smaller; at least one. */
function startingIn(area: Area, grid: Grid): Mask {
  const first = (at: number, count: number) => Math.min(count, Math.ceil(at * count - 1e-6));
  return drawnIn(area, grid, ({ x, y, width, height }) => ({
    x0: first(x, grid.width),
    x1: first(x + width, grid.width),
    y0: first(y, grid.height),
    y1: first(y + height, grid.height),
  }));
}

const placed = (i: number, picture: Grid, window: Grid, view: { y: number; x: number }) =>
  (view.y + Math.floor(i / window.width)) * picture.width + view.x + (i % window.width);

/** What a window sees of numbers [channels, height, width]. */
function cut(of: Numbers, picture: Grid, window: Grid, view: { y: number; x: number }, channels: number) {
  const cells = window.height * window.width;
  return Float32Array.from({ length: channels * cells }, (_, i) => {
    const channel = Math.floor(i / cells) * picture.height * picture.width;
    return of[channel + placed(i % cells, picture, window, view)]!;
  });
}

/** Attention of the whole picture, [cells, columns], from that of windows: a cell's mean over those that hold its centre. */
class MeanMaps {
  readonly #layout: Layout;
  readonly #sums: Float32Array<ArrayBuffer>;
  readonly #counts: Float32Array;

  constructor(layout: Layout) {
    const cells = layout.target.height * layout.target.width;
    this.#layout = layout;
    this.#sums = new Float32Array(cells * layout.columns);
    this.#counts = new Float32Array(cells);
  }

  add(maps: Float32Array, view: { y: number; x: number }): void {
    const { picture, window, seen, target, columns } = this.#layout;
    const within = (n: number, whole: number, cells: number, start: number, part: number, grid: number) =>
      Math.floor(((((n + 0.5) * whole) / cells - start) * grid) / part);
    for (let y = 0; y < target.height; y++) {
      const row = within(y, picture.height, target.height, view.y, window.height, seen.height);
      for (let x = 0; x < target.width; x++) {
        const column = within(x, picture.width, target.width, view.x, window.width, seen.width);
        if (row < 0 || row >= seen.height || column < 0 || column >= seen.width) continue;
        const to = y * target.width + x;
        this.#counts[to]! += 1;
        for (let t = 0; t < columns; t++)
          this.#sums[to * columns + t]! += maps[(row * seen.width + column) * columns + t]!;
      }
    }
  }

  done(): Float32Array<ArrayBuffer> {
    const { columns } = this.#layout;
    return this.#sums.map((v, i) => v / Math.max(1, this.#counts[Math.floor(i / columns)]!));
  }
}
