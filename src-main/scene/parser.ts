/**
 * Scene files: the JSON that a person writes for the command line, made into a resolved `Scene` and back. All that is
 * wrong with a file is said at once, one line per field, each with the field's path and what to write instead.
 */
import { readJson } from "./json.ts";
import { scaleEta, scaleStepRange, withSteps } from "./defaults.ts";
import { AppError } from "../wire/errors.ts";
import {
  isRecord,
  join,
  readField,
  readNumber,
  reportUnknownFields,
  SETTING_FIELDS,
  SETTING_NAMES,
  show,
  STRENGTH_RULE,
  type FieldValue,
  type Problem,
  type SettingName,
} from "./fields.ts";
import { readEmbeddings } from "./embeddings.ts";
import { LONGEST_BOX_WORDS, LONGEST_PROMPT, MOST_BOXES } from "./limits.ts";
import { readLoras } from "./loraEntries.ts";
import { readSpans, writeSpans, type PhraseForm } from "./regionSpans.ts";
import {
  extrasOf,
  type Region,
  type Scene,
  type SceneEmbedding,
  type SceneLora,
  type SceneSettings,
  type Seed,
  type UnitBox,
} from "./scene.ts";
import { formatSeeds, readSeeds } from "./seeds.ts";

/** What a scene file holds. Seeds are not part of a scene: one scene has many pictures. */
export interface SceneFile {
  scene: Scene;
  seeds?: Seed[];
}

/** Some settings, by the flat names of the file. */
export type SettingChanges = { [Name in SettingName]?: FieldValue<(typeof SETTING_FIELDS)[Name]> };

/** A scene as a file writes it; what equals the defaults may be left out when reading. */
export type SceneForm = {
  prompt: string;
  negativePrompt?: string;
  boxes: (PhraseForm & {
    name?: string;
    box: [number, number, number, number];
    strength?: number;
    words?: string;
    avoid?: string;
    during?: [number, number];
  })[];
  seeds?: string;
  embeddings?: SceneEmbedding[];
  loras?: SceneLora[];
} & { [Name in SettingName]?: unknown };

export const SCENE_FIELDS = [
  "$schema",
  "prompt",
  "negativePrompt",
  "boxes",
  "seeds",
  "embeddings",
  "loras",
  ...SETTING_NAMES,
] as const;
export const BOX_FIELDS = [
  "name",
  "phrase",
  "occurrence",
  "span",
  "box",
  "strength",
  "words",
  "avoid",
  "during",
] as const;
/** Names of boxes: one line, short, and no key that means something else to a JavaScript object. */
const BOX_NAME = /^(?!__proto__$)[^\p{C}]{1,80}$/u;
/** Fractions are written in decimal: 0.7 + 0.3 must be allowed to miss 1 by a rounding. */
const ROUNDING = 1e-9;

/** The scene of a file already read as JSON. */
export function parseScene(value: unknown, defaults: SceneSettings): Scene {
  return parseSceneFile(value, defaults).scene;
}

/** Scene and seeds from the text of a file. */
export function parseSceneText(text: string, defaults: SceneSettings, overrides: SettingChanges = {}): SceneFile {
  const read = readJson(text);
  if ("value" in read) return parseSceneFile(read.value, defaults, overrides);
  const { line, column, message } = read.problem;
  throw new AppError("scene-invalid", `line ${line}, column ${column}: ${message}`, { at: `line ${line}` });
}

/** Scene and seeds of a file already read as JSON. `overrides` win over the file, as the command line's options do. */
export function parseSceneFile(value: unknown, defaults: SceneSettings, overrides: SettingChanges = {}): SceneFile {
  const problems: Problem[] = [];
  if (!isRecord(value)) {
    throwProblems([{ at: "scene", message: `expected an object with "prompt" and "boxes", got ${show(value)}` }]);
  }
  reportUnknownFields(value, SCENE_FIELDS, "", problems);
  const prompt = readPrompt(value.prompt, "prompt", problems);
  const negativePrompt =
    value.negativePrompt === undefined ? "" : readPrompt(value.negativePrompt, "negativePrompt", problems);
  const regions = readBoxes(value.boxes, prompt, problems);
  const loras = readLoras(value.loras, problems);
  const settings = {
    ...overrideSettings(defaults, readSettings(value, problems), overrides, problems),
    ...(loras ? { loras } : {}),
  };

  const embeddings = value.embeddings === undefined ? undefined : readEmbeddings(value.embeddings, problems);
  if (embeddings && embeddings.length > 0) settings.embeddings = embeddings;

  let seeds: Seed[] | undefined;
  if (value.seeds !== undefined) {
    const read = readSeeds(value.seeds);
    if ("seeds" in read) seeds = read.seeds;
    else problems.push({ at: "seeds", message: read.problem });
  }
  if (problems.length > 0) throwProblems(problems);
  return {
    scene: { prompt: prompt!, negativePrompt: negativePrompt!, regions, settings },
    ...(seeds ? { seeds } : {}),
  };
}

/** Throws all problems as one `scene-invalid`, one line each. */
function throwProblems(problems: readonly Problem[]): never {
  const lines = problems.map(({ at, message }) => `${at}: ${message}`);
  throw new AppError("scene-invalid", lines.join("\n"), { at: problems[0]!.at });
}

/** The settings that `record` names, each checked alone. */
function readSettings(record: Record<string, unknown>, problems: Problem[]): SettingChanges {
  const changes: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    if (record[name] === undefined) continue;
    const value = readField(SETTING_FIELDS[name], record[name], name, problems);
    if (value !== undefined) changes[name] = value;
  }
  return changes;
}

/**
 * The defaults changed by a file, and that by `overrides`. Ranges and eta that the file gives belong to its own number of
 * steps, the others to the defaults': each is scaled from there, once, when the number of steps is overridden.
 */
function overrideSettings(
  defaults: SceneSettings,
  own: SettingChanges,
  overrides: SettingChanges,
  problems: Problem[],
): SceneSettings {
  const asWritten = changeSettings(defaults, own, problems);
  const steps = overrides.steps ?? asWritten.steps;
  const scaled = (range: SettingChanges["lossSteps"]) => range && scaleStepRange(range, asWritten.steps, steps);
  const ranges = present({
    injectionSteps: scaled(own.injectionSteps),
    eta: own.eta === undefined ? undefined : scaleEta(own.eta, asWritten.steps, steps),
    lossSteps: scaled(own.lossSteps),
  });
  return problems.length > 0 ? asWritten : changeSettings(defaults, { ...own, ...ranges, ...overrides }, problems);
}

/**
 * `settings` with some of them changed. A new number of steps takes the step ranges and eta along unless they are changed
 * too.
 */
export function changeSettings(settings: SceneSettings, changes: SettingChanges, problems: Problem[]): SceneSettings {
  const scaled = changes.steps === undefined ? settings : withSteps(settings, changes.steps);
  const { method, nu, injectionSteps, eta, lossSteps, ...rest } = changes;
  const guidance = { ...scaled.guidance, ...present({ method, nu, injectionSteps, eta, lossSteps }) };
  if (rest.karras && rest.spacing) {
    problems.push({ at: "spacing", message: `"${rest.spacing}" and karras exclude each other; leave one of them out` });
  }
  const result = withoutNothing({ ...scaled, ...spacingChange(rest), ...rest, guidance });
  for (const name of ["injectionSteps", "lossSteps"] as const) {
    const { start, end } = guidance[name];
    if (end <= result.steps) continue;
    problems.push({ at: name, message: `[${start}, ${end}] reaches beyond the last of ${result.steps} steps` });
  }
  return result;
}

/** One of Karras' spacing and the others takes the other's place: `karras: false` alone asks for the checkpoint's own. */
function spacingChange({ karras, spacing }: SettingChanges): { karras?: false; spacing?: undefined } {
  if (spacing !== undefined) return { karras: false };
  return karras === undefined ? {} : { spacing: undefined };
}

/** Settings that may be left out are, where they ask for nothing: the same settings are written in one way. */
function withoutNothing({ spacing, guidanceRescale, guidance, ...rest }: Loose): SceneSettings {
  return {
    ...rest,
    ...(spacing === undefined ? {} : { spacing }),
    ...(guidanceRescale ? { guidanceRescale } : {}),
    guidance,
  };
}

type Loose = Omit<SceneSettings, "spacing"> & { spacing?: SceneSettings["spacing"] | undefined };

/** Without the fields that are undefined, so that a spread does not overwrite with them. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function readPrompt(value: unknown, at: string, problems: Problem[]): string | undefined {
  if (typeof value !== "string") problems.push({ at, message: `expected a text, got ${show(value)}` });
  else if (value.length > LONGEST_PROMPT) {
    problems.push({ at, message: `${value.length} characters are too many; the most are ${LONGEST_PROMPT}` });
  } else return value;
  return undefined;
}

/** Boxes of the file; without a readable prompt all but the phrases is still checked. */
function readBoxes(value: unknown, prompt: string | undefined, problems: Problem[]): Region[] {
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
    const id = item.name === undefined ? `box-${i + 1}` : readName(item.name, join(at, "name"), problems);
    if (id !== undefined) {
      const other = ids.get(id);
      if (other !== undefined)
        problems.push({ at: join(at, "name"), message: `"${id}" is already the name of boxes[${other}]` });
      ids.set(id, i);
    }
    const spans = readSpans(item, prompt, at, problems);
    const box = readBox(item.box, join(at, "box"), problems);
    const strength =
      item.strength === undefined ? 1 : readNumber(STRENGTH_RULE, item.strength, join(at, "strength"), problems);
    const words = readBoxWords(item.words, join(at, "words"), problems);
    const avoid = readBoxWords(item.avoid, join(at, "avoid"), problems);
    const during = readDuring(item.during, join(at, "during"), problems);
    if (id === undefined || !spans || !box || strength === undefined) return [];
    const region: Region = { id, box, spans, strength, ...present({ words, avoid, during }) };
    return [{ id, box, spans, strength, ...extrasOf(region) }];
  });
}

function readBoxWords(value: unknown, at: string, problems: Problem[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value.length <= LONGEST_BOX_WORDS) return value;
  problems.push({ at, message: `expected a text of at most ${LONGEST_BOX_WORDS} characters, got ${show(value)}` });
  return undefined;
}

/** Two fractions of the run, as a list or as `{ start, end }`. */
export function readDuring(value: unknown, at: string, problems: Problem[]): Region["during"] {
  if (value === undefined) return undefined;
  const pair: unknown = isRecord(value) ? [value.start, value.end] : value;
  if (isRecord(value)) reportUnknownFields(value, ["start", "end"], at, problems);
  const isFraction = (number: unknown): number is number => typeof number === "number" && number >= 0 && number <= 1;
  const [start, end] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [];
  if (isFraction(start) && isFraction(end) && start <= end) return { start, end };
  problems.push({ at, message: `expected two fractions of the run such as [0, 0.5], got ${show(value)}` });
  return undefined;
}

function readName(value: unknown, at: string, problems: Problem[]): string | undefined {
  if (typeof value === "string" && BOX_NAME.test(value)) return value;
  problems.push({ at, message: `expected a name of 1 to 80 characters on one line, got ${show(value)}` });
  return undefined;
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
      if (number > 0 || i < 2) return number;
      problems.push({ at: path, message: `the ${name} is 0: the box is empty` });
      return 0;
    }
    const help =
      typeof number === "number" && number > 1 ? "; boxes are fractions: divide pixels by the picture's size" : "";
    problems.push({ at: path, message: `expected ${name} from 0 to 1, got ${show(number)}${help}` });
    return 0;
  }) as [number, number, number, number];
  if (problems.length > before) return undefined;
  const fits = (start: number, size: number, side: string, name: string) => {
    if (start + size <= 1 + ROUNDING) return;
    problems.push({
      at,
      message: `the box leaves the picture ${side}: ${name} is ${round(start + size)}, at most 1 fits`,
    });
  };
  fits(x, width, "on the right", "x + width");
  fits(y, height, "at the bottom", "y + height");
  if (problems.length > before) return undefined;
  return { x, y, width: Math.min(width, 1 - x), height: Math.min(height, 1 - y) };
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}

function extrasForm(region: Region): Pick<SceneForm["boxes"][number], "words" | "avoid" | "during"> {
  const { during, ...words } = extrasOf(region);
  return { ...words, ...(during ? { during: [during.start, during.end] } : {}) };
}

/** The form that a file has: every setting is written out, so that the file means the same under other defaults. */
export function serializeScene(scene: Scene, seeds?: readonly Seed[]): SceneForm {
  const { guidance, guidanceRescale = 0, ...rest } = scene.settings;
  const { injectionSteps: injection, lossSteps: loss } = guidance;
  return {
    prompt: scene.prompt,
    ...(scene.negativePrompt === "" ? {} : { negativePrompt: scene.negativePrompt }),
    boxes: scene.regions.map((region, i) => ({
      ...(region.id === `box-${i + 1}` ? {} : { name: region.id }),
      ...writeSpans(scene.prompt, region.spans),
      box: [region.box.x, region.box.y, region.box.width, region.box.height],
      ...(region.strength === 1 ? {} : { strength: region.strength }),
      ...extrasForm(region),
    })),
    ...rest,
    guidanceRescale,
    ...guidance,
    injectionSteps: [injection.start, injection.end],
    lossSteps: [loss.start, loss.end],
    ...(seeds && seeds.length > 0 ? { seeds: formatSeeds(seeds) } : {}),
  };
}
