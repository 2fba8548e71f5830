/**
 * Grids as files have them, for the command line: `{ "rows": { "method": ["none", "ilgd"] }, "columns": { "seeds": "1-4" } }`. All that is
 * wrong is said at once, a line each, with its place.
 */
import { AppError } from "../wire/errors.ts";
import { readBox, readBoxes } from "./boxes.ts";
import { isRecord, join, type Problem, readField, readNumber, reportUnknownFields, show } from "./fields.ts";
import { LORA_SETTINGS } from "./fileSettings.ts";
import { mayBeOpen } from "./flatSettings.ts";
import type { Axis, AxisValue, Grid, Layout } from "./grid.ts";
import { readJson } from "./json.ts";
import { suggestion } from "./nearest.ts";
import { REGION_SETTINGS } from "./regionSettings.ts";
import type { Region, Scene, UnitBox } from "./scene.ts";
import { readSeeds } from "./seeds.ts";
import { rowOf, SETTING_NAMES, type SettingName } from "./settings.ts";

const OTHER_AXES = ["seeds", "layouts", "places", "strength", "lora", "prompts"] as const;
const FIELDS = ["$schema", "rows", "columns", "seed"];

/** The scene files that a grid names as layouts, as they are written there: to be read before `parseGrid`. */
export function layoutFilesOf(text: string): string[] {
  const read = readJson(text);
  const value = "value" in read && isRecord(read.value) ? read.value : {};
  return ["rows", "columns"].flatMap((name) => {
    const axis = value[name];
    const layouts = isRecord(axis) && Array.isArray(axis.layouts) ? (axis.layouts as unknown[]) : [];
    return layouts.filter((one) => typeof one === "string");
  });
}

/** The grid of a file over a scene; `files` are the scenes of `layoutFilesOf`. Throws `scene-invalid` with all that is wrong. */
export function parseGrid(text: string, scene: Scene, files: ReadonlyMap<string, Scene> = new Map()): Grid {
  const read = readJson(text);
  if ("problem" in read) {
    const { line, column, message } = read.problem;
    throw new AppError("scene-invalid", `line ${line}, column ${column}: ${message}`, { at: `line ${line}` });
  }
  const { value } = read;
  const problems: Problem[] = [];
  const context: Context = { scene, files, problems };
  if (!isRecord(value)) {
    throw refused([{ at: "grid", message: `expected an object with "rows" and "columns", got ${show(value)}` }]);
  }
  reportUnknownFields(value, FIELDS, "", problems);
  const rows = readAxis(value.rows, "rows", context);
  const columns = readAxis(value.columns, "columns", context);
  if (value.rows === undefined && value.columns === undefined) {
    problems.push({ at: "rows", message: 'expected "rows" or "columns", such as { "method": ["none", "ilgd"] }' });
  }
  const seeds = readSeeds(value.seed ?? "1");
  if ("problem" in seeds) problems.push({ at: "seed", message: seeds.problem });
  else if (seeds.seeds.length > 1) problems.push({ at: "seed", message: 'expected one seed; for several use "seeds"' });
  if (problems.length > 0) throw refused(problems);
  return { rows, columns, seed: "seeds" in seeds ? seeds.seeds[0]! : "1" };
}

interface Context {
  scene: Scene;
  files: ReadonlyMap<string, Scene>;
  problems: Problem[];
}

function readAxis(value: unknown, at: string, context: Context): Axis | null {
  const { problems } = context;
  if (value === undefined) return null;
  const names = [...OTHER_AXES, ...SETTING_NAMES];
  const keys = isRecord(value) ? Object.keys(value) : [];
  if (!isRecord(value) || keys.length !== 1) {
    const got = isRecord(value) ? `${keys.length} of them` : show(value);
    problems.push({
      at,
      message: `expected an object with one thing that varies, such as { "seeds": "1-4" }, got ${got}`,
    });
    return null;
  }
  const name = keys[0]!;
  const there = join(at, name);
  const axis = value[name];
  if (SETTING_NAMES.some((one) => one === name)) return readSettingAxis(name as SettingName, axis, there, problems);
  switch (name) {
    case "seeds": {
      const read = readSeeds(axis);
      if ("seeds" in read) return { kind: "seeds", seeds: read.seeds };
      problems.push({ at: there, message: read.problem });
      return null;
    }
    case "prompts":
      if (axis === true) return { kind: "prompts" };
      problems.push({ at: there, message: `expected true: the alternatives of the prompt, got ${show(axis)}` });
      return null;
    case "layouts":
      return readLayouts(axis, there, context);
    case "places":
      return readOfBox(axis, there, context, "at", (one, place) => readBox(one, place, problems), toPlaces);
    case "strength": {
      const rule = REGION_SETTINGS.strength;
      return readOfBox(
        axis,
        there,
        context,
        "values",
        (one, place) => readNumber(rule, one, place, problems),
        toStrength,
      );
    }
    case "lora":
      return readLoraAxis(axis, there, problems);
    default: {
      const message = `nothing of this name can vary${suggestion(name, names)}; seeds, layouts, places, strength, lora, prompts and every setting can`;
      problems.push({ at: there, message });
      return null;
    }
  }
}

const toPlaces = (box: string, places: UnitBox[]): Axis => ({ kind: "places", box, places });
const toStrength = (box: string, values: number[]): Axis => ({ kind: "strength", box, values });

function readSettingAxis(name: SettingName, value: unknown, at: string, problems: Problem[]): Axis | null {
  const row = rowOf(name);
  const values = listAt(value, at, problems)?.map((one, i): AxisValue | undefined => {
    if (one === null && mayBeOpen(row)) return null;
    if (name === "spacing" && one === "karras") return one;
    return readField(row, one, `${at}[${i}]`, problems) as AxisValue | undefined; // no setting is a shape
  });
  return values?.every((one) => one !== undefined) ? { kind: "setting", name, values } : null;
}

function readLoraAxis(value: unknown, at: string, problems: Problem[]): Axis | null {
  if (!isRecord(value)) {
    problems.push({ at, message: `expected { "name": "ink", "strengths": [0, 0.5, 1] }, got ${show(value)}` });
    return null;
  }
  reportUnknownFields(value, ["name", "strengths"], at, problems);
  const lora = readField(LORA_SETTINGS.name, value.name, join(at, "name"), problems);
  const there = join(at, "strengths");
  const read = listAt(value.strengths, there, problems)?.map((one, i) =>
    readNumber(LORA_SETTINGS.strength, one, `${there}[${i}]`, problems),
  );
  const strengths = read?.filter((one) => one !== undefined);
  return lora === undefined || !strengths || strengths.length < read!.length ? null : { kind: "lora", lora, strengths };
}

/** Something of one box, which is named by its name or its words. */
function readOfBox<T>(
  value: unknown,
  at: string,
  { scene, problems }: Context,
  field: "at" | "values",
  read: (one: unknown, at: string) => T | undefined,
  make: (box: string, values: T[]) => Axis,
): Axis | null {
  if (!isRecord(value)) {
    problems.push({ at, message: `expected an object with "box" and "${field}", got ${show(value)}` });
    return null;
  }
  reportUnknownFields(value, ["box", field], at, problems);
  const region = boxNamed(scene, value.box);
  if (!region) {
    const known = scene.regions.map((one) => phraseOf(scene, one));
    const hint = typeof value.box === "string" ? suggestion(value.box, known) : "";
    const message = `expected a box of the scene by its name or its words (${known.join(", ") || "it has none"}), got ${show(value.box)}${hint}`;
    problems.push({ at: join(at, "box"), message });
  }
  const there = join(at, field);
  const all = listAt(value[field], there, problems)?.map((one, i) => read(one, `${there}[${i}]`));
  const values = all?.filter((one) => one !== undefined);
  return region && values && values.length === all!.length ? make(region.id, values) : null;
}

function readLayouts(value: unknown, at: string, { scene, files, problems }: Context): Axis | null {
  const layouts = listAt(value, at, problems)?.flatMap((one, i): Layout[] => {
    const there = `${at}[${i}]`;
    if (typeof one === "string") {
      const file = files.get(one);
      if (file) return [{ name: nameOf(one), prompt: file.prompt, regions: file.regions }];
      problems.push({ at: there, message: `the scene ${one} was not read` });
      return [];
    }
    if (!isRecord(one)) {
      problems.push({
        at: there,
        message: `expected a scene's file, or an object with "name" and "boxes", got ${show(one)}`,
      });
      return [];
    }
    reportUnknownFields(one, ["name", "boxes"], there, problems);
    const own: Problem[] = [];
    const regions = readBoxes(one.boxes, scene.prompt, own);
    problems.push(...own.map((problem) => ({ ...problem, at: `${there}.${problem.at}` })));
    const name = typeof one.name === "string" && one.name.trim() !== "" ? one.name.trim() : `Layout ${i + 1}`;
    return [{ name, prompt: scene.prompt, regions }];
  });
  return layouts ? { kind: "layouts", layouts } : null;
}

function boxNamed(scene: Scene, name: unknown): Region | undefined {
  const same = (text: string) => typeof name === "string" && text.toLowerCase() === name.toLowerCase();
  const byWords = scene.regions.filter((one) => same(phraseOf(scene, one)));
  return scene.regions.find(({ id }) => id === name) ?? (byWords.length === 1 ? byWords[0] : undefined);
}

const phraseOf = ({ prompt }: Scene, { spans }: Region) =>
  spans.map(({ start, end }) => prompt.slice(start, end)).join(" + ");

const nameOf = (path: string) => (path.split(/[\\/]/).at(-1) ?? path).replace(/\.json$/i, "");

function listAt(value: unknown, at: string, problems: Problem[]): unknown[] | undefined {
  if (Array.isArray(value) && value.length > 0) return value as unknown[];
  problems.push({ at, message: `expected a list of values, got ${show(value)}` });
  return undefined;
}

function refused(problems: readonly Problem[]): AppError<"scene-invalid"> {
  const lines = problems.map(({ at, message }) => `${at}: ${message}`);
  return new AppError("scene-invalid", lines.join("\n"), { at: problems[0]!.at });
}
