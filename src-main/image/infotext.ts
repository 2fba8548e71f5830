/**
 * The "infotext" of AUTOMATIC1111's web UI: prompt, a negative line, and one last line of `Key: value` pairs. Nearly
 * every tool and picture forum reads it. The layout rides along as one quoted pair in the form of a scene file, so it
 * survives where only text is copied.
 */
import type { RunRecord } from "../api/engine.ts";
import { acts } from "../scene/actingSettings.ts";
import { writeBoxes } from "../scene/boxes.ts";
import { flatSettings, isNothing } from "../scene/flatSettings.ts";
import { loraNamed } from "../scene/loras.ts";
import { findLoras } from "../scene/promptMarkup.ts";
import { formOf } from "../scene/rows.ts";
import { actingSpacing, type Scene, type SceneSettings, type Spacing } from "../scene/scene.ts";
import { SCHEDULER_ROWS } from "../scene/schedulers.ts";
import { isGuidance, rowOf, SETTING_NAMES, SETTINGS } from "../scene/settings.ts";
import { variationOf } from "../scene/start.ts";

/** Other tools' "schedule types"; nothing is said of the checkpoint's own. */
export const SCHEDULE_TYPES: Record<Exclude<Spacing, "model">, string> = {
  karras: "Karras",
  exponential: "Exponential",
  "sgm-uniform": "SGM Uniform",
  simple: "Simple",
};

export const LAYOUT_KEY = "Diorama layout";
/** Both prompts as a JSON list, where the lines alone would be read as others. */
export const PROMPTS_KEY = "Diorama prompts";
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
  const variation = variationOf(settings);
  const { enlarged, size } = sizeOf(record);
  const spacing = actingSpacing(settings);
  const told = { ...scene, prompt: withTags(scene) };
  const own = isReadBack(told) ? undefined : JSON.stringify([told.prompt, scene.negativePrompt]);
  const [steps, ...numbers] = settingPairs(settings);
  const pairs: [string, string | undefined][] = [
    steps!, // first: ComfyUI looks for the line that begins with it
    ["Sampler", SCHEDULER_ROWS[settings.scheduler].elsewhere],
    ["Schedule type", spacing === "model" ? undefined : SCHEDULE_TYPES[spacing]],
    ...numbers,
    ["Emphasis", settings.promptWeights ? undefined : "None"],
    ["Seed", variation?.of ?? seed],
    ["Size", size],
    ["Model hash", model.sha256?.slice(0, 10)], // A1111's: of the whole file's SHA-256, where that is known
    ["Model", model.name],
    ["VAE", model.vae?.name],
    ["Variation seed", variation && seed],
    ["Variation seed strength", variation && String(variation.share)],
    ["Denoising strength", scene.start && String(scene.start.strength)],
    ["Mask blur", scene.start?.redraw && String(scene.start.redraw.feather)],
    ["Hires upscale", enlarged],
    ["Hires upscaler", enlarged && (scene.start?.by === "latent" ? "Latent" : "Lanczos")],
    ["TI hashes", tiHashes(scene)],
    ["Lora hashes", loraHashes(settings)],
    ["RNG", "CPU"], // torch's CPU generator: what makes the seed portable
    [LAYOUT_KEY, scene.regions.length === 0 ? undefined : JSON.stringify(layoutOf(scene))],
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

/** A picture that was enlarged tells the size that it had, and how far, as A1111's "hires fix": that size is drawn there first. */
function sizeOf({ scene: { settings }, start }: RunRecord): { size: string; enlarged?: string } {
  const { width, height } = settings;
  const by = start ? width / start.width : 1;
  if (!start || by <= 1 || Math.abs(height / start.height - by) > 0.05) return { size: `${width}x${height}` };
  return { size: `${start.width}x${start.height}`, enlarged: String(Number(by.toFixed(2))) };
}

/** Settings that other programs have too, in their words; nothing of what is as it was before the setting was there. */
function settingPairs(settings: SceneSettings): [string, string][] {
  const values = flatSettings(settings);
  return SETTING_NAMES.flatMap((name): [string, string][] => {
    const row = rowOf(name);
    const value = values[name];
    const isSilent = typeof value !== "number" || isNothing(row, value) || value === row.before;
    return row.pair === undefined || isSilent ? [] : [[row.pair, String(value)]];
  });
}

/** Boxes and the method with the settings that it uses, as a scene file has them. */
function layoutOf(scene: Scene): Record<string, unknown> {
  const values = flatSettings(scene.settings);
  const names = SETTING_NAMES.filter((name) => isGuidance(name) && acts(name, scene.settings) && name in values);
  const guidance = Object.fromEntries(names.map((name) => [name, values[name]]));
  return { boxes: writeBoxes(scene), ...formOf(SETTINGS, guidance) };
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
