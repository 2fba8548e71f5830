/** What the rows or the columns of a grid may be, and what each of their values makes of a scene. */
import { AppError } from "../wire/errors.ts";
import { expandScene } from "./alternatives.ts";
import type { FieldValue, StepRangeRule } from "./fields.ts";
import type { SettingChanges } from "./flatSettings.ts";
import { showStrength } from "./loras.ts";
import { LOSS_ROWS, type LossName } from "./losses.ts";
import { METHOD_ROWS, type Method } from "./methods.ts";
import { SPACING_NAMES } from "./names.ts";
import type { Region, Scene, Seed, Spacing, UnitBox } from "./scene.ts";
import { SCHEDULER_ROWS, type SchedulerName } from "./schedulers.ts";
import { rowOf, type SettingName } from "./settings.ts";

/** Boxes, and the prompt whose words they are tied to. */
export interface Layout {
  name: string;
  prompt: string;
  regions: Region[];
}

/** A value of a setting; null is what the checkpoint or the method has of its own, where a scene may leave that open. */
export type AxisValue = number | string | boolean | FieldValue<StepRangeRule> | null;

export type Axis =
  | { kind: "seeds"; seeds: Seed[] }
  | { kind: "layouts"; layouts: Layout[] }
  /** One box at several places; `box` is its id. */
  | { kind: "places"; box: string; places: UnitBox[] }
  /** How strongly one box pulls. */
  | { kind: "strength"; box: string; values: number[] }
  | { kind: "setting"; name: SettingName; values: AxisValue[] }
  /** Strengths of one LoRA of the scene's list, by name. */
  | { kind: "lora"; lora: string; strengths: number[] }
  /** What the alternatives of the prompt make, `{red|blue} house`. */
  | { kind: "prompts" };

/** What one row or one column asks for. */
export interface Choice {
  label: string;
  seed?: Seed;
  alternative?: string;
  settings?: SettingChanges;
  /** What it makes of the scene besides; throws `scene-invalid` where that has not what it is about. */
  change?: (scene: Scene) => Scene;
}

/** What varies along an axis, in a word or two. */
export function axisTitle(axis: Axis, { prompt, regions }: Scene): string {
  switch (axis.kind) {
    case "seeds":
      return "Seed";
    case "layouts":
      return "Layout";
    case "places":
      return `Place of ${wordsOf(prompt, regions, axis.box)}`;
    case "strength":
      return `Strength of ${wordsOf(prompt, regions, axis.box)}`;
    case "setting":
      return rowOf(axis.name).label ?? axis.name;
    case "lora":
      return `Strength of ${axis.lora}`;
    case "prompts":
      return "Prompt";
  }
}

/** The values of an axis, in their order. */
export function choicesOf(axis: Axis, scene: Scene): Choice[] {
  switch (axis.kind) {
    case "seeds":
      return axis.seeds.map((seed) => ({ label: `Seed ${seed}`, seed }));
    case "layouts":
      return axis.layouts.map(({ name, prompt, regions }) => ({
        label: name,
        change: (one) => ({ ...one, prompt, regions }),
      }));
    case "places":
      return axis.places.map((box) => ({
        label: `${wordsOf(scene.prompt, scene.regions, axis.box)} ${placeWords(box, axis.places)}`,
        change: (one) => withRegion(one, axis.box, { box }),
      }));
    case "strength":
      return axis.values.map((strength) => ({
        label: `${wordsOf(scene.prompt, scene.regions, axis.box)} ${showStrength(strength)}`,
        change: (one) => withRegion(one, axis.box, { strength }),
      }));
    case "setting":
      return axis.values.map((value) => ({
        label: settingLabel(axis.name, value),
        settings: settingChange(axis.name, value),
      }));
    case "lora":
      return axis.strengths.map((strength) => ({
        label: `${axis.lora} ${showStrength(strength)}`,
        change: (one) => withLora(one, axis.lora, strength),
      }));
    case "prompts":
      return expandScene(scene).flatMap(({ words }) =>
        words === undefined ? [] : [{ label: words, alternative: words }],
      );
  }
}

/** What two axes must not both vary; undefined where any number may be about it. */
export function subjectOf(axis: Axis): string {
  switch (axis.kind) {
    case "places":
    case "strength":
      return `${axis.kind} of ${axis.box}`;
    case "setting":
      return axis.name;
    case "lora":
      return `the strength of ${axis.lora}`;
    case "seeds":
    case "layouts":
    case "prompts":
      return axis.kind;
  }
}

/** A value of a setting in words, as the window has them; null is what is left open. */
export function settingLabel(name: SettingName, value: AxisValue): string {
  const row = rowOf(name);
  const label = row.label ?? name;
  if (name === "spacing") return SPACING_NAMES[(value ?? "model") as Spacing];
  if (value === null) return `${label}: its own`;
  if (name === "scheduler") return SCHEDULER_ROWS[value as SchedulerName].label;
  if (name === "method") return METHOD_ROWS[value as Method].label;
  if (name === "loss") return LOSS_ROWS[value as LossName].label;
  if (typeof value === "boolean") return `${label} ${value ? "on" : "off"}`;
  if (typeof value !== "object") return `${label} ${value}`;
  return `${label} ${value.end > value.start ? `${value.start + 1}–${value.end}` : "off"}`;
}

function settingChange(name: SettingName, value: AxisValue): SettingChanges {
  // Karras' spacing has a field of its own: it was there before the others.
  if (name === "spacing") return value === "karras" ? { karras: true } : { karras: false, ...spacing(value) };
  return { [name]: value ?? undefined };
}

const spacing = (value: AxisValue) => ({ spacing: value ?? undefined }) as SettingChanges;

/** A box as people know it: by its words, else by its id. */
function wordsOf(prompt: string, regions: readonly Region[], id: string): string {
  const region = regions.find((one) => one.id === id);
  const words = region?.spans.map(({ start, end }) => prompt.slice(start, end)).join(" + ");
  return words === undefined || words === "" ? id : words;
}

const percent = (value: number) => Math.round(value * 100);

/** Left and top in percent of the picture; the size too, where not all have the same. */
function placeWords({ x, y, width, height }: UnitBox, all: readonly UnitBox[]): string {
  const isOneSize = all.every((one) => one.width === width && one.height === height);
  const size = isOneSize ? "" : ` · ${percent(width)} × ${percent(height)}`;
  return `at ${percent(x)}, ${percent(y)}${size} %`;
}

function withRegion(scene: Scene, id: string, change: Partial<Region>): Scene {
  const there = scene.regions.find((one) => one.id === id);
  if (!there) {
    const known = scene.regions.map((one) => wordsOf(scene.prompt, scene.regions, one.id)).join(", ");
    const problem = `there is no box ${id} in this scene; its boxes are ${known === "" ? "none" : known}`;
    throw new AppError("scene-invalid", problem, { at: "box" });
  }
  const regions = scene.regions.map((one) => (one === there ? { ...one, ...change } : one));
  return { ...scene, regions: regions.filter(({ strength }) => strength > 0) };
}

function withLora(scene: Scene, name: string, strength: number): Scene {
  const { loras = [], ...settings } = scene.settings;
  if (!loras.some((one) => one.name === name)) {
    const known = loras.map((one) => one.name).join(", ");
    const problem = `there is no LoRA “${name}” in this scene's list; there ${known === "" ? "are none" : `is ${known}`}`;
    throw new AppError("scene-invalid", problem, { at: "lora" });
  }
  const changed = loras.map((one) => (one.name === name ? { ...one, strength, on: true } : one));
  return { ...scene, settings: { ...settings, loras: changed } };
}
