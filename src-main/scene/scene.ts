/**
 * The scene: what a designer asks for. One prompt, boxes tied to phrases of it, and the settings of the run.
 * These are the resolved types; `parseScene` (sceneParser.ts) makes them from a file a person wrote.
 */

/** A rectangle in fractions of the picture, origin top left; 0 <= x < x + width <= 1. */
export interface UnitBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A half-open range of UTF-16 code units of the prompt, as `String.prototype.slice` takes it. */
export interface TextSpan {
  start: number;
  end: number;
}

/** A box and the phrases of the prompt that shall appear in it. Several boxes may share a span, and a box may have several spans. */
export interface Region {
  id: string;
  box: UnitBox;
  /** At least one span, each a non-empty range of the prompt. */
  spans: TextSpan[];
  /** Multiplies nu' and this region's share of the loss; 1 is the method as published. Range 0 to 3. */
  strength: number;
  /** Further words, read beside the prompt and attended to inside the box alone. */
  words?: string;
  /** Words to avoid in the box: the same beside the negative prompt. */
  avoid?: string;
  /** Part of the run, in fractions of its steps, in which this box is injected and guided; all of it where left out. */
  during?: { start: number; end: number };
}

/** What a region has besides place, phrases and strength, where it has any of it. */
export function extrasOf({ words, avoid, during }: Region): Pick<Region, "words" | "avoid" | "during"> {
  const isAll = !during || (during.start <= 0 && during.end >= 1);
  return {
    ...(words === undefined || words.trim() === "" ? {} : { words }),
    ...(avoid === undefined || avoid.trim() === "" ? {} : { avoid }),
    ...(isAll ? {} : { during }),
  };
}

/** Whether a region is injected and guided at a step, of `steps`, counted from 0. */
export function actsAt({ during }: Region, step: number, steps: number): boolean {
  return !during || (step >= Math.round(during.start * steps) && step < Math.round(during.end * steps));
}

/** `none` samples plainly; the rest are in guidance/. */
export const METHODS = ["none", "injection", "loss", "ilgd"] as const;
export type Method = (typeof METHODS)[number];

/** Whether a method raises attention in the boxes: whether nu' and the injection steps matter to it. */
export const injects = (method: Method): boolean => method === "injection" || method === "ilgd";

/** Whether a method follows the gradient of the loss: whether eta and the loss steps matter to it. */
export const guides = (method: Method): boolean => method === "loss" || method === "ilgd";

export const SCHEDULERS = [
  "lms",
  "euler",
  "euler-a",
  "heun",
  "ddim",
  "pndm",
  "dpmpp-2m",
  "dpmpp-2m-sde",
  "dpmpp-sde",
  "dpmpp-2s-a",
  "unipc",
  "deis",
  "lcm",
  "tcd",
] as const;
export type SchedulerName = (typeof SCHEDULERS)[number];

/** Ways of spacing noise levels besides Karras', which has a field of its own: it was there before these. */
export const OTHER_SPACINGS = ["exponential", "sgm-uniform", "simple"] as const;
/** `model`: by the timesteps that the checkpoint's scheduler names. */
export type Spacing = "model" | "karras" | (typeof OTHER_SPACINGS)[number];

const BOUND_TO_TIMESTEPS: readonly SchedulerName[] = ["ddim", "pndm", "lcm", "tcd"];

/** Whether a scheduler can space its noise levels otherwise; DDIM, PNDM, LCM and TCD go by whole timesteps. */
export const takesSpacing = (scheduler: SchedulerName): boolean => !BOUND_TO_TIMESTEPS.includes(scheduler);

/** How the settings ask for noise levels to be spaced, whether or not the scheduler can. */
export const spacingOf = ({ karras, spacing }: Pick<SceneSettings, "karras" | "spacing">): Spacing =>
  spacing ?? (karras ? "karras" : "model");

/** The same that acts: `model` for a scheduler that knows no other. */
export const actingSpacing = (settings: Pick<SceneSettings, "scheduler" | "karras" | "spacing">): Spacing =>
  takesSpacing(settings.scheduler) ? spacingOf(settings) : "model";

export const PROVIDERS = ["cpu", "cuda", "dml", "webgpu", "coreml"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** Layout control (Patel & Serkh 2024). Step ranges are half-open and count scheduler steps from 0. */
export interface GuidanceSettings {
  method: Method;
  /** nu', strength of attention injection; the paper's 0.75. Range 0 to 10. */
  nu: number;
  /** Injection is on at steps start <= i < end; the paper's [1, 11) of 50. */
  injectionSteps: { start: number; end: number };
  /** eta, strength of loss guidance; the paper's 0.48. Range 0 to 50. */
  eta: number;
  /** Loss guidance is on at steps start <= i < end; the paper's [1, 25) of 50. */
  lossSteps: { start: number; end: number };
}

/** A LoRA of a scene's list: a small file that changes the checkpoint. */
export interface SceneLora {
  /** Of its file, without folder and ending, as `<lora:name:0.8>` calls it. */
  name: string;
  /** Factor on what it changes. Range -2 to 2. */
  strength: number;
  /** Off does nothing, unless the prompt asks for it. */
  on: boolean;
  /** The file; missing where it is known by name and hash alone, as in a picture's settings. */
  path?: string;
  /** SHA-256 of its weights in hexadecimal (checkpoint/lora/numbers.ts), where it is known. */
  hash?: string;
}

/** An embedding (textual inversion) of a scene's list: a small file of vectors that a word of the prompts stands for. */
export interface SceneEmbedding {
  /** The word, in any case: its file's name without folder and ending. */
  name: string;
  /** The file; missing where it is known by name and hash alone, as in a picture's settings. */
  path?: string;
  /** SHA-256 of the file in hexadecimal, where it is known. */
  hash?: string;
}

/** Everything that decides a picture, but for the seed and the machine. */
export interface SceneSettings {
  /** Pixels, multiples of 8. */
  width: number;
  height: number;
  steps: number;
  /** Classifier-free guidance scale; 1 runs no unconditional half. */
  guidanceScale: number;
  scheduler: SchedulerName;
  /** Noise levels spaced by Karras et al. 2022 eq. 5, where the scheduler allows it. */
  karras: boolean;
  /** Another spacing instead of Karras'; the checkpoint's own where both are left out. Never together with `karras`. */
  spacing?: (typeof OTHER_SPACINGS)[number];
  /**
   * How far the guided prediction is brought back to the deviation of the prompt's own (Lin et al. 2024, section 3.4), 0 to 1;
   * nothing where left out. Checkpoints with zero terminal SNR want about 0.7.
   */
  guidanceRescale?: number;
  /** Layer of the text encoder that is read, counted from the end: 1 is the last. Range 1 to 12. */
  clipSkip: number;
  /** Whether brackets in both prompts are weights, as in `(word:1.3)` and `[word]`, and BREAK begins a new chunk. */
  promptWeights: boolean;
  guidance: GuidanceSettings;
  /** In the order in which they are listed and added up; left out where there are none. */
  loras?: SceneLora[];
  /** Left out where there are none. */
  embeddings?: SceneEmbedding[];
}

export interface Scene {
  prompt: string;
  negativePrompt: string;
  regions: Region[];
  settings: SceneSettings;
}

/** A 64-bit seed as decimal text: JavaScript numbers lose digits above 2^53. Range 0 to 2^64 - 1. */
export type Seed = string;
