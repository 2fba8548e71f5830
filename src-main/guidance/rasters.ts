/**
 * Areas in the cells of a layer as other methods' authors round boxes. A box that is smaller than a cell keeps the one that holds its
 * centre: theirs have none there, and the method then does nothing, or divides by zero.
 */
import type { UnitBox } from "../scene/scene.ts";
import { type Area, type CellBox, drawnIn, type Grid, type Mask } from "./areas.ts";
import { areaOf, type BoundRegion } from "./layout.ts";

export type { CellBox } from "./areas.ts";

/** Rounds to the nearest, and halves to the even one, as Python does. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/** `trunc` cuts the corners' fractions off (Chen et al., R&B); `round` takes the nearest cells' edges (BoxDiff, CSG). */
export type Rounding = "trunc" | "round";

const ROUNDINGS: Record<Rounding, (value: number) => number> = {
  // A corner on an edge of a cell may miss it by the last digit.
  trunc: (value) => Math.floor(value + 1e-9),
  round: (value) => roundHalfEven(Number(value.toFixed(9))),
};

export function cellBox(box: UnitBox, { height, width }: Grid, rounding: Rounding): CellBox {
  const of = (start: number, length: number, count: number): [number, number] => {
    const [first, end] = [start, start + length].map((at) => Math.min(count, ROUNDINGS[rounding](at * count))) as [number, number]; // prettier-ignore
    if (end > first) return [first, end];
    const middle = Math.min(count - 1, Math.floor((start + length / 2) * count));
    return [middle, middle + 1];
  };
  const [x0, x1] = of(box.x, box.width, width);
  const [y0, y1] = of(box.y, box.height, height);
  return { x0, y0, x1, y1 };
}

/** 1 in the cells of any of the areas. */
export function areaMask(areas: readonly Area[], grid: Grid, rounding: Rounding): Mask {
  const mask = new Float32Array(grid.height * grid.width);
  for (const area of areas) {
    drawnIn(area, grid, (box) => cellBox(box, grid, rounding)).forEach((on, p) => {
      if (on === 1) mask[p] = 1;
    });
  }
  return mask;
}

/** The smallest box around the cells of a mask; all of the grid where it has none. */
export function boundsOf(mask: Mask, { height, width }: Grid): CellBox {
  const bounds = { x0: width, y0: height, x1: 0, y1: 0 };
  mask.forEach((on, p) => {
    if (on === 0) return;
    const [x, y] = [p % width, Math.floor(p / width)];
    bounds.x0 = Math.min(bounds.x0, x);
    bounds.y0 = Math.min(bounds.y0, y);
    bounds.x1 = Math.max(bounds.x1, x + 1);
    bounds.y1 = Math.max(bounds.y1, y + 1);
  });
  return bounds.x1 > 0 ? bounds : { x0: 0, y0: 0, x1: width, y1: height };
}

/** What a word is bound to: the areas of all regions that have it. */
export interface WordTarget {
  column: number;
  areas: readonly Area[];
  /** The strength of its box, shared by the words of the phrase; the greatest where several have it. */
  weight: number;
}

/** The words of the regions, in the order in which they are first named. Regions of strength 0 have none. */
export function wordTargets(regions: readonly BoundRegion[]): WordTarget[] {
  const targets = new Map<number, WordTarget>();
  for (const bound of regions) {
    const { region, tokens } = bound;
    if (region.strength === 0) continue;
    for (const column of tokens) {
      const before = targets.get(column);
      const weight = Math.max(before?.weight ?? 0, region.strength / tokens.length);
      targets.set(column, { column, areas: [...(before?.areas ?? []), areaOf(bound)], weight });
    }
  }
  return [...targets.values()];
}

/** What a phrase is bound to: the areas of all regions that have the same words. */
export interface PhraseTarget {
  columns: readonly number[];
  areas: readonly Area[];
  /** The greatest strength of them. */
  weight: number;
}

export function phraseTargets(regions: readonly BoundRegion[]): PhraseTarget[] {
  const targets = new Map<string, PhraseTarget>();
  for (const bound of regions) {
    const { region, tokens } = bound;
    if (region.strength === 0 || tokens.length === 0) continue;
    const before = targets.get(tokens.join());
    const weight = Math.max(before?.weight ?? 0, region.strength);
    targets.set(tokens.join(), { columns: tokens, areas: [...(before?.areas ?? []), areaOf(bound)], weight });
  }
  return [...targets.values()];
}
