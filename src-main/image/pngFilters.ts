/**
 * The five row filters of PNG (section 9): a row as differences to its neighbours, which deflate packs better. A loop for each filter:
 * pictures are packed and read while somebody waits, and one loop that asks a function for each byte takes four times as long.
 */
import { invariant } from "../wire/errors.ts";

/** None, sub, up, average, Paeth: 0 to 4. */
const FILTERS = 5;

/** The neighbour closest to left + above - aboveLeft; ties in this order (section 9.4). */
function paeth(left: number, above: number, aboveLeft: number): number {
  const estimate = left + above - aboveLeft;
  const dl = Math.abs(estimate - left);
  const da = Math.abs(estimate - above);
  const dal = Math.abs(estimate - aboveLeft);
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
  let best = 0;
  for (let type = 0; type < FILTERS; type++) {
    filterBy(type, row, above, stride, out);
    const sum = sumOf(out, least);
    if (sum >= least) continue;
    least = sum;
    best = type;
  }
  if (best !== FILTERS - 1) filterBy(best, row, above, stride, out);
  out[0] = best;
}

function filterBy(type: number, row: Uint8Array, above: Uint8Array, stride: number, out: Uint8Array): void {
  const { length } = row;
  switch (type) {
    case 0:
      out.set(row, 1);
      return;
    case 1:
      for (let i = 0; i < length; i++) out[i + 1] = row[i]! - (i < stride ? 0 : row[i - stride]!);
      return;
    case 2:
      for (let i = 0; i < length; i++) out[i + 1] = row[i]! - above[i]!;
      return;
    case 3:
      for (let i = 0; i < length; i++) out[i + 1] = row[i]! - (((i < stride ? 0 : row[i - stride]!) + above[i]!) >> 1);
      return;
    default:
      for (let i = 0; i < stride; i++) out[i + 1] = row[i]! - above[i]!;
      for (let i = stride; i < length; i++) {
        out[i + 1] = row[i]! - paeth(row[i - stride]!, above[i]!, above[i - stride]!);
      }
  }
}

/** Of the absolute differences; `most` or more once it is that. */
function sumOf(filtered: Uint8Array, most: number): number {
  let sum = 0;
  for (let i = 1; i < filtered.length && sum < most; i++) {
    const difference = filtered[i]!;
    sum += difference < 128 ? difference : 256 - difference;
  }
  return sum;
}

/** Restores `row` in place; false when there is no such filter. */
export function unfilterRow(type: number, row: Uint8Array, above: Uint8Array, stride: number): boolean {
  const { length } = row;
  switch (type) {
    case 0:
      return true;
    case 1:
      for (let i = stride; i < length; i++) row[i] = row[i]! + row[i - stride]!;
      return true;
    case 2:
      for (let i = 0; i < length; i++) row[i] = row[i]! + above[i]!;
      return true;
    case 3:
      for (let i = 0; i < length; i++) row[i] = row[i]! + (((i < stride ? 0 : row[i - stride]!) + above[i]!) >> 1);
      return true;
    case 4:
      for (let i = 0; i < Math.min(stride, length); i++) row[i] = row[i]! + above[i]!;
      for (let i = stride; i < length; i++) {
        row[i] = row[i]! + paeth(row[i - stride]!, above[i]!, above[i - stride]!);
      }
      return true;
    default:
      return false;
  }
}
