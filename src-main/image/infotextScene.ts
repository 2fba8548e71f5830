/** What an infotext describes, made into a scene: of our own texts with the boxes, of other programs' as far as it can be done here. */
import { DEFAULT_SETTINGS } from "../scene/defaults.ts";
import { isSeed } from "../scene/fields.ts";
import { parseSceneFile, type SceneFile } from "../scene/parser.ts";
import { findMarkup, whyIgnored } from "../scene/promptMarkup.ts";
import { type Spacing, takesSpacing } from "../scene/scene.ts";
import { SCHEDULER_ROWS, OTHER_SPACINGS, SCHEDULERS, type SchedulerName } from "../scene/schedulers.ts";
import { isGuidance, rowOf, SETTING_NAMES } from "../scene/settings.ts";
import { isAppError } from "../wire/errors.ts";
import { HASH_KEY, LAYOUT_KEY, PROMPTS_KEY, readInfotext, SCHEDULE_TYPES, VAE_HASH_KEY } from "./infotext.ts";

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
  for (const name of SETTING_NAMES) {
    const { pair } = rowOf(name);
    const value = pair === undefined ? undefined : pairs.get(pair);
    if (value !== undefined) take({ [name]: Number(value) }, pair!);
  }
  const promptWeights = pairs.get("Emphasis")?.toLowerCase() !== "none";
  take({ promptWeights }, "Emphasis");
  const size = /^(\d{1,5})x(\d{1,5})$/.exec(pairs.get("Size") ?? "");
  if (size) take({ width: Number(size[1]), height: Number(size[2]) }, "Size");
  const sampler = pairs.get("Sampler");
  if (sampler !== undefined) {
    // Older files append the schedule: "DPM++ 2M Karras".
    const [, name = "", appended] = /^(.*?)(?: (Karras|Exponential|SGM Uniform|Simple))?$/i.exec(sampler) ?? [];
    const isNamed = (one: SchedulerName) => SCHEDULER_ROWS[one].elsewhere.toLowerCase() === name.toLowerCase();
    const scheduler = SCHEDULERS.find(isNamed);
    if (scheduler !== undefined) {
      const spacing = spacingNamed(appended ?? pairs.get("Schedule type"));
      const isOther = spacing !== undefined && spacing !== "karras" && takesSpacing(scheduler);
      const karras = spacing === "karras" && takesSpacing(scheduler);
      take({ scheduler, karras, ...(isOther ? { spacing } : {}) }, "Sampler");
    } else notes.push(`Sampler was left out: there is no "${short(sampler)}" here`);
  }
  const seed = pairs.get("Seed") ?? "";
  const variation = pairs.get("Variation seed") ?? "";
  const share = Number(pairs.get("Variation seed strength") ?? 0);
  if (isSeed(seed) && isSeed(variation) && share > 0) {
    take({ variationOf: seed, variationStrength: share, seeds: variation }, "Variation seed");
  } else if (isSeed(seed)) take({ seeds: seed }, "Seed");
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
  const named = (["karras", ...OTHER_SPACINGS] as const).filter(
    (spacing) => SCHEDULE_TYPES[spacing].toLowerCase() === type?.toLowerCase(),
  );
  return named[0];
}

/** What tells that a picture went on from another one, which is not in a text. */
const STARTED = ["Denoising strength", "Mask blur", "Hires upscale", "Hires upscaler", "Hires steps"];

/** Pairs that are read, or say nothing of how the picture is made. */
const UNDERSTOOD = new Set([
  ...SETTING_NAMES.flatMap((name) => rowOf(name).pair ?? []),
  ...["Sampler", "Schedule type", "Seed", "Size", "Model hash", "Model", "RNG", "Version", "Emphasis", "Created Date"],
  ...["Variation seed", "Variation seed strength", ...STARTED],
  ...[LAYOUT_KEY, PROMPTS_KEY, HASH_KEY, VAE_HASH_KEY, "Lora hashes", "TI hashes", "Hashes", "VAE hash"],
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
    ...howItWentOn(pairs),
    ...unknown.map(([key, value]) => `${key} was left out: nothing here does "${short(value)}"`),
    ...extra
      .filter((line) => line.trim() !== "")
      .map((line) => `a line behind the settings was left out: "${short(line)}"`),
  ].slice(0, MOST_NOTES);
}

function howItWentOn(pairs: ReadonlyMap<string, string>): string[] {
  const [strength, enlarged] = [pairs.get("Denoising strength"), pairs.get("Hires upscale")];
  if (enlarged !== undefined) {
    return [
      `Hires upscale was left out: draw it, then enlarge the result ${short(enlarged)} times, strength ${short(strength ?? "0.35")}`,
    ];
  }
  if (strength === undefined) return [];
  return [
    `Denoising strength was left out: the picture that this one went on from is not in its text. Go on from that one with strength ${short(strength)}`,
  ];
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
    const names = ["boxes", ...SETTING_NAMES.filter(isGuidance)];
    return Object.fromEntries(names.map((name) => [name, value[name]]));
  } catch {
    return undefined;
  }
}
