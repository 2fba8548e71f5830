/** What rows and columns of a grid may be, as the window offers it, and how a person writes their values. */
import { acts } from "@scene/actingSettings.ts";
import { countAlternatives } from "@scene/alternatives.ts";
import {
  type FieldRule,
  type FieldValue,
  isRecord,
  type NumberRule,
  readNumber,
  type Problem,
  type StepRangeRule,
} from "@scene/fields.ts";
import { LORA_SETTINGS } from "@scene/fileSettings.ts";
import { mayBeOpen } from "@scene/flatSettings.ts";
import { type Axis, type AxisValue, type Grid, type Layout, MOST_IN_AXIS } from "@scene/grid.ts";
import { settingLabel } from "@scene/gridAxes.ts";
import { readNumbers } from "@scene/numberList.ts";
import { REGION_SETTINGS } from "@scene/regionSettings.ts";
import type { Region, Scene } from "@scene/scene.ts";
import { formatSeeds, readSeeds } from "@scene/seeds.ts";
import { rowOf, SETTING_NAMES, type SettingName } from "@scene/settings.ts";
import { phraseOf } from "./document.ts";
import { readPlaces, readRanges, spreadPlaces, writePlaces, writeRanges } from "./gridTexts.ts";

/** What a row or column varies: `seeds`, `setting:method`, `lora:ink`, `places:ID` and so on; `nothing` leaves one. */
export type AxisKey = string;

/** Rows or columns as they stand in the form. */
export interface AxisForm {
  key: AxisKey;
  /** Values as they are written. */
  text: string;
  /** Values that are ticked, of those that can only be chosen from. */
  chosen: readonly string[];
}

export interface AxisItem {
  value: AxisKey;
  label: string;
  group?: string;
}

/** A value that is ticked; `value` is its text. */
export interface Tick {
  value: string;
  label: string;
}

export const NOTHING: AxisForm = { key: "nothing", text: "", chosen: [] };
/** Settings of which a person can write or tick several values. */
const KINDS: readonly FieldRule["kind"][] = ["number", "choice", "boolean", "stepRange"];
/** How what a scene may leave open is ticked. */
const OPEN = "";

const split = (key: AxisKey): [kind: string, of: string] => {
  const at = key.indexOf(":");
  return at < 0 ? [key, ""] : [key.slice(0, at), key.slice(at + 1)];
};
const wordsOf = ({ prompt }: Scene, region: Region, i: number) => phraseOf(prompt, region) || `Box ${i + 1}`;

/** Everything that can vary in a scene. Of the settings those that the window has a field for, and that act. */
export function axisItems(scene: Scene, used: readonly AxisKey[] = []): AxisItem[] {
  const alternatives = countAlternatives(scene);
  const settings = SETTING_NAMES.filter((name) => {
    if (rowOf(name).kind === "seed") return false; // seeds have an axis of their own
    const { label, kind } = rowOf(name);
    const isOffered = label !== undefined && KINDS.includes(kind);
    return isOffered && (acts(name, scene.settings) || used.includes(`setting:${name}`));
  });
  const boxes = scene.regions.map((region, i) => ({ id: region.id, words: wordsOf(scene, region, i) }));
  return [
    { value: "nothing", label: "Nothing" },
    { value: "seeds", label: "Seeds" },
    ...("count" in alternatives && alternatives.count > 1
      ? [{ value: "prompts", label: "Alternatives of the prompt" }]
      : []),
    { value: "layouts", label: "Layouts" },
    ...boxes.map(({ id, words }) => ({ value: `places:${id}`, label: `Places of “${words}”`, group: "One box" })),
    ...boxes.map(({ id, words }) => ({ value: `strength:${id}`, label: `Strength of “${words}”`, group: "One box" })),
    ...settings.map((name) => ({ value: `setting:${name}`, label: rowOf(name).label!, group: "Settings" })),
    ...(scene.settings.loras ?? []).map(({ name }) => ({
      value: `lora:${name}`,
      label: `Strength of ${name}`,
      group: "LoRAs",
    })),
  ];
}

/** What can be ticked of an axis; undefined where its values are written. */
export function ticksOf(key: AxisKey, layouts: readonly Layout[]): Tick[] | undefined {
  const [kind, of] = split(key);
  if (kind === "layouts") return layouts.map(({ name }) => ({ value: name, label: name }));
  if (kind !== "setting") return undefined;
  const name = of as SettingName;
  const row = rowOf(name);
  const open = mayBeOpen(row) ? [{ value: OPEN, label: settingLabel(name, null) }] : [];
  const tick = (value: string | boolean): Tick => ({ value: String(value), label: settingLabel(name, value) });
  if (row.kind === "choice") return [...open, ...(name === "spacing" ? [tick("karras")] : []), ...row.of.map(tick)];
  return row.kind === "boolean" ? [tick(true), tick(false)] : undefined;
}

/** What is written into an empty field of an axis, to begin with. */
export function usualForm(
  key: AxisKey,
  scene: Scene,
  { seeds, layouts }: { seeds: string; layouts: readonly Layout[] },
): AxisForm {
  const [kind, of] = split(key);
  const region = scene.regions.find(({ id }) => id === of);
  switch (kind) {
    case "seeds":
      return { key, text: seeds, chosen: [] };
    case "layouts":
      return { key, text: "", chosen: layouts.map(({ name }) => name).slice(0, MOST_IN_AXIS) };
    case "places":
      return { key, text: region ? writePlaces(spreadPlaces(region.box, 3, 1)) : "", chosen: [] };
    case "strength":
      return { key, text: "0.5, 1, 2", chosen: [] };
    case "lora":
      return { key, text: "0, 0.5, 1", chosen: [] };
    case "setting":
      return usualOfSetting(of as SettingName, scene);
    default:
      return { key, text: "", chosen: [] };
  }
}

/** Half, once and twice of what it is; of what is chosen from, what there is now beside the first. */
function usualOfSetting(name: SettingName, { settings }: Scene): AxisForm {
  const key = `setting:${name}`;
  const row = rowOf(name);
  const now = ({ ...settings, ...settings.guidance } as Record<string, unknown>)[name] ?? row.nothing;
  if (row.kind === "number") {
    const middle = typeof now === "number" && now > 0 ? now : (row.slider?.end ?? row.max) / 4;
    const values = [middle / 2, middle, middle * 2].map((value) => within(row, value));
    return { key, text: [...new Set(values)].join(", "), chosen: [] };
  }
  if (row.kind === "stepRange") {
    const { start, end } = (now as FieldValue<StepRangeRule> | undefined) ?? {
      start: 1,
      end: Math.max(2, settings.steps >> 1),
    };
    const half = Math.max(start + 1, Math.round((start + end) / 2));
    return {
      key,
      text: writeRanges([
        { start, end: half },
        { start, end },
      ]),
      chosen: [],
    };
  }
  const ticks = ticksOf(key, []) ?? [];
  // A switch that a scene leaves open is off.
  const open = row.kind === "boolean" ? "false" : OPEN;
  const current = typeof now === "string" || typeof now === "boolean" ? `${now}` : open;
  const other = ticks.find(({ value }) => value !== current);
  return { key, text: "", chosen: [...(other ? [other.value] : []), current] };
}

function within({ min, max, integer, multipleOf }: NumberRule, value: number): number {
  const unit = multipleOf ?? (integer ? 1 : undefined);
  const whole = unit === undefined ? Number(value.toPrecision(3)) : Math.round(value / unit) * unit;
  return Math.min(max, Math.max(min, whole));
}

/** The axis that a form says; null where it varies nothing. */
export function readAxisForm(
  { key, text, chosen }: AxisForm,
  layouts: readonly Layout[],
): { axis: Axis | null } | { problem: string } {
  const [kind, of] = split(key);
  switch (kind) {
    case "nothing":
      return { axis: null };
    case "prompts":
      return { axis: { kind: "prompts" } };
    case "seeds": {
      const read = readSeeds(text);
      return "seeds" in read ? { axis: { kind: "seeds", seeds: read.seeds } } : { problem: `${read.problem}.` };
    }
    case "layouts": {
      const wanted = layouts.filter(({ name }) => chosen.includes(name));
      return wanted.length > 0
        ? { axis: { kind: "layouts", layouts: wanted } }
        : { problem: "Tick at least one layout." };
    }
    case "places": {
      const places = readPlaces(text);
      return "places" in places ? { axis: { kind: "places", box: of, ...places } } : places;
    }
    case "strength":
      return inRange(text, REGION_SETTINGS.strength, (values) => ({ kind: "strength", box: of, values }));
    case "lora":
      return inRange(text, LORA_SETTINGS.strength, (strengths) => ({ kind: "lora", lora: of, strengths }));
    default:
      return readSettingForm(of as SettingName, text, chosen);
  }
}

function readSettingForm(
  name: SettingName,
  text: string,
  chosen: readonly string[],
): { axis: Axis } | { problem: string } {
  const row = rowOf(name);
  const axis = (values: AxisValue[]): Axis => ({ kind: "setting", name, values });
  if (row.kind === "number") return inRange(text, row, axis);
  if (row.kind === "stepRange") {
    const ranges = readRanges(text);
    return "ranges" in ranges ? { axis: axis(ranges.ranges) } : ranges;
  }
  const values = (ticksOf(`setting:${name}`, []) ?? [])
    .filter(({ value }) => chosen.includes(value))
    .map(({ value }): AxisValue => (value === OPEN ? null : row.kind === "boolean" ? value === "true" : value));
  return values.length > 0 ? { axis: axis(values) } : { problem: "Tick at least one value." };
}

function inRange(
  text: string,
  rule: NumberRule,
  make: (values: number[]) => Axis,
): { axis: Axis } | { problem: string } {
  const read = readNumbers(text, MOST_IN_AXIS);
  if ("problem" in read) return { problem: `${read.problem.charAt(0).toUpperCase()}${read.problem.slice(1)}.` };
  for (const value of read.numbers) {
    const problems: Problem[] = [];
    readNumber(rule, value, "", problems);
    if (problems[0]) return { problem: `${value}: ${problems[0].message}.` };
  }
  return { axis: make(read.numbers) };
}

/** The same as a form. */
export function formOfAxis(axis: Axis | null): AxisForm {
  if (!axis) return NOTHING;
  switch (axis.kind) {
    case "seeds":
      return { key: "seeds", text: formatSeeds(axis.seeds), chosen: [] };
    case "prompts":
      return { key: "prompts", text: "", chosen: [] };
    case "layouts":
      return { key: "layouts", text: "", chosen: axis.layouts.map(({ name }) => name) };
    case "places":
      return { key: `places:${axis.box}`, text: writePlaces(axis.places), chosen: [] };
    case "strength":
      return { key: `strength:${axis.box}`, text: axis.values.join(", "), chosen: [] };
    case "lora":
      return { key: `lora:${axis.lora}`, text: axis.strengths.join(", "), chosen: [] };
    case "setting": {
      const key = `setting:${axis.name}`;
      const { kind } = rowOf(axis.name);
      if (kind === "number") return { key, text: (axis.values as number[]).join(", "), chosen: [] };
      if (kind === "stepRange") return { key, text: writeRanges(axis.values.filter(isRange)), chosen: [] };
      return { key, text: "", chosen: axis.values.map((value) => (typeof value === "object" ? OPEN : `${value}`)) };
    }
  }
}

const isRange = (value: AxisValue): value is FieldValue<StepRangeRule> => isRecord(value);

/** The grid that a form says, over a scene; else what is wrong with its rows or columns. */
export function readGridForm(
  rows: AxisForm,
  columns: AxisForm,
  layouts: readonly Layout[],
  seed: string,
): { grid: Grid } | { problem: string; at: "rows" | "columns" } {
  const down = readAxisForm(rows, layouts);
  if ("problem" in down) return { problem: down.problem, at: "rows" };
  const across = readAxisForm(columns, layouts);
  if ("problem" in across) return { problem: across.problem, at: "columns" };
  return { grid: { rows: down.axis, columns: across.axis, seed } };
}
