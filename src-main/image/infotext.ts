/**
 * The "infotext" of AUTOMATIC1111's web UI: prompt, a negative line, and one last line of `Key: value` pairs. Nearly
 * every tool and picture forum reads it. The layout rides along as one quoted pair in the form of a scene file, so it
 * survives where only text is copied.
 */
import { DEFAULT_SETTINGS } from "../scene/defaults.ts";
import type { RunRecord } from "../api/engine.ts";
import { isAppError } from "../wire/errors.ts";
import { LARGEST_SEED } from "../scene/seeds.ts";
import { parseSceneFile, serializeScene, type SceneFile } from "../scene/parser.ts";
import { loraNamed } from "../scene/loras.ts";
import { findLoras, findMarkup, whyIgnored } from "../scene/promptMarkup.ts";
import { actingSpacing, takesSpacing, type Scene, type Spacing } from "../scene/scene.ts";
import { type SchedulerName } from "../scene/schedulers.ts";

/** What other tools call our schedulers; the same name does not promise the same pixels. */
const SAMPLER_NAMES: Record<SchedulerName, string> = {
  lms: "LMS",
  euler: "Euler",
  "euler-a": "Euler a",
  heun: "Heun",
  ddim: "DDIM",
  pndm: "PLMS",
  "dpmpp-2m": "DPM++ 2M",
  "dpmpp-2m-sde": "DPM++ 2M SDE",
  "dpmpp-sde": "DPM++ SDE",
  "dpmpp-2s-a": "DPM++ 2S a",
  unipc: "UniPC",
  deis: "DEIS",
  lcm: "LCM",
  tcd: "TCD",
};

/** Their "schedule types"; nothing is said of the checkpoint's own. */
const SCHEDULE_TYPES: Record<Exclude<Spacing, "model">, string> = {
  karras: "Karras",
  exponential: "Exponential",
  "sgm-uniform": "SGM Uniform",
  simple: "Simple",
};

const LAYOUT_KEY = "Diorama layout";
/** Both prompts as a JSON list, where the lines alone would be read as others. */
const PROMPTS_KEY = "Diorama prompts";
/** What tells checkpoints apart here (checkpoint/sampleHash.ts); no other program knows it. */
export const HASH_KEY = "Diorama Model hash";
/** The same of a separate autoencoder. */
export const VAE_HASH_KEY = "Diorama VAE hash";
const NEGATIVE = "Negative prompt:";

/** A text in parts; pairs in the order of the file. */
export interface Infotext {
  prompt: string;
  negativePrompt: string;
  pairs: Map<string, string>;
  /** Lines behind the settings, which extensions of other programs write. */
  extra: string[];
}

export function writeInfotext(record: RunRecord): string {
  const { scene, seed, model, engine } = record;
  const { settings } = scene;
  const { boxes, method, nu, injectionSteps, eta, lossSteps } = serializeScene(scene);
  const spacing = actingSpacing(settings);
  const told = { ...scene, prompt: withTags(scene) };
  const own = isReadBack(told) ? undefined : JSON.stringify([told.prompt, scene.negativePrompt]);
  const pairs: [string, string | undefined][] = [
    ["Steps", String(settings.steps)], // first: ComfyUI looks for the line that begins with it
    ["Sampler", SAMPLER_NAMES[settings.scheduler]],
    ["Schedule type", spacing === "model" ? undefined : SCHEDULE_TYPES[spacing]],
    ["CFG scale", String(settings.guidanceScale)],
    ["CFG Rescale", settings.guidanceRescale === undefined ? undefined : String(settings.guidanceRescale)], // as extensions call it
    ["Clip skip", settings.clipSkip === 1 ? undefined : String(settings.clipSkip)],
    ["Emphasis", settings.promptWeights ? undefined : "None"],
    ["Seed", seed],
    ["Size", `${settings.width}x${settings.height}`],
    ["Model hash", model.sha256?.slice(0, 10)], // A1111's: of the whole file's SHA-256, where that is known
    ["Model", model.name],
    ["VAE", model.vae?.name],
    ["TI hashes", tiHashes(scene)],
    ["Lora hashes", loraHashes(settings)],
    ["RNG", "CPU"], // torch's CPU generator: what makes the seed portable
    [
      LAYOUT_KEY,
      boxes.length === 0 ? undefined : JSON.stringify({ boxes, method, nu, injectionSteps, eta, lossSteps }),
    ],
    [PROMPTS_KEY, own],
    [HASH_KEY, model.hash],
    [VAE_HASH_KEY, model.vae?.hash],
    ["Version", engine.app],
  ];
  const line = pairs
    .flatMap(([key, value]) => (value === undefined || value === "" ? [] : [`${key}: ${quote(value)}`]))
    .join(", ");
  return `${promptLines(told)}\n${line}`.trim();
}

/** The prompt with a tag for each LoRA of the list, as other programs read it; where it has one already that one counts. */
function withTags({ prompt, settings }: Scene): string {
  const tagged = findLoras(prompt);
  const tags = (settings.loras ?? []).flatMap((lora) => {
    const isTold = !lora.on || loraNamed(tagged, lora.name) !== undefined || /[<>:]/.test(lora.name);
    return isTold ? [] : ` <lora:${lora.name}:${Number(lora.strength.toFixed(4))}>`;
  });
  return prompt + tags.join("");
}

/** A1111's: the first twelve digits of each hash, by name. */
function loraHashes({ loras = [] }: Scene["settings"]): string | undefined {
  const known = loras.flatMap(({ name, hash }) => (hash === undefined ? [] : `${name}: ${hash.slice(0, 12)}`));
  return known.length > 0 ? known.join(", ") : undefined;
}

/** As A1111 lists them: name and the first twelve digits of the file's SHA-256. */
function tiHashes({ settings }: Scene): string | undefined {
  return settings.embeddings?.map(({ name, hash = "" }) => `${name}: ${hash.slice(0, 12)}`).join(", ");
}

/** The negative line is there even when empty: ComfyUI imports nothing without it. */
function promptLines({ prompt, negativePrompt }: Pick<Scene, "prompt" | "negativePrompt">): string {
  return `${prompt}\n${NEGATIVE} ${negativePrompt}`;
}

/** Whether every reader finds these prompts between the lines; a line of one may look like the beginning of the other. */
function isReadBack(scene: Pick<Scene, "prompt" | "negativePrompt">): boolean {
  const { prompt, negativePrompt } = readInfotext(`${promptLines(scene)}\nSteps: 1, Sampler: Euler, Seed: 1`);
  return prompt === scene.prompt && negativePrompt === scene.negativePrompt;
}

function quote(value: string): string {
  return /[,:\n"]/.test(value) ? JSON.stringify(value) : value;
}

/** The parts of an infotext, as A1111 reads it but more forgiving: a bare value may hold commas inside brackets. */
export function readInfotext(text: string): Infotext {
  const lines = text.trim().split(/\r\n|\n|\r/);
  // Extensions put lines of their own behind the settings. Without such a line the last one is taken for it.
  const begun = lines.findLastIndex((line) => /^\s*Steps: *\d+ *,/.test(line) && readPairs(line).size >= FEWEST_PAIRS);
  const at = begun < 0 ? lines.length - 1 : begun;
  let pairs = readPairs(lines[at]!);
  let extra: string[] = [];
  // Fewer are a line of prompt that happens to hold a colon.
  if (pairs.size >= FEWEST_PAIRS) [, ...extra] = lines.splice(at);
  else pairs = new Map();
  const prompt: string[] = [];
  let negative: string[] | undefined;
  for (const line of lines) {
    if (negative === undefined && line.trim().startsWith(NEGATIVE))
      negative = [line.trim().slice(NEGATIVE.length).trim()];
    else (negative ?? prompt).push(line);
  }
  return { prompt: prompt.join("\n"), negativePrompt: (negative ?? []).join("\n"), pairs, extra };
}

/**
 * Key, colon, and a quoted text, a bracketed value or all up to the next comma. Every value ends at once: no line is
 * slow.
 */
const PAIR = /([\p{L}\p{N}_][\p{L}\p{N}_ \-/]{0,79}):\s*("(?:\\.|[^\\"])*"|\{[^{}]*\}|\[[^[\]]*\]|[^,]*)(?:,|$)/gu;
/** Longer last lines are no pairs of any known tool. */
const LONGEST_LINE = 200_000;
/** Pairs that make a line one of settings. */
const FEWEST_PAIRS = 3;

function readPairs(line: string): Map<string, string> {
  const pairs = new Map<string, string>();
  if (line.length > LONGEST_LINE) return pairs;
  for (const [, key, value] of line.matchAll(PAIR)) pairs.set(key!, unquote(value!.trim()));
  return pairs;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === "string" ? text : value;
  } catch {
    return value;
  }
}

/** What could be taken from the text, and what had to be left. */
export interface InfotextScene extends SceneFile {
  notes: string[];
}

/**
 * The scene that a foreign text describes: what this program cannot read or do is left at its default and noted.
 * Works on texts of this program (boxes included) and of every tool that speaks the format.
 */
export function sceneFromInfotext(text: string): InfotextScene {
  const { pairs, extra, ...lines } = readInfotext(text);
  const notes: string[] = [];
  const [prompt, negativePrompt] = readPrompts(pairs.get(PROMPTS_KEY)) ?? [lines.prompt, lines.negativePrompt];
  const form: Record<string, unknown> = { prompt, negativePrompt, boxes: [] };
  const take = (fields: Record<string, unknown>, what: string) => {
    const attempt = { ...form, ...fields };
    try {
      parseSceneFile(attempt, DEFAULT_SETTINGS);
      Object.assign(form, fields);
    } catch (error) {
      if (!isAppError(error, "scene-invalid")) throw error;
      notes.push(`${what} was left out: ${error.message}`);
    }
  };
  const number = (key: string, field: string) => {
    const value = pairs.get(key);
    if (value !== undefined) take({ [field]: Number(value) }, key);
  };

  number("Steps", "steps");
  number("CFG scale", "guidanceScale");
  number("CFG Rescale", "guidanceRescale");
  number("Clip skip", "clipSkip");
  const promptWeights = pairs.get("Emphasis")?.toLowerCase() !== "none";
  take({ promptWeights }, "Emphasis");
  const size = /^(\d{1,5})x(\d{1,5})$/.exec(pairs.get("Size") ?? "");
  if (size) take({ width: Number(size[1]), height: Number(size[2]) }, "Size");
  const sampler = pairs.get("Sampler");
  if (sampler !== undefined) {
    // Older files append the schedule: "DPM++ 2M Karras".
    const [, name = "", appended] = /^(.*?)(?: (Karras|Exponential|SGM Uniform|Simple))?$/i.exec(sampler) ?? [];
    const found = Object.entries(SAMPLER_NAMES).find(([, theirs]) => theirs.toLowerCase() === name.toLowerCase());
    if (found) {
      const scheduler = found[0] as SchedulerName;
      const spacing = spacingNamed(appended ?? pairs.get("Schedule type"));
      const isOther = spacing !== undefined && spacing !== "karras" && takesSpacing(scheduler);
      const karras = spacing === "karras" && takesSpacing(scheduler);
      take({ scheduler, karras, ...(isOther ? { spacing } : {}) }, "Sampler");
    } else notes.push(`Sampler was left out: there is no "${short(sampler)}" here`);
  }
  const seed = pairs.get("Seed") ?? "";
  if (/^\d{1,20}$/.test(seed) && BigInt(seed) <= LARGEST_SEED) take({ seeds: seed }, "Seed");
  const layout = pairs.get(LAYOUT_KEY);
  if (layout !== undefined) {
    const fields = readLayout(layout);
    if (fields) take(fields, "The layout");
    else notes.push("The layout was left out: it is damaged");
  }
  for (const markup of [...findMarkup(prompt, promptWeights), ...findMarkup(negativePrompt, promptWeights)]) {
    notes.push(`"${markup.text}" ${whyIgnored(markup)}`);
  }
  notes.push(...leftOut(pairs, extra));
  return { ...parseSceneFile(form, DEFAULT_SETTINGS), notes };
}

function spacingNamed(type: string | undefined): Exclude<Spacing, "model"> | undefined {
  const found = Object.entries(SCHEDULE_TYPES).find(([, name]) => name.toLowerCase() === type?.toLowerCase());
  return found?.[0] as Exclude<Spacing, "model"> | undefined;
}

/** Pairs that are read, or say nothing of how the picture is made. */
const UNDERSTOOD = new Set([
  ...[
    "Steps",
    "Sampler",
    "Schedule type",
    "CFG scale",
    "CFG Rescale",
    "Clip skip",
    "Seed",
    "Size",
    "Model hash",
    "Model",
    "RNG",
    "Version",
  ],
  ...[
    "Emphasis",
    LAYOUT_KEY,
    PROMPTS_KEY,
    HASH_KEY,
    VAE_HASH_KEY,
    "Created Date",
    "Lora hashes",
    "TI hashes",
    "Hashes",
    "VAE hash",
  ],
]);
const MOST_NOTES = 20;

/** A note for everything that another program did to its picture and this one does not do. */
function leftOut(pairs: ReadonlyMap<string, string>, extra: readonly string[]): string[] {
  const schedule = pairs.get("Schedule type") ?? "Karras";
  const noise = pairs.get("RNG") ?? "CPU";
  // The autoencoder is told by our own texts, with its hash; that of another program is not looked for.
  const isOwnVae = (key: string) => key === "VAE" && pairs.has(VAE_HASH_KEY);
  const unknown = [...pairs].filter(([key]) => !UNDERSTOOD.has(key) && !isOwnVae(key));
  const emphasis = pairs.get("Emphasis") ?? "Original";
  return [
    ...(["original", "none"].includes(emphasis.toLowerCase())
      ? []
      : [`Emphasis was left out: weights are as its "Original" here, not "${short(emphasis)}"`]),
    ...(schedule.toLowerCase() === "automatic" || spacingNamed(schedule) !== undefined
      ? []
      : [`Schedule type was left out: there is no "${short(schedule)}" here`]),
    ...(noise === "CPU" ? [] : [`RNG was left out: seeds are drawn as on the CPU here, not "${short(noise)}"`]),
    ...unknown.map(([key, value]) => `${key} was left out: nothing here does "${short(value)}"`),
    ...extra
      .filter((line) => line.trim() !== "")
      .map((line) => `a line behind the settings was left out: "${short(line)}"`),
  ].slice(0, MOST_NOTES);
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function readPrompts(text: string | undefined): [string, string] | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as unknown[];
    const [prompt, negative] = Array.isArray(value) ? value : [];
    return typeof prompt === "string" && typeof negative === "string" ? [prompt, negative] : undefined;
  } catch {
    return undefined; // the lines say it then
  }
}

function readLayout(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const { boxes, method, nu, injectionSteps, eta, lossSteps } = value;
    return { boxes, method, nu, injectionSteps, eta, lossSteps };
  } catch {
    return undefined;
  }
}
