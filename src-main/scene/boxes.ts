/** Boxes as a scene file has them: read into regions, with all that is wrong, and written back. */
import { type Problem, isRecord, join, readField, readFields, reportUnknownFields, show } from "./fields.ts";
import { extrasOf } from "./flatSettings.ts";
import { MOST_BOXES } from "./limits.ts";
import { type PhraseForm, readSpans, writeSpans } from "./regionSpans.ts";
import type { Region, Scene, UnitBox } from "./scene.ts";
import { REGION_NAME, REGION_SETTINGS } from "./regionSettings.ts";
import { formOf, type FormOf } from "./rows.ts";

/** A box as a file writes it; what equals the defaults may be left out when reading. */
export type BoxForm = PhraseForm & { name?: string; box: [number, number, number, number] } & FormOf<
    typeof REGION_SETTINGS
  >;

export type BoxField = keyof BoxForm;
export const BOX_FIELDS: readonly BoxField[] = [
  "name",
  "phrase",
  "occurrence",
  "span",
  "box",
  ...(Object.keys(REGION_SETTINGS) as (keyof typeof REGION_SETTINGS)[]),
];
/** Fractions are written in decimal: 0.7 + 0.3 must be allowed to miss 1 by a rounding. */
export const ROUNDING = 1e-9;

/** Boxes of the file; without a readable prompt all but the phrases is still checked. */
export function readBoxes(value: unknown, prompt: string | undefined, problems: Problem[]): Region[] {
  if (!Array.isArray(value)) {
    problems.push({ at: "boxes", message: `expected a list of boxes, which may be empty, got ${show(value)}` });
    return [];
  }
  if (value.length > MOST_BOXES) {
    problems.push({ at: "boxes", message: `${value.length} boxes are too many; the most are ${MOST_BOXES}` });
    return [];
  }
  const ids = new Map<string, number>();
  return (value as unknown[]).flatMap((item, i) => {
    const at = `boxes[${i}]`;
    if (!isRecord(item)) {
      problems.push({ at, message: `expected an object with "phrase" and "box", got ${show(item)}` });
      return [];
    }
    reportUnknownFields(item, BOX_FIELDS, at, problems);
    const id = item.name === undefined ? `box-${i + 1}` : readField(REGION_NAME, item.name, join(at, "name"), problems);
    if (id !== undefined) {
      const other = ids.get(id);
      if (other !== undefined)
        problems.push({ at: join(at, "name"), message: `"${id}" is already the name of boxes[${other}]` });
      ids.set(id, i);
    }
    const spans = readSpans(item, prompt, at, problems);
    const box = readBox(item.box, join(at, "box"), problems);
    const { strength = REGION_SETTINGS.strength.usual, ...rest } = readFields(REGION_SETTINGS, item, at, problems);
    if (id === undefined || !spans || !box) return [];
    const region = { id, box, spans, strength };
    return [{ ...region, ...extrasOf({ ...region, ...rest }) }];
  });
}

/** A box of fractions, as `[x, y, width, height]` or an object of these names. */
export function readBox(value: unknown, at: string, problems: Problem[]): UnitBox | undefined {
  const names = ["x", "y", "width", "height"] as const;
  if (isRecord(value)) reportUnknownFields(value, names, at, problems);
  const numbers = isRecord(value) ? names.map((name) => value[name]) : value;
  if (!Array.isArray(numbers) || numbers.length !== 4) {
    problems.push({ at, message: `expected [x, y, width, height] in fractions of the picture, got ${show(value)}` });
    return undefined;
  }
  const before = problems.length;
  const [x, y, width, height] = names.map((name, i) => {
    const path = isRecord(value) ? join(at, name) : `${at}[${i}]`;
    const number: unknown = numbers[i];
    if (typeof number === "number" && number >= 0 && number <= 1) {
      if (number > 0 || i < 2) return number + 0;
      problems.push({ at: path, message: `the ${name} is 0: the box is empty` });
      return 0;
    }
    const help =
      typeof number === "number" && number > 1 ? "; boxes are fractions: divide pixels by the picture's size" : "";
    problems.push({ at: path, message: `expected ${name} from 0 to 1, got ${show(number)}${help}` });
    return 0;
  }) as [number, number, number, number];
  if (problems.length > before) return undefined;
  const leaves = (start: number, size: number, side: string, name: string) => {
    if (start < 1 && start + size <= 1 + ROUNDING) return;
    const most = start < 1 ? "at most 1 fits" : "nothing of it is inside";
    problems.push({ at, message: `the box leaves the picture ${side}: ${name} is ${round(start + size)}, ${most}` });
  };
  leaves(x, width, "on the right", "x + width");
  leaves(y, height, "at the bottom", "y + height");
  if (problems.length > before) return undefined;
  return cutAtEdge({ x, y, width, height });
}

/** A box that a rounding drove over the picture's edge ends at it. */
export function cutAtEdge({ x, y, width, height }: UnitBox): UnitBox {
  return { x, y, width: Math.min(width, 1 - x), height: Math.min(height, 1 - y) };
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}

/** The form that `readBoxes` reads back. */
export function writeBoxes({ prompt, regions }: Scene): BoxForm[] {
  return regions.map((region, i) => ({
    ...(region.id === `box-${i + 1}` ? {} : { name: region.id }),
    ...writeSpans(prompt, region.spans),
    box: [region.box.x, region.box.y, region.box.width, region.box.height],
    ...(region.strength === REGION_SETTINGS.strength.usual ? {} : { strength: region.strength }),
    ...formOf(REGION_SETTINGS, extrasOf(region)),
  }));
}
