/**
 * R&B, "Region and Boundary" (Xiao et al. 2023, arXiv 2310.08872; StevenShaw1999/RnB 251d9f8): before each of the first steps the latent is
 * moved along the gradient of regionLoss.ts, over the attention of the last block down, the middle and the first two blocks up.
 *
 * As the code has it, the loss of the last look is never forgotten: when all objects lie well in their boxes, from the sixth step on no
 * later step moves anything. Unlike it, what is to be avoided is the scene's own negative prompt (theirs is a long list of faults), and
 * words are found by their tokens.
 */
import type { AttentionLayer } from "../../model/unet.ts";
import { type Grid, gridKey, type Mask } from "../masks.ts";
import { type LayoutMethod, within } from "../method.ts";
import { attendedBlocks, movedAgainst, placeOf } from "../moving.ts";
import { areaMask, type PhraseTarget, phraseTargets } from "../rasters.ts";
import { regionTerm, type RegionTerm } from "../regionLoss.ts";
import { Resampler } from "../resample.ts";
import { lookAt, type Pulled, slopeOf, unpulled, type Watched, watching } from "../watching.ts";

const EDGE_CONTRAST = 120;
/** Of the loss, what is no loss any more. */
const NOTHING = 30e-6;
/** Steps in which a picture without a loss is looked at again in the next step. */
const ALWAYS = 5;

/** Layers of one part of the network and one size. */
interface Group<Layer extends AttentionLayer = AttentionLayer> {
  name: string;
  taps: Layer[];
  /** Whether edges are taken of it, too. */
  hasEdges: boolean;
}

function groupsOf<Layer extends AttentionLayer>(layers: readonly Layer[]): Group<Layer>[] {
  const down = attendedBlocks(layers, "down").at(-1);
  const ups = attendedBlocks(layers, "up").slice(0, 2);
  const used = layers.filter(({ name }) => {
    const { part, block } = placeOf(name);
    return part === "middle" || (part === "down" ? block === down : ups.includes(block));
  });
  const keyOf = (layer: Layer) => `${placeOf(layer.name).part}${placeOf(layer.name).block}.${gridKey(layer)}`;
  return [...Map.groupBy(used, keyOf)].map(([name, taps]) => ({ name, taps, hasEdges: !name.startsWith("down") }));
}

export interface RnbObject extends Omit<PhraseTarget, "areas"> {
  mask: Mask;
  /** Whether the mask is not of boxes alone: the box drawn around a map is then given the mask's shape. */
  isShaped?: boolean;
}

export interface RnbLayout {
  objects: readonly RnbObject[];
  groups: readonly (Grid & { name: string; layers: number; hasEdges: boolean })[];
  /** Grid on which maps and boxes are compared. */
  grid: Grid;
  columns: number;
}

/** The loss over the attention of the groups, and its terms by object. */
export function rnbLoss(
  { objects, groups, grid, columns }: RnbLayout,
  seen: Watched,
): Pulled & { terms: RegionTerm[] } {
  const cells = grid.height * grid.width;
  const total = groups.reduce((n, { layers }) => n + layers, 0);
  const totalEdges = groups.reduce((n, { layers, hasEdges }) => n + (hasEdges ? layers : 0), 0);
  const resamplers = groups.map((group) => new Resampler(group, grid));
  const [all, edges] = [new Float64Array(cells * columns), new Float64Array(cells * columns)];
  groups.forEach(({ name, layers, hasEdges }, i) => {
    resamplers[i]!.add(seen[name]!, columns, layers / total, all);
    if (hasEdges) resamplers[i]!.add(seen[name]!, columns, layers / totalEdges, edges);
  });
  // Edges are of words told apart, without the first column, which begins the text.
  for (let p = 0; p < cells; p++) softmaxRow(edges.subarray(p * columns + 1, (p + 1) * columns));
  const [back, edgeBack] = [new Float64Array(cells * columns), new Float64Array(cells * columns)];
  let loss = 0;
  const terms = objects.map(({ columns: words, mask, weight, isShaped = false }) => {
    const sum = (maps: Float64Array) =>
      Float64Array.from({ length: cells }, (_, p) => words.reduce((total, t) => total + maps[p * columns + t]!, 0));
    const term = regionTerm(sum(all), sum(edges), mask, grid, { isOneOfMany: objects.length > 1, isShaped });
    const share = weight / objects.length;
    loss += share * term.loss;
    for (const t of words) {
      for (let p = 0; p < cells; p++) {
        back[p * columns + t]! += share * term.slope[p]!;
        edgeBack[p * columns + t]! += share * term.edgeSlope[p]!;
      }
    }
    return term;
  });
  if (terms.some(({ usesEdges }) => usesEdges)) {
    for (let p = 0; p < cells; p++) {
      const [from, to] = [p * columns + 1, (p + 1) * columns];
      softmaxAdjoint(edges.subarray(from, to), edgeBack.subarray(from, to));
      edgeBack[p * columns] = 0;
    }
  } else edgeBack.fill(0);
  const pulls: Record<string, Float32Array> = {};
  groups.forEach(({ name, layers, hasEdges, height, width }, i) => {
    const pull = new Float64Array(height * width * columns);
    resamplers[i]!.addAdjoint(back, columns, layers / total, pull);
    if (hasEdges) resamplers[i]!.addAdjoint(edgeBack, columns, layers / totalEdges, pull);
    pulls[name] = Float32Array.from(pull);
  });
  return { loss, pulls, terms };
}

function softmaxRow(row: Float64Array): void {
  const most = row.reduce((max, v) => Math.max(max, v), -Infinity);
  let sum = 0;
  for (let t = 0; t < row.length; t++) {
    const value = Math.exp(EDGE_CONTRAST * (row[t]! - most));
    row[t] = value;
    sum += value;
  }
  for (let t = 0; t < row.length; t++) row[t] = row[t]! / sum;
}

function softmaxAdjoint(row: Float64Array, back: Float64Array): void {
  const mean = row.reduce((sum, v, t) => sum + v * back[t]!, 0);
  for (let t = 0; t < row.length; t++) back[t] = EDGE_CONTRAST * row[t]! * (back[t]! - mean);
}

export const method: LayoutMethod<RnbLayout> = {
  program: watching("R&B", (taps) => groupsOf(taps)),
  layout({ regions, columns, latent, attention }) {
    const groups = groupsOf(attention).map(({ name, taps, hasEdges }) => {
      const { height, width } = taps[0]!;
      return { name, layers: taps.length, hasEdges, height, width };
    });
    const objects = phraseTargets(regions).map((phrase) => {
      const isShaped = phrase.areas.some(({ shape, under }) => shape !== undefined || under !== undefined);
      return { ...phrase, isShaped, mask: areaMask(phrase.areas, latent, "trunc") };
    });
    return { objects, groups, grid: latent, columns };
  },
  begin: () => ({ loss: [Float64Array.of(Infinity)] }),
  async predict(step, latent, state) {
    const { layout, settings, evaluation } = step;
    const sizes = layout.groups.map(({ name, height, width }) => [name, height * width * layout.columns] as const);
    const idle = unpulled(Object.fromEntries(sizes));
    let at = latent;
    let loss = state["loss"]![0]![0]!;
    let gradient: Float32Array | undefined;
    if (layout.objects.length > 0 && within(evaluation.stepIndex, settings.moveSteps)) {
      for (let n = 0; n < settings.moveIterations && loss > NOTHING; n++) {
        const found = rnbLoss(layout, await lookAt(step, at, idle));
        loss = found.loss;
        if (loss <= NOTHING) {
          if (evaluation.stepIndex < ALWAYS) loss = Infinity;
          break;
        }
        ({ gradient } = await slopeOf(step, at, {}, found.pulls));
        at = movedAgainst(step, at, gradient, settings.moveStrength);
      }
    }
    state["loss"] = [Float64Array.of(loss)];
    const { epsilon, maps } = await step.guided(at, { prompt: { feeds: idle }, negative: { feeds: idle } });
    return { latent: at, epsilon, maps, loss: Number.isFinite(loss) ? loss : 0, ...(gradient ? { gradient } : {}) };
  },
};
