/** Boxes as text on the clipboard, so that they can be pasted into another window, whose prompt may differ. */
import { readBox } from "@scene/boxes.ts";
import { isRecord, nearestNumber, type Problem, readFields } from "@scene/fields.ts";
import { extrasOf } from "@scene/flatSettings.ts";
import { MOST_BOXES } from "@scene/limits.ts";
import { findPhrase } from "@scene/phrases.ts";
import { REGION_SETTINGS } from "@scene/regionSettings.ts";
import type { TextSpan } from "@scene/scene.ts";
import { INSIDE, wordBreaks } from "@scene/wordBreaks.ts";
import { type Box, COLOR_COUNT } from "./document.ts";
import { type Group, readGroupId, readGroups } from "./parts.ts";

const KIND = "diorama boxes";

export function writeBoxes(boxes: readonly Box[], prompt: string, groups: readonly Group[] = []): string {
  const plain = boxes.map((one) => {
    const { box, name, color, strength, spans, group } = one;
    const phrases = spans.map(({ start, end }) => prompt.slice(start, end));
    return { box, name, color, strength, spans, phrases, group, ...extrasOf(one) };
  });
  return JSON.stringify({
    kind: KIND,
    boxes: plain,
    groups: groups.filter(({ id }) => boxes.some((b) => b.group === id)),
  });
}

/** The boxes of a text that `writeBoxes` made, tied to the same words of `prompt` where they stand in it. */
export function readBoxes(text: string, prompt: string): { boxes: Box[]; groups: Group[] } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value.kind !== KIND || !Array.isArray(value.boxes)) return undefined;
  const boxes = (value.boxes as unknown[]).slice(0, MOST_BOXES).flatMap((item): Box[] => {
    const problems: Problem[] = [];
    const box = isRecord(item) ? readBox(item.box, "box", problems) : undefined;
    if (!isRecord(item) || !box) return [];
    const { name, color } = item;
    const settings = readSettings(item);
    const one: Box = {
      id: "",
      box,
      spans: readSpans(item, prompt),
      name: typeof name === "string" ? name.slice(0, 80) : "",
      color: typeof color === "number" && color >= 0 && color < COLOR_COUNT ? Math.floor(color) : 0,
      ...settings,
      group: readGroupId(item.group),
      locked: false,
      hidden: false,
    };
    return [one];
  });
  return { boxes, groups: readGroups(value.groups) };
}

/** Of a text that may be anybody's: what is too long is cut, what is too much is the most, what is wrong is left out. */
function readSettings(item: Record<string, unknown>): Pick<Box, keyof typeof REGION_SETTINGS> {
  const fitted = Object.entries(REGION_SETTINGS).map(([name, row]) => {
    const value = item[name];
    if (row.kind === "text" && typeof value === "string") return [name, value.slice(0, row.longest)];
    if (row.kind === "number" && typeof value === "number") return [name, nearestNumber(row, value)];
    return [name, value];
  });
  const { strength = REGION_SETTINGS.strength.usual, ...rest } = readFields(
    REGION_SETTINGS,
    Object.fromEntries(fitted) as Record<string, unknown>,
    "",
    [],
  );
  return { strength, ...rest };
}

function readSpans({ phrases, spans }: Record<string, unknown>, prompt: string): TextSpan[] {
  if (!Array.isArray(phrases)) return [];
  return (phrases as unknown[]).flatMap((phrase, i) => {
    if (typeof phrase !== "string") return [];
    const was: unknown = Array.isArray(spans) ? spans[i] : undefined;
    const start = isRecord(was) && Number.isSafeInteger(was.start) ? (was.start as number) : -1;
    // Words that stand where they stood are the same, whether or not a dictionary would divide them there.
    const end = start + phrase.length;
    const breaks = wordBreaks(prompt);
    const stands = start >= 0 && end > start && prompt.startsWith(phrase, start);
    if (stands && breaks[start] !== INSIDE && breaks[end] !== INSIDE) return { start, end };
    const places = findPhrase(prompt, phrase);
    return places.find((place) => place.start === start) ?? places[0] ?? [];
  });
}
