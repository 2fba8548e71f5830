/**
 * Scene files: the JSON that a person writes for the command line, made into a resolved `Scene` and back. All that is
 * wrong with a file is said at once, one line per field, each with the field's path and what to write instead.
 */
import { readJson } from "./json.ts";
import { AppError } from "../wire/errors.ts";
import { type BoxForm, readBoxes, writeBoxes } from "./boxes.ts";
import { readEmbeddings } from "./embeddings.ts";
import { isRecord, type Problem, reportUnknownFields, show } from "./fields.ts";
import { flatSettings, type SettingChanges } from "./flatSettings.ts";
import { LONGEST_PROMPT } from "./limits.ts";
import { readLoras } from "./loraEntries.ts";
import type { Scene, SceneEmbedding, SceneLora, SceneSettings, Seed } from "./scene.ts";
import { formatSeeds, readSeeds } from "./seeds.ts";
import { overrideSettings, readSettings } from "./settingChanges.ts";
import { formOf, type FormOf } from "./rows.ts";
import { SETTING_NAMES, SETTINGS } from "./settings.ts";
import { readStart, type StartForm, writeStart } from "./startFields.ts";

/** What a scene file holds. Seeds are not part of a scene: one scene has many pictures. */
export interface SceneFile {
  scene: Scene;
  seeds?: Seed[];
}

/** A scene as a file writes it; what equals the defaults may be left out when reading. */
export type SceneForm = {
  prompt: string;
  negativePrompt?: string;
  boxes: BoxForm[];
  seeds?: string;
  embeddings?: SceneEmbedding[];
  loras?: SceneLora[];
  start?: StartForm;
} & FormOf<typeof SETTINGS>;

export const SCENE_FIELDS = [
  "$schema",
  "prompt",
  "negativePrompt",
  "boxes",
  "seeds",
  "embeddings",
  "loras",
  "start",
  ...SETTING_NAMES,
] as const;
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

  const start = value.start === undefined ? undefined : readStart(value.start, problems);

  let seeds: Seed[] | undefined;
  if (value.seeds !== undefined) {
    const read = readSeeds(value.seeds);
    if ("seeds" in read) seeds = read.seeds;
    else problems.push({ at: "seeds", message: read.problem });
  }
  if (problems.length > 0) throwProblems(problems);
  return {
    scene: { prompt: prompt!, negativePrompt: negativePrompt!, regions, settings, ...(start ? { start } : {}) },
    ...(seeds ? { seeds } : {}),
  };
}

/** Throws all problems as one `scene-invalid`, one line each. */
function throwProblems(problems: readonly Problem[]): never {
  const lines = problems.map(({ at, message }) => `${at}: ${message}`);
  throw new AppError("scene-invalid", lines.join("\n"), { at: problems[0]!.at });
}

function readPrompt(value: unknown, at: string, problems: Problem[]): string | undefined {
  if (typeof value !== "string") problems.push({ at, message: `expected a text, got ${show(value)}` });
  else if (value.length > LONGEST_PROMPT) {
    problems.push({ at, message: `${value.length} characters are too many; the most are ${LONGEST_PROMPT}` });
  } else return value;
  return undefined;
}

/** The form that a file has: every setting is written out, so that the file means the same under other defaults. */
export function serializeScene(scene: Scene, seeds?: readonly Seed[]): SceneForm {
  const { loras, embeddings } = scene.settings;
  return {
    prompt: scene.prompt,
    ...(scene.negativePrompt === "" ? {} : { negativePrompt: scene.negativePrompt }),
    boxes: writeBoxes(scene),
    ...formOf(SETTINGS, flatSettings(scene.settings)),
    ...(loras ? { loras } : {}),
    ...(embeddings ? { embeddings } : {}),
    ...(scene.start ? { start: writeStart(scene.start) } : {}),
    ...(seeds && seeds.length > 0 ? { seeds: formatSeeds(seeds) } : {}),
  };
}
