/** How places of a box, and ranges of steps, are written where a grid varies them. */
import type { FieldValue, StepRangeRule } from "@scene/fields.ts";
import { MOST_IN_AXIS } from "@scene/grid.ts";
import type { UnitBox } from "@scene/scene.ts";

/** A box at so many places across and down, evenly spread over the picture; its size stays. */
export function spreadPlaces({ x, y, width, height }: UnitBox, across: number, down: number): UnitBox[] {
  const spread = (room: number, count: number, own: number) =>
    count === 1 ? [own] : Array.from({ length: count }, (_, i) => round((room * i) / (count - 1)));
  const lefts = spread(1 - width, across, x);
  return spread(1 - height, down, y).flatMap((top) => lefts.map((left) => ({ x: left, y: top, width, height })));
}

const round = (value: number) => Number(value.toFixed(4));
const percent = (value: number) => Number((value * 100).toFixed(2));

/** `6 31 38 38; 50 31 38 38`: left, top, width and height in percent. */
export function writePlaces(places: readonly UnitBox[]): string {
  return places.map(({ x, y, width, height }) => [x, y, width, height].map(percent).join(" ")).join("; ");
}

export function readPlaces(text: string): { places: UnitBox[] } | { problem: string } {
  const places: UnitBox[] = [];
  for (const part of text.split(/[;\n]+/).filter((one) => one.trim() !== "")) {
    const numbers = part
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    const [x = NaN, y = NaN, width = NaN, height = NaN] = numbers.map((value) => value / 100);
    const isBox =
      numbers.length === 4 &&
      x >= 0 &&
      y >= 0 &&
      width > 0 &&
      height > 0 &&
      x + width <= 1.0001 &&
      y + height <= 1.0001;
    if (!isBox)
      return { problem: `“${part.trim()}” is no place in the picture: write left, top, width and height in percent.` };
    places.push({ x, y, width: Math.min(width, 1 - x), height: Math.min(height, 1 - y) });
  }
  if (places.length === 0) return { problem: "Write a place: left, top, width and height in percent." };
  return places.length <= MOST_IN_AXIS ? { places } : { problem: `At most ${MOST_IN_AXIS} places.` };
}

/** As the window counts steps: `2–11` is from the second to the eleventh. */
export function writeRanges(ranges: readonly FieldValue<StepRangeRule>[]): string {
  return ranges.map(({ start, end }) => (end > start ? `${start + 1}–${end}` : "off")).join(", ");
}

export function readRanges(text: string): { ranges: FieldValue<StepRangeRule>[] } | { problem: string } {
  const ranges: FieldValue<StepRangeRule>[] = [];
  for (const part of text.split(/[,;\n]+/).filter((one) => one.trim() !== "")) {
    const [, first, last] = /^\s*(\d+)\s*[-–]\s*(\d+)\s*$/.exec(part) ?? [];
    const isOff = part.trim().toLowerCase() === "off";
    if (!isOff && (first === undefined || Number(first) < 1 || Number(last) < Number(first))) {
      return { problem: `“${part.trim()}” is no range of steps such as 2–11, or off.` };
    }
    ranges.push(isOff ? { start: 0, end: 0 } : { start: Number(first) - 1, end: Number(last) });
  }
  return ranges.length > 0 ? { ranges } : { problem: "Write ranges of steps, such as 2–11, 2–25." };
}
