/**
 * BoxDiff (Xie et al. 2023, arXiv 2307.10816; showlab/BoxDiff b0d5d3b): before each of the first steps the latent is moved once along the
 * gradient of boxLoss.ts, and at three steps again and again until the box that is followed least is followed well enough (refinement).
 *
 * As the code has it, after a refinement the ordinary move follows the inner terms alone: its outer and corner terms belong to the latent
 * before. The authors count evaluations, of which PNDM has one more than steps: their 25 are 24 of its steps. Where words are several, a
 * box's terms are shared by them; the code takes one word a box. Padding counts among the words that are told apart, as with SD 1.x.
 */
import { boxLoss, type BoxTarget, type Terms } from "../boxLoss.ts";
import type { Grid } from "../masks.ts";
import { type LayoutMethod, within } from "../method.ts";
import { movedAgainst } from "../moving.ts";
import { areaMask, boundsOf, wordTargets } from "../rasters.ts";
import { lookAt, nearestLayers, slopeOf, unpulled, watching } from "../watching.ts";

export interface Refinement {
  /** By share of the run's steps: the step whose worst inner loss must be at most 1 minus the number. */
  thresholds: readonly (readonly [share: number, followed: number])[];
  /** The most moves of one refinement. */
  most: number;
}

const AUTHORS: Refinement = { thresholds: [[0, 0.05], [0.2, 0.5], [0.4, 0.8]], most: 20 }; // prettier-ignore

interface Layout {
  targets: readonly BoxTarget[];
  grid: Grid;
  columns: number;
}

const PROGRAM = watching("BoxDiff", (taps, _, { target }) => [{ name: "words", taps: nearestLayers(taps, target) }]);

/** BoxDiff with another refinement than its authors'. */
export function boxDiff({ thresholds, most }: Refinement): LayoutMethod<Layout> {
  return {
    program: PROGRAM,
    layout({ regions, columns, target, layers }) {
      const [grid] = nearestLayers(layers, target);
      const targets = wordTargets(regions).map(({ column, areas, weight }) => {
        const masks = areas.map((area) => areaMask([area], grid!, "round"));
        const boxes = masks.map((mask) => boundsOf(mask, grid!));
        return { column, weight, boxes, mask: areaMask(areas, grid!, "round") };
      });
      return { targets, grid: grid!, columns };
    },
    async predict(step, latent) {
      const { targets, grid, columns } = step.layout;
      const { settings, evaluation, number, count } = step;
      const idle = unpulled({ words: grid.height * grid.width * columns });
      let at = latent;
      let gradient: Float32Array | undefined;
      const look = async () => (await lookAt(step, at, idle))["words"]!;
      const lossOf = (seen: Float32Array, terms: Terms) => boxLoss(seen, grid, columns, targets, terms);
      const move = async (pull: Float32Array) => {
        ({ gradient } = await slopeOf(step, at, {}, { words: pull }));
        // From 1 at the first evaluation to half at the last, under a root.
        const amount = settings.moveStrength * Math.sqrt(1 - (0.5 * number) / Math.max(1, count - 1));
        at = movedAgainst(step, at, gradient, amount);
      };
      let loss = 0;
      if (targets.length > 0 && within(evaluation.stepIndex, settings.moveSteps)) {
        let seen = await look();
        let found = lossOf(seen, "all");
        const followed = thresholds.find(([share]) => Math.round(share * (count - 1)) === number)?.[1];
        const isRefined = settings.refine && followed !== undefined && Math.max(...found.inner) > 1 - followed;
        for (let n = 0; isRefined && n < most; n++) {
          const worst = Math.max(...found.inner);
          await move(lossOf(seen, { only: found.inner.indexOf(worst) }).pull);
          seen = await look();
          found = lossOf(seen, "inner");
          if (worst <= 1 - followed) break; // the move after a good look is made all the same
        }
        loss = found.loss;
        await move(found.pull);
      }
      const answer = await step.guided(at, { prompt: { feeds: idle }, negative: { feeds: idle } });
      return { latent: at, epsilon: answer.epsilon, maps: answer.maps, loss, ...(gradient ? { gradient } : {}) };
    },
  };
}

export const method = boxDiff(AUTHORS);
