/**
 * Boxes in the cells of a layer as other methods' authors round them. A box that is smaller than a cell keeps the one that holds its
 * centre: theirs have none there, and the method then does nothing, or divides by zero.
 */
import type { UnitBox } from "../scene/scene.ts";
import type { BoundRegion } from "./layout.ts";
import type { Grid, Mask } from "./masks.ts";

/** First and one past the last cell of a box on a grid, both from 0. */
export interface CellBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

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

/** 1 in the cells of any of the boxes. */
export function cellMask(boxes: readonly CellBox[], { height, width }: Grid): Mask {
  const mask = new Float32Array(height * width);
  for (const { x0, y0, x1, y1 } of boxes) {
    for (let y = y0; y < y1; y++) mask.fill(1, y * width + x0, y * width + x1);
  }
  return mask;
}

/** What a word is bound to: the boxes of all regions that have it. */
export interface WordTarget {
  column: number;
  boxes: readonly UnitBox[];
  /** The strength of its box, shared by the words of the phrase; the greatest where several have it. */
  weight: number;
}

/** The words of the regions, in the order in which they are first named. Regions of strength 0 have none. */
export function wordTargets(regions: readonly BoundRegion[]): WordTarget[] {
  const targets = new Map<number, WordTarget>();
  for (const { region, tokens } of regions) {
    if (region.strength === 0) continue;
    for (const column of tokens) {
      const before = targets.get(column);
      const weight = Math.max(before?.weight ?? 0, region.strength / tokens.length);
      targets.set(column, { column, boxes: [...(before?.boxes ?? []), region.box], weight });
    }
  }
  return [...targets.values()];
}

/** What a phrase is bound to: the boxes of all regions that have the same words. */
export interface PhraseTarget {
  columns: readonly number[];
  boxes: readonly UnitBox[];
  /** The greatest strength of them. */
  weight: number;
}

export function phraseTargets(regions: readonly BoundRegion[]): PhraseTarget[] {
  const targets = new Map<string, PhraseTarget>();
  for (const { region, tokens } of regions) {
    if (region.strength === 0 || tokens.length === 0) continue;
    const before = targets.get(tokens.join());
    const weight = Math.max(before?.weight ?? 0, region.strength);
    targets.set(tokens.join(), { columns: tokens, boxes: [...(before?.boxes ?? []), region.box], weight });
  }
  return [...targets.values()];
}
