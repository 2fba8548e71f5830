/**
 * Attention that a method looks at, for losses that are worked out beside the graph: sorted values, boxes around what is above a threshold
 * and random choices have no place in it. The graph tells the mean attention of groups of layers, and takes how much the loss changes with
 * each of its numbers; the gradient with respect to the latent follows from these. So a move is a look, and then a look with its gradient.
 */
import type { Value } from "../graph/graph.ts";
import type { AttentionTap } from "../model/unet.ts";
import { type Grid, gridKey } from "./masks.ts";
import type { AttentionProgram, Feeds, ProgramParts, ProgramShape, Slope, Step } from "./method.ts";

/** Some layers of one grid, whose attention is averaged over heads and layers. */
export interface WatchedGroup {
  name: string;
  taps: readonly AttentionTap[];
}

/** Mean attention of the groups by name, [pixels, columns]. */
export type Watched = Readonly<Record<string, Float32Array>>;

export type ChooseGroups = (
  taps: readonly AttentionTap[],
  selfTaps: readonly AttentionTap[],
  shape: ProgramShape,
) => readonly WatchedGroup[];

/** A program that watches groups of layers; `more` is what else it has in the graph. */
export function watching(
  name: string,
  groups: ChooseGroups,
  more: (...of: Parameters<AttentionProgram["build"]>) => ProgramParts = () => ({}),
): AttentionProgram {
  return {
    name,
    isAlone: true,
    build: (g, shape) => ({
      ...more(g, shape),
      loss: (taps, selfTaps) => {
        const outputs: Record<string, Value> = {};
        const terms = groups(taps, selfTaps, shape).map((group) => {
          const heads = group.taps.reduce((n, tap) => n + tap.heads, 0);
          const sums = group.taps.map((tap) => g.sum(g.cast(tap.probabilities, "float32"), [0], false));
          const mean = g.mul(
            sums.reduce((all, one) => g.add(all, one)),
            1 / heads,
          );
          outputs[`seen.${group.name}`] = mean;
          return g.sum(g.mul(mean, g.input(`pull.${group.name}`, "float32", mean.shape)), [0, 1], false);
        });
        const loss = terms.reduce((all, term) => g.add(all, term));
        return { loss: g.reshape(loss, [1]), outputs };
      },
    }),
  };
}

/** Of what size the groups are, in numbers each: what `watching` is fed with while nothing is asked of it. */
export type WatchedSizes = Readonly<Record<string, number>>;

/** The value of a loss, and how much it changes with each number of the attention that was seen. */
export interface Pulled {
  loss: number;
  pulls: Watched;
}

/** Feeds of a run that needs no gradient: nothing is pulled. */
export function unpulled(sizes: WatchedSizes): Feeds {
  return pullFeeds(Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, new Float32Array(size)])));
}

const pullFeeds = (pulls: Watched): Feeds =>
  Object.fromEntries(Object.entries(pulls).map(([name, pull]) => [`pull.${name}`, pull]));

/** The attention at `latent`. */
export async function lookAt(step: Step, latent: Float32Array, feeds: Feeds): Promise<Watched> {
  const { outputs } = await step.look(latent, { feeds });
  return Object.fromEntries(Object.entries(outputs).map(([name, seen]) => [name.replace(/^seen\./, ""), seen]));
}

/** The gradient that follows from `pulls`. */
export function slopeOf(step: Step, latent: Float32Array, feeds: Feeds, pulls: Watched): Promise<Slope> {
  return step.slope(latent, { feeds: { ...feeds, ...pullFeeds(pulls) } });
}

/** The layers of the grid that is nearest to the one on which attention is measured. */
export function nearestLayers<Layer extends Grid>(taps: readonly Layer[], target: Grid): Layer[] {
  const distance = ({ height, width }: Grid) => Math.abs(Math.log((height * width) / (target.height * target.width)));
  const [nearest] = taps.toSorted((a, b) => distance(a) - distance(b));
  return taps.filter((tap) => nearest !== undefined && gridKey(tap) === gridKey(nearest));
}
