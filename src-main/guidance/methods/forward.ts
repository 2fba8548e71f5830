/**
 * Forward guidance (Chen, Laina & Vedaldi 2023, arXiv 2304.03373): a share of a word's attention is taken from where it is and laid evenly
 * into its box, after the softmax, in all layers and heads of the prompt's half. What a word has in all is kept; a pixel's words are not
 * brought back to 1, as in the formula. No code of it is public: this is our reading of the formula, with the window and the steps our own.
 */
import type { UnitBox } from "../../scene/scene.ts";
import type { Value } from "../../graph/graph.ts";
import { type Area, coverage, type Grid } from "../areas.ts";
import { gridKey } from "../masks.ts";
import { type AttentionProgram, type Feeds, type LayoutMethod, within } from "../method.ts";
import { areaMask, cellBox, wordTargets } from "../rasters.ts";

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

const rise = (x: number) => 1 / (1 + Math.exp(-x / EDGE));

/** The window of some areas on a grid, which sums to 1. */
function windowOf(areas: readonly Area[], grid: Grid): Float32Array {
  const window = new Float32Array(grid.height * grid.width);
  for (const area of areas) {
    const isBox = area.shape === undefined && area.under === undefined;
    (isBox ? boxWindow(area, grid) : softened(area, grid)).forEach((value, p) => {
      window[p] = Math.max(window[p]!, value);
    });
  }
  const sum = window.reduce((total, value) => total + value, 0);
  return window.map((value) => value / sum);
}

function boxWindow(box: UnitBox, grid: Grid): Float32Array {
  // No less than a cell, or the window would have no inside.
  const least = cellBox(box, grid, "round");
  const width = Math.max(1, box.width * grid.width);
  const height = Math.max(1, box.height * grid.height);
  const x0 = box.width * grid.width < 1 ? least.x0 : box.x * grid.width;
  const y0 = box.height * grid.height < 1 ? least.y0 : box.y * grid.height;
  return Float32Array.from({ length: grid.height * grid.width }, (_, p) => {
    const [x, y] = [(p % grid.width) + 0.5, Math.floor(p / grid.width) + 0.5];
    return rise(x - x0) * rise(x0 + width - x) * rise(y - y0) * rise(y0 + height - y);
  });
}

/** What another area has of each cell, its edge falling off alike: along each axis a box comes to the same, where it is a few cells wide. */
function softened(area: Area, grid: Grid): Float64Array {
  const own = coverage(area, grid);
  const isSeen = own.some((share) => share > 0.5);
  const { height, width } = grid;
  // Of what lies n cells from here: the logistic density over that cell.
  const weights = (count: number) => Array.from({ length: count }, (_, n) => rise(n + 0.5) - rise(n - 0.5));
  const [across, down] = [weights(width), weights(height)];
  const rows = new Float64Array(height * width);
  (isSeen ? own : areaMask([area], grid, "round")).forEach((share, p) => {
    if (share === 0) return;
    const [y, x] = [Math.floor(p / width), p % width];
    for (let to = 0; to < width; to++) rows[y * width + to]! += share * across[Math.abs(to - x)]!;
  });
  const both = new Float64Array(height * width);
  rows.forEach((value, p) => {
    const [y, x] = [Math.floor(p / width), p % width];
    for (let to = 0; to < height; to++) both[to * width + x]! += value * down[Math.abs(to - y)]!;
  });
  return both;
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
      for (const { column, areas } of targets) {
        windowOf(areas, grid).forEach((value, p) => {
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
