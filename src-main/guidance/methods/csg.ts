/**
 * CSG (ECCV 2024; Papple-F/csg 1a5d721): before each of the first steps the latent is moved several times along the gradient of
 * selectiveLoss.ts, over the cross- and self-attention of the first block up; and in the prediction itself the attention that the listed
 * words have together is shared out among those whose boxes a pixel lies in (redistribution), in the layers of 16 x 16 of both halves.
 *
 * The authors count evaluations, of which PNDM has one more than steps: their 25 are 24 of its steps. Their random choices come from the
 * generator of the first noise, after it; ours from one of the method's own, so that the sampler's noise stays what it is elsewhere. Boxes
 * of the background, which their code takes beside, are not offered.
 */
import { type Grid, gridKey, type Mask } from "../masks.ts";
import { type Feeds, type LayoutMethod, type MethodState, within } from "../method.ts";
import { attendedBlocks, movedAgainst, placeOf } from "../moving.ts";
import { beginRandom, drawFrom } from "../ownRandom.ts";
import { areaMask, wordTargets } from "../rasters.ts";
import { selectiveLoss, type SelectiveTarget } from "../selectiveLoss.ts";
import { lookAt, slopeOf, unpulled, watching } from "../watching.ts";

interface Layout {
  targets: readonly SelectiveTarget[];
  /** Of the layers that are watched. */
  grid: Grid;
  columns: number;
  /** The redistribution where it acts: 1 for the listed words [columns], and their masks [pixels, columns]. */
  listed: Float32Array;
  masks: Float32Array;
}

const isWatched = (layers: readonly { name: string }[]) => {
  const [up] = attendedBlocks(layers, "up");
  return ({ name }: { name: string }) => placeOf(name).part === "up" && placeOf(name).block === up;
};

/** Graph inputs beside the watched: listed [columns], shared_masks [pixels, columns], shares [1]: 1 where attention is shared out. */
const PROGRAM = watching(
  "CSG",
  (taps, selfTaps) => [
    { name: "cross", taps: taps.filter(isWatched(taps)) },
    { name: "self", taps: selfTaps },
  ],
  (g, { target, columns }) => {
    const key = gridKey(target);
    const listed = g.input("listed", "float32", [columns]);
    const masks = g.input("shared_masks", "float32", [target.height * target.width, columns]);
    const shares = g.input("shares", "float32", [1]);
    let block: number | undefined; // the first that is met on the way up
    return {
      readsSelf: ({ name }) => {
        const place = placeOf(name);
        if (place.part === "up") block ??= place.block;
        return place.part === "up" && place.block === block;
      },
      probabilities: (probabilities, layer) => {
        if (gridKey(layer) !== key) return probabilities;
        const own = g.cast(probabilities, "float32");
        const together = g.sum(g.mul(own, listed), [2]); // [heads, pixels, 1]
        const moved = g.add(g.mul(own, g.sub(1, listed)), g.mul(together, g.mul(masks, listed)));
        const whole = g.div(moved, g.sum(moved, [2]));
        return g.cast(g.add(own, g.mul(shares, g.sub(whole, own))), probabilities.dtype);
      },
    };
  },
);

/** CSG that chooses by `shuffle`, in place of the generator in its state. */
export function csg(shuffle: (state: MethodState, count: number) => readonly number[]): LayoutMethod<Layout> {
  return {
    program: PROGRAM,
    layout({ regions, columns, target, attention }) {
      const grid: Grid = attention.find(isWatched(attention)) ?? target;
      const words = wordTargets(regions);
      const masksOn = (on: Grid): Mask[] => words.map(({ areas }) => areaMask(areas, on, "round"));
      const watched = masksOn(grid);
      const listed = new Float32Array(columns);
      const masks = new Float32Array(target.height * target.width * columns);
      const shared = masksOn(target);
      words.forEach(({ column }, i) => {
        listed[column] = 1;
        shared[i]!.forEach((on, p) => {
          masks[p * columns + column] = on;
        });
      });
      const targets = words.map(({ column, weight }, i) => ({ column, weight, mask: watched[i]! }));
      return { targets, grid, columns, listed, masks };
    },
    begin: ({ seed }) => beginRandom(seed),
    async predict(step, latent, state) {
      const { targets, grid, columns, listed, masks } = step.layout;
      const { settings, evaluation, number, count } = step;
      const cells = grid.height * grid.width;
      const feedsOf = (shares: number): Feeds => ({ listed, shared_masks: masks, shares: Float32Array.of(shares) });
      const idle = unpulled({ cross: cells * columns, self: cells * cells });
      let at = latent;
      let loss = 0;
      let gradient: Float32Array | undefined;
      if (targets.length > 0 && within(evaluation.stepIndex, settings.moveSteps)) {
        // From 1 at the first evaluation to half at the last, under a root.
        const amount = settings.moveStrength * Math.sqrt(1 - (0.5 * number) / Math.max(1, count - 1));
        for (let n = 0; n < settings.moveIterations; n++) {
          const seen = await lookAt(step, at, { ...feedsOf(0), ...idle });
          const found = selectiveLoss(seen["cross"]!, seen["self"]!, columns, targets, (size) => shuffle(state, size));
          loss = found.loss;
          ({ gradient } = await slopeOf(step, at, feedsOf(0), { cross: found.cross, self: found.self }));
          at = movedAgainst(step, at, gradient, amount);
        }
      }
      const isShared = targets.length > 0 && within(evaluation.stepIndex, settings.attentionSteps);
      const half = { feeds: { ...feedsOf(isShared ? 1 : 0), ...idle } };
      const { epsilon, maps } = await step.guided(at, { prompt: half, negative: half });
      return { latent: at, epsilon, maps, loss, ...(gradient ? { gradient } : {}) };
    },
  };
}

/** By Fisher and Yates, with the generator in the state. */
function shuffled(state: MethodState, count: number): readonly number[] {
  const fractions = drawFrom(state, (generator) => generator.uniform(count));
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(fractions[i]! * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

export const method = csg(shuffled);
