/**
 * DenseDiffusion (Kim et al. 2023, arXiv 2308.12964; naver-ai/DenseDiffusion 54a2ea6): in the first steps the scores of attention are drawn
 * towards the layout, in the prompt's half alone and without a gradient. Where a pixel of a segment looks at what is its own, words of its
 * phrase or pixels of its segment, a score rises towards the largest of its row, and elsewhere it falls towards the smallest: all the more
 * the smaller the segment is, and the noisier the picture. The phrases' columns hold each phrase as it is read alone.
 *
 * The authors' segments fill the picture, each with its phrase. Here what no box covers is a segment, too, whose words are those of the
 * prompt that no box has; where there are none its cross-attention is left alone. A box's strength is a factor on how far its rows are drawn,
 * up to all the way. Where boxes overlap, a pixel belongs to all of them, as in the authors' sums. All layers of self-attention are spelled
 * out for it, which takes memory: 0.5 GB for each number of the 4096 x 4096 pairs of eight heads, where a latent has 64 x 64 cells.
 */
import type { GraphBuilder } from "../../graph/builder.ts";
import type { Value } from "../../graph/graph.ts";
import type { ScoreHook } from "../../model/unet.ts";
import { areaOf, type BoundRegion } from "../layout.ts";
import { type Grid, gridKey, latentMask, layerMask } from "../masks.ts";
import { type AttentionProgram, type Feeds, type LayoutMethod, type OwnText, type Place, within } from "../method.ts";

/** The authors' factors on cross- and self-attention. */
const CROSS = 1;
const SELF = 0.3;
/** Timesteps of training, and the power of the share of them that is left. */
const TIMESTEPS = 1000;
const FADING = 5;

interface Layout {
  /** By the graph's inputs, for a strength of 1 in time. */
  own: Feeds;
  /** Names of those that the strength in time multiplies. */
  pulls: readonly string[];
  regions: readonly BoundRegion[];
  columns: number;
}

const names = (grid: Grid) => {
  const key = gridKey(grid);
  return { words: `dense.words.${key}`, cells: `dense.cells.${key}`, cross: `dense.cross.${key}`, self: `dense.self.${key}` }; // prettier-ignore
};

/**
 * S + f (min + m (max - min) - S) over the last axis: with m = 1 a score rises to the largest of its row by the share f, with m = 0 it falls
 * to the smallest. `own` [pixels, keys] is m, `pull` [pixels, 1] is f.
 */
export function drawn(g: GraphBuilder, scores: Value, own: Value, pull: Value): Value {
  const most = g.max(scores, [2]);
  const least = g.sub(0, g.max(g.sub(0, scores), [2]));
  const wanted = g.add(least, g.mul(own, g.sub(most, least)));
  return g.add(scores, g.mul(pull, g.sub(wanted, scores)));
}

/** Graph inputs by layer grid: which words are a pixel's own [pixels, columns], which segments it is in [pixels, columns], and how far its rows are drawn [pixels, 1]. */
const PROGRAM: AttentionProgram = {
  name: "DenseDiffusion",
  build: (g, { columns }) => {
    const inputs = new Map<string, Value>();
    const once = (name: string, width: number, { height, width: across }: Grid) => {
      const value = inputs.get(name) ?? g.input(name, "float32", [height * across, width]);
      inputs.set(name, value);
      return value;
    };
    const scores: ScoreHook = (own, layer) => {
      const { words, cross } = names(layer);
      const [mask, pull] = [once(words, columns, layer), once(cross, 1, layer)];
      return drawn(g, own, g.cast(mask, own.dtype), g.cast(pull, own.dtype));
    };
    const selfScores: ScoreHook = (own, layer) => {
      const { cells, self } = names(layer);
      const [segments, pull] = [once(cells, columns, layer), once(self, 1, layer)];
      // 1 where two pixels share a segment, 0 where they share none.
      const shared = g.matmul(segments, g.transpose(segments, [1, 0]));
      const together = g.sub(1, g.relu(g.sub(1, shared)));
      return drawn(g, own, g.cast(together, own.dtype), g.cast(pull, own.dtype));
    };
    return { scores, selfScores };
  },
};

export const method: LayoutMethod<Layout> = {
  program: PROGRAM,
  texts: ({ prompt, regions }) =>
    regions.flatMap(({ id, spans }) =>
      spans.map(({ start, end }, n) => ({ name: `${id} ${n}`, prompt: prompt.slice(start, end), negativePrompt: "" })),
    ),
  layout: layoutOf,
  async predict({ evaluation, settings, layout, ...step }, latent) {
    const isOn = within(evaluation.stepIndex, settings.attentionSteps) && layout.regions.length > 0;
    const time = isOn ? (evaluation.timestep / TIMESTEPS) ** FADING : 0;
    const feeds = (strength: number): Feeds => ({
      ...layout.own,
      ...Object.fromEntries(layout.pulls.map((name) => [name, layout.own[name]!.map((v) => Math.min(1, v * strength))])),
    }); // prettier-ignore
    const context = layout.regions.length > 0 ? alone(layout, step.states, step.text) : undefined;
    const answer = await step.guided(latent, {
      prompt: { feeds: feeds(time), ...(context ? { context } : {}) },
      negative: { feeds: feeds(0) },
    });
    return { latent, epsilon: answer.epsilon, maps: answer.maps, loss: 0 };
  },
};

function layoutOf({ regions: all, columns, latent, layers, words = [] }: Place): Layout {
  const regions = all.filter(({ region }) => region.strength > 0);
  const bound = new Set(regions.flatMap(({ tokens }) => tokens));
  const rest = words.filter((column) => !bound.has(column));
  const own: Record<string, Float32Array> = {};
  const pulls: string[] = [];
  for (const layer of layers) {
    const pixels = layer.height * layer.width;
    const named = names(layer);
    const masks = regions.map((one) => layerMask(latentMask(areaOf(one), latent), latent, areaOf(one), layer));
    const outside = Float32Array.from({ length: pixels }, (_, p) => (masks.some((mask) => mask[p]! > 0) ? 0 : 1));
    const segments = [
      ...regions.map((one, r) => ({
        mask: masks[r]!,
        words: [...one.tokens, ...(one.further ?? [])],
        strength: one.region.strength,
      })),
      { mask: outside, words: rest, strength: 1 },
    ];
    const [mine, cells] = [new Float32Array(pixels * columns), new Float32Array(pixels * columns)];
    const [strengths, areas, spoken] = [new Float32Array(pixels), new Float32Array(pixels), new Uint8Array(pixels)];
    segments.forEach(({ mask, words: its, strength }, s) => {
      const area = mask.reduce((sum, on) => sum + on, 0) / pixels;
      mask.forEach((on, p) => {
        if (on === 0) return;
        for (const column of its) mine[p * columns + column] = 1;
        cells[p * columns + (s % columns)] = 1;
        strengths[p] = Math.max(strengths[p]!, strength);
        areas[p]! += area;
        if (its.length > 0) spoken[p] = 1;
      });
    });
    const far = strengths.map((strength, p) => strength * Math.max(0, 1 - areas[p]!));
    own[named.words] = mine;
    own[named.cells] = cells;
    own[named.cross] = far.map((v, p) => CROSS * v * spoken[p]!);
    own[named.self] = far.map((v) => SELF * v);
    pulls.push(named.cross, named.self);
  }
  return { own, pulls, regions, columns };
}

/** The prompt's states with each phrase's as it is read alone; a phrase that is other words alone, cut through one, stays as it is. */
function alone({ regions, columns }: Layout, states: Float32Array, textOf: (name: string) => OwnText): Float32Array {
  const context = states.slice();
  const width = states.length / columns;
  for (const { region, tokens } of regions) {
    const texts = region.spans
      .map(({ start }, n) => ({ start, text: textOf(`${region.id} ${n}`) }))
      .sort((a, b) => a.start - b.start);
    const read = texts.flatMap(({ text }) =>
      text.words.map((word) => text.states.subarray(word * width, (word + 1) * width)),
    );
    if (read.length === tokens.length) tokens.forEach((column, n) => context.set(read[n]!, column * width));
  }
  return context;
}
