/** What a project looks like in a list of projects: where its boxes are. Small and bounded, so that it can be kept of many. */
import * as v from "valibot";
import { COLOR_COUNT } from "../scene/boxColors.ts";
import { isRecord } from "../scene/fields.ts";
import type { Draft, Glance } from "../api/store.ts";

/** More are not told apart in a drawing of a few millimetres. */
const MOST_BOXES = 16;

/** The lowest first. Colours are the window's own; where it has said none, they are as it gives them out. */
export function glanceOf({ scene, editor }: Draft): Glance {
  const { width, height } = scene.settings;
  const boxes = scene.regions.slice(0, MOST_BOXES).map(({ id, box }, i) => {
    const look = isRecord(editor.looks) ? editor.looks[id] : undefined;
    const color = isRecord(look) ? look.color : undefined;
    const isColor = typeof color === "number" && Number.isInteger(color) && color >= 0 && color < COLOR_COUNT;
    const [x, y, wide, high] = [box.x, box.y, box.width, box.height].map((side) => Math.round(side * 1000) / 1000);
    return { x: x!, y: y!, width: wide!, height: high!, color: isColor ? color : i % COLOR_COUNT };
  });
  return { width, height, boxes };
}

const part = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const side = v.pipe(v.number(), v.minValue(1), v.maxValue(100_000));
const color = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(COLOR_COUNT - 1));
const glanceSchema = v.object({
  width: side,
  height: side,
  boxes: v.pipe(v.array(v.object({ x: part, y: part, width: part, height: part, color })), v.maxLength(MOST_BOXES)),
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
