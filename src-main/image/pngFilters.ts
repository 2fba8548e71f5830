/** The five row filters of PNG (section 9): a row as differences to its neighbours, which deflate packs better. */
import { invariant } from "../wire/errors.ts";

type Predictor = (left: number, above: number, aboveLeft: number) => number;

/** By filter type: none, sub, up, average, Paeth. */
const predictors: readonly Predictor[] = [
  () => 0,
  (left) => left,
  (_left, above) => above,
  (left, above) => (left + above) >> 1,
  paeth,
];

/** The neighbour closest to left + above - aboveLeft; ties in this order (section 9.4). */
function paeth(left: number, above: number, aboveLeft: number): number {
  const estimate = left + above - aboveLeft;
  const [dl, da, dal] = [Math.abs(estimate - left), Math.abs(estimate - above), Math.abs(estimate - aboveLeft)];
  if (dl <= da && dl <= dal) return left;
  return da <= dal ? above : aboveLeft;
}

/**
 * Writes the filter type and the filtered `row` to `out`. The filter is the one with the least sum of absolute
 * differences, the choice that the specification suggests (section 12.7).
 */
export function filterRow(row: Uint8Array, above: Uint8Array, stride: number, out: Uint8Array): void {
  invariant(out.length === row.length + 1, "a filtered row is one byte longer");
  let least = Infinity;
  for (const [type, predict] of predictors.entries()) {
    let sum = 0;
    for (let i = 0; i < row.length && sum < least; i++) {
      const difference = (row[i]! - predict(at(row, i - stride), above[i]!, at(above, i - stride))) & 255;
      sum += difference < 128 ? difference : 256 - difference;
    }
    if (sum >= least) continue;
    least = sum;
    out[0] = type;
  }
  const predict = predictors[out[0]!]!;
  for (let i = 0; i < row.length; i++) {
    out[i + 1] = row[i]! - predict(at(row, i - stride), above[i]!, at(above, i - stride));
  }
}

/** Restores `row` in place; false when there is no such filter. */
export function unfilterRow(type: number, row: Uint8Array, above: Uint8Array, stride: number): boolean {
  const predict = predictors[type];
  if (!predict) return false;
  for (let i = 0; i < row.length; i++) {
    row[i] = row[i]! + predict(at(row, i - stride), above[i]!, at(above, i - stride));
  }
  return true;
}

/** A byte left of the row counts as 0. */
function at(row: Uint8Array, i: number): number {
  return i < 0 ? 0 : row[i]!;
}
