/**
 * Forward guidance (Chen, Laina & Vedaldi 2023, arXiv 2304.03373): a share of a word's attention is taken from where it is and laid evenly
 * into its box, after the softmax, in all layers and heads of the prompt's half. What a word has in all is kept; a pixel's words are not
 * brought back to 1, as in the formula. No code of it is public: this is our reading of the formula, with the window and the steps our own.
 */
import type { UnitBox } from "../../scene/scene.ts";
import type { Value } from "../../graph/graph.ts";
import { type Grid, gridKey } from "../masks.ts";
import { type AttentionProgram, type Feeds, type LayoutMethod, within } from "../method.ts";
import { cellBox, wordTargets } from "../rasters.ts";

/** Cells over which the window's edge falls off, as a logistic function. */
const EDGE = 0.5;

/** Graph inputs: kept [columns] and window.GRID [pixels, columns]. */
const PROGRAM: AttentionProgram = {
  name: "forward guidance",
  build: (g, { columns }) => {
    const kept = g.input("kept", "float32", [columns]);
    const inputs = new Map<string, Value>();
    return {
      probabilities: (probabilities, layer) => {
        const name = `window.${gridKey(layer)}`;
        const window = inputs.get(name) ?? g.input(name, "float32", [layer.height * layer.width, columns]);
        inputs.set(name, window);
        const { dtype } = probabilities;
        const laid = g.mul(g.cast(window, dtype), g.sum(probabilities, [1]));
        return g.add(g.mul(probabilities, g.cast(kept, dtype)), laid);
      },
    };
  },
};

/** The window of some boxes on a grid, which sums to 1. */
function windowOf(boxes: readonly UnitBox[], grid: Grid): Float32Array {
  const window = new Float32Array(grid.height * grid.width);
  const rise = (x: number) => 1 / (1 + Math.exp(-x / EDGE));
  for (const box of boxes) {
    // No less than a cell, or the window would have no inside.
    const least = cellBox(box, grid, "round");
    const width = Math.max(1, box.width * grid.width);
    const height = Math.max(1, box.height * grid.height);
    const x0 = box.width * grid.width < 1 ? least.x0 : box.x * grid.width;
    const y0 = box.height * grid.height < 1 ? least.y0 : box.y * grid.height;
    for (let p = 0; p < window.length; p++) {
      const [x, y] = [(p % grid.width) + 0.5, Math.floor(p / grid.width) + 0.5];
      const value = rise(x - x0) * rise(x0 + width - x) * rise(y - y0) * rise(y0 + height - y);
      window[p] = Math.max(window[p]!, value);
    }
  }
  const sum = window.reduce((total, value) => total + value, 0);
  return window.map((value) => value / sum);
}

interface Layout {
  /** Columns that are bound, with the strengths of their boxes. */
  words: ReadonlyMap<number, number>;
  /** By input: the windows of the bound columns, [pixels, columns]; 0 in all others. */
  windows: Feeds;
  columns: number;
}

/** What the program takes when `share` of each word's attention is laid into its box; a box of another strength than 1 has more or less. */
function feedsOf({ words, windows, columns }: Layout, share: number): Feeds {
  const shares = new Float32Array(columns);
  for (const [column, strength] of words) shares[column] = Math.min(1, share * strength);
  const scaled = Object.entries(windows).map(([name, window]) => [
    name,
    window.map((value, i) => value * shares[i % columns]!),
  ]);
  return { kept: shares.map((value) => 1 - value), ...(Object.fromEntries(scaled) as Feeds) };
}

export const method: LayoutMethod<Layout> = {
  program: PROGRAM,
  layout({ regions, columns, layers }) {
    const targets = wordTargets(regions);
    const words = new Map<number, number>();
    for (const { region, tokens } of regions) {
      for (const column of tokens) words.set(column, Math.max(words.get(column) ?? 0, region.strength));
    }
    const windows = layers.map((grid) => {
      const all = new Float32Array(grid.height * grid.width * columns);
      for (const { column, boxes } of targets) {
        windowOf(boxes, grid).forEach((value, p) => {
          all[p * columns + column] = value;
        });
      }
      return [`window.${gridKey(grid)}`, all] as const;
    });
    return { words, windows: Object.fromEntries(windows), columns };
  },
  async predict({ evaluation, settings, layout, ...step }, latent) {
    const share = within(evaluation.stepIndex, settings.attentionSteps) ? settings.attentionShare : 0;
    const { epsilon, maps, loss } = await step.guided(latent, {
      prompt: { feeds: feedsOf(layout, share) },
      negative: { feeds: feedsOf(layout, 0) },
    });
    return { latent, epsilon, maps, loss };
  },
};
