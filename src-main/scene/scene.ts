/**
 * The scene: what a designer asks for. One prompt, boxes tied to phrases of it, and the settings of the run.
 * These are the resolved types; `parseScene` (parser.ts) makes them from a file a person wrote, and settings.ts says what is
 * allowed.
 */
import type { EMBEDDING_SETTINGS, LORA_SETTINGS } from "./fileSettings.ts";
import type { REGION_SETTINGS } from "./regionSettings.ts";
import type { Held } from "./rows.ts";
import type { OTHER_SPACINGS, SchedulerName } from "./schedulers.ts";
import type { Guidance, PictureSettings } from "./settings.ts";
import type { AREA_SETTINGS, REDRAW_SETTINGS, START_SETTINGS } from "./startSettings.ts";

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

/**
 * A box and the phrases of the prompt that shall appear in it. Several boxes may share a span, and a box may have several spans. What
 * else it has (strength, what of its box it is, words of its own, the part of the run in which it acts) is in the table REGION_SETTINGS.
 */
export interface Region extends Held<typeof REGION_SETTINGS> {
  id: string;
  box: UnitBox;
  /** At least one span, each a non-empty range of the prompt that holds a word; none overlaps another. */
  spans: TextSpan[];
}

/** Whether a region is injected and guided at a step, of `steps`, counted from 0. */
export function actsAt({ during }: Region, step: number, steps: number): boolean {
  return !during || (step >= Math.round(during.start * steps) && step < Math.round(during.end * steps));
}

export { METHODS, type Method } from "./methods.ts";

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
export type GuidanceSettings = Guidance;

export type SceneLora = Held<typeof LORA_SETTINGS>;

export type SceneEmbedding = Held<typeof EMBEDDING_SETTINGS>;

/** Everything that decides a picture, but for the seed and the machine. All but the lists is in the table SETTINGS. */
export interface SceneSettings extends PictureSettings {
  guidance: GuidanceSettings;
  /** In the order in which they are listed and added up; left out where there are none. */
  loras?: SceneLora[];
  /** Left out where there are none. */
  embeddings?: SceneEmbedding[];
}

/** A part of the picture. */
export interface Area extends Held<typeof AREA_SETTINGS> {
  box: UnitBox;
}

/** What is drawn anew. Everything else keeps its pixels. */
export interface Redraw extends Held<typeof REDRAW_SETTINGS> {
  areas: Area[];
}

/** The picture that a scene goes on from: which one, its pixels' hash says; where it lies, a path may. */
export interface SceneStart extends Held<typeof START_SETTINGS> {
  redraw?: Redraw;
}

export interface Scene {
  prompt: string;
  negativePrompt: string;
  regions: Region[];
  settings: SceneSettings;
  /** The picture that it goes on from; left out where it begins from noise. */
  start?: SceneStart;
}

/** A 64-bit seed as decimal text: JavaScript numbers lose digits above 2^53. Range 0 to 2^64 - 1. */
export type Seed = string;
