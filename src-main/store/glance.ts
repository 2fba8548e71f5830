/** What a project looks like in a list of projects: where its boxes are. Small and bounded, so that it can be kept of many. */
import * as v from "valibot";
import { COLOR_COUNT } from "../scene/boxColors.ts";
import { isRecord } from "../scene/fields.ts";
import { type RegionShape, ringsOf } from "../scene/shapes.ts";
import type { Draft, Glance } from "../api/store.ts";

/** More are not told apart in a drawing of a few millimetres. */
const MOST_BOXES = 16;
const MOST_POINTS = 16;

/** The lowest first. Colours are the window's own; where it has said none, they are as it gives them out. */
export function glanceOf({ scene, editor }: Draft): Glance {
  const { width, height } = scene.settings;
  const boxes = scene.regions.slice(0, MOST_BOXES).map(({ id, box, shape }, i) => {
    const look = isRecord(editor.looks) ? editor.looks[id] : undefined;
    const color = isRecord(look) ? look.color : undefined;
    const isColor = typeof color === "number" && Number.isInteger(color) && color >= 0 && color < COLOR_COUNT;
    const [x, y, wide, high] = [box.x, box.y, box.width, box.height].map((side) => Math.round(side * 1000) / 1000);
    const place = { x: x!, y: y!, width: wide!, height: high! };
    return { ...place, color: isColor ? color : i % COLOR_COUNT, ...(shape ? { outline: outlineOf(shape) } : {}) };
  });
  return { width, height, boxes };
}

/** Some points of the outline, of several the one with the most corners. */
function outlineOf(shape: RegionShape): number[] {
  const ring = ringsOf(shape).reduce((longest, one) => (one.length > longest.length ? one : longest));
  const count = Math.min(ring.length, MOST_POINTS);
  return Array.from({ length: count }, (_, i) => ring[Math.floor((i * ring.length) / count)]!).flatMap(({ x, y }) =>
    [x, y].map((part) => Math.round(part * 100) / 100),
  );
}

const part = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const side = v.pipe(v.number(), v.minValue(1), v.maxValue(100_000));
const outline = v.pipe(
  v.array(part),
  v.maxLength(2 * MOST_POINTS),
  v.check((numbers) => numbers.length % 2 === 0),
);
const color = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(COLOR_COUNT - 1));
const glanceSchema = v.object({
  width: side,
  height: side,
  boxes: v.pipe(
    v.array(v.object({ x: part, y: part, width: part, height: part, color, outline: v.exactOptional(outline) })),
    v.maxLength(MOST_BOXES),
  ),
});

/** As the library has it; null where it has none, or something else. */
export function readGlance(text: string | null): Glance | null {
  if (text === null) return null;
  try {
    const read = v.safeParse(glanceSchema, JSON.parse(text));
    return read.success ? read.output : null;
  } catch {
    return null;
  }
}
