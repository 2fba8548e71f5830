/**
 * Layout guidance by backward guidance (Chen, Laina & Vedaldi 2023, arXiv 2304.03373; silent-chen/layout-guidance 50fcf75): before each of
 * the first steps the latent is moved until words have enough of their attention in their boxes.
 *
 * As the code has it, the energy of the last look is never forgotten: once it is small enough, no later step moves anything, and a move is
 * made even where the look before it found it small. Unlike the code, words are found by their tokens instead of by spaces, and a box
 * that is smaller than a cell keeps one: theirs has none then, its term is the constant 1 and all moves are made for nothing.
 */
import type { GraphBuilder } from "../../graph/builder.ts";
import type { Value } from "../../graph/graph.ts";
import type { AttentionTap } from "../../model/unet.ts";
import { gridKey } from "../masks.ts";
import { type AttentionProgram, type Feeds, type LayoutMethod, within } from "../method.ts";
import { attendedBlocks, movedAgainst, placeOf } from "../moving.ts";
import { areaMask, phraseTargets } from "../rasters.ts";

/** Graph inputs: energy_weights [columns] and inside.GRID [pixels, columns] for the grids that are read. */
const PROGRAM: AttentionProgram = {
  name: "layout guidance",
  isAlone: true,
  build: (g, { columns }) => {
    const weights = g.input("energy_weights", "float32", [columns]);
    return { loss: (taps) => ({ loss: energy(g, taps, weights) }) };
  },
};

/** Beside what a word has in all: columns that nobody attends to have no share, rather than no number. */
const NOTHING = 1e-12;

/** The middle of the network, and the first block up from there that attends to the text. */
function read(taps: readonly AttentionTap[]): AttentionTap[] {
  const [up] = attendedBlocks(taps, "up");
  return taps.filter(({ name }) => {
    const { part, block } = placeOf(name);
    return part === "middle" || (part === "up" && block === up);
  });
}

/** Mean over layers and heads, weighted sum over words, of (1 - r)^2, r being the share of a word's attention in its boxes; [1]. */
function energy(g: GraphBuilder, taps: readonly AttentionTap[], weights: Value): Value {
  const inputs = new Map<string, Value>();
  const layers = read(taps);
  const terms = layers.map((tap) => {
    const probabilities = g.cast(tap.probabilities, "float32"); // [heads, pixels, columns]
    const [, pixels, columns] = probabilities.shape as [number, number, number];
    const name = `inside.${gridKey(tap)}`;
    const inside = inputs.get(name) ?? g.input(name, "float32", [pixels, columns]);
    inputs.set(name, inside);
    const whole = g.add(g.sum(probabilities, [1], false), NOTHING);
    const share = g.div(g.sum(g.mul(probabilities, inside), [1], false), whole);
    const rest = g.sub(1, share); // [heads, columns]
    return g.sum(g.mul(g.mean(g.mul(rest, rest), [0], false), weights), [0]);
  });
  const sum = terms.reduce((all, term) => g.add(all, term));
  return g.reshape(g.mul(sum, 1 / layers.length), [1]);
}

export const method: LayoutMethod<{ feeds: Feeds; hasBoxes: boolean }> = {
  program: PROGRAM,
  layout({ regions, columns, layers }) {
    const phrases = phraseTargets(regions);
    const weights = new Float32Array(columns);
    const feeds: Record<string, Float32Array> = { energy_weights: weights };
    for (const grid of layers) feeds[`inside.${gridKey(grid)}`] = new Float32Array(grid.height * grid.width * columns);
    for (const { columns: words, areas, weight } of phrases) {
      for (const word of words) weights[word]! += weight / (phrases.length * words.length);
      for (const grid of layers) {
        const inside = feeds[`inside.${gridKey(grid)}`]!;
        areaMask(areas, grid, "trunc").forEach((on, p) => {
          for (const word of words) inside[p * columns + word] = Math.max(on, inside[p * columns + word]!);
        });
      }
    }
    return { feeds, hasBoxes: phrases.length > 0 };
  },
  begin: () => ({ energy: [Float64Array.of(Infinity)] }),
  async predict({ settings, layout: { feeds, hasBoxes }, ...step }, latent, state) {
    const half = { feeds };
    let at = latent;
    let energyNow = state["energy"]![0]![0]!;
    let gradient: Float32Array | undefined;
    const { sigma, stepIndex } = step.evaluation;
    if (hasBoxes && within(stepIndex, settings.moveSteps)) {
      for (let n = 0; n < settings.moveIterations && energyNow > settings.moveUntil; n++) {
        const slope = await step.slope(at, half);
        energyNow = slope.loss;
        gradient = slope.gradient;
        // sigma^2 times the gradient in sigma space is, in the network's scale, 1 - abar times the gradient there.
        at = movedAgainst(step, at, gradient, (settings.moveStrength * sigma * sigma) / (1 + sigma * sigma));
      }
    }
    state["energy"] = [Float64Array.of(energyNow)];
    const { epsilon, maps, loss } = await step.guided(at, { prompt: half, negative: half });
    return { latent: at, epsilon, maps, loss, ...(gradient ? { gradient } : {}) };
  },
};
