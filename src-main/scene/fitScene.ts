/** Scenes that an earlier version wrote, when more was allowed: brought within today's bounds before they are checked. */
import { isRecord, nearestNumber } from "./fields.ts";
import type { Row } from "./rows.ts";
import { isGuidance, rowOf, SETTING_NAMES } from "./settings.ts";

/**
 * A scene as a file has it, with numbers that were allowed once at the nearest that is now, and step ranges that end with the run.
 * What is no scene, or wrong in another way, is left as it is, to be refused with its place.
 */
export function fitScene(value: unknown): unknown {
  if (!isRecord(value) || !isRecord(value.settings)) return value;
  const { settings } = value;
  const { guidance } = settings;
  const fitted: Record<string, unknown> = { ...settings };
  for (const name of SETTING_NAMES) {
    const holder = isGuidance(name) ? guidance : settings;
    if (!isRecord(holder) || !(name in holder)) continue;
    const next = fitField(rowOf(name), holder[name], typeof settings.steps === "number" ? settings.steps : Infinity);
    if (isGuidance(name)) fitted.guidance = { ...(fitted.guidance as object), [name]: next };
    else fitted[name] = next;
  }
  return { ...value, settings: fitted };
}

function fitField(row: Row, value: unknown, steps: number): unknown {
  if (row.kind === "number") {
    const wasAllowed = row.once && typeof value === "number" && value >= row.once.min && value <= row.once.max;
    const isUnit = row.multipleOf === undefined || (value as number) % row.multipleOf === 0;
    return wasAllowed && isUnit ? nearestNumber(row, value) : value;
  }
  if (row.kind !== "stepRange" || !isRecord(value)) return value;
  const cut = (step: unknown) => (typeof step === "number" ? Math.min(step, steps) : step);
  return { ...value, start: cut(value.start), end: cut(value.end) };
}
