/** What is compared: methods with their settings, and sweeps of nu' and eta. */
import { type Effort, effortChanges } from "../../src-main/scene/efforts.ts";
import { LOSS_ROWS, LOSSES, type LossName } from "../../src-main/scene/losses.ts";
import { type Method, METHOD_ROWS, METHODS, usesSetting } from "../../src-main/scene/methods.ts";
import type { GuidanceSettings, Region, Scene, SceneSettings, UnitBox } from "../../src-main/scene/scene.ts";
import { changeSettings } from "../../src-main/scene/settingChanges.ts";
import type { RegionShape } from "../../src-main/scene/shapes.ts";

export type MethodName = Method | "strong-loss";
export const METHOD_NAMES: readonly MethodName[] = [...METHODS, "strong-loss"];
/** What the paper compares, and is compared where nothing is asked for. */
export const PAPER_NAMES: readonly MethodName[] = ["none", "injection", "loss", "strong-loss", "ilgd"];
/** Of methods that follow a loss, `ilgd:area`: with another one than the authors'. */
export const LOSS_VARIANTS: readonly string[] = METHODS.filter((method) => usesSetting(method, "loss")).flatMap(
  (method) => LOSSES.filter((loss) => loss !== "authors").map((loss) => `${method}:${loss}`),
);
/** `ilgd@draft`: with another effort than the normal one. */
export const EFFORT_VARIANTS: readonly string[] = METHODS.flatMap((method) => [`${method}@draft`, `${method}@best`]);
/** All that `--methods` takes. */
export const VARIANT_NAMES: readonly string[] = [...METHOD_NAMES, ...LOSS_VARIANTS, ...EFFORT_VARIANTS];

/** What people call it. */
export function labelOf(name: string): string {
  const [method, loss] = name.split(":") as [string, LossName?];
  if (method === "strong-loss") return "Strong loss guidance";
  const label = (METHOD_ROWS as Record<string, { label: string } | undefined>)[method]?.label ?? name;
  return loss ? `${label}, ${LOSS_ROWS[loss].label.toLowerCase()}` : label;
}

/** One way of drawing. */
export interface Variant {
  /** Unique in a run: a method's name, `ilgd:area`, or `nu=0.5` and `eta=2` in a sweep. */
  name: string;
  settings: SceneSettings;
}

/** One of VARIANT_NAMES under `defaults`; strong loss guidance is loss guidance with `strength` times the eta. */
export function methodVariant(name: string, defaults: SceneSettings, strength: number): Variant {
  const [plain, effort = "normal"] = name.split("@") as [string, Effort?];
  const settings = changeSettings(defaults, effort === "normal" ? {} : effortChanges(defaults, effort), []);
  const { guidance } = settings;
  const [method, loss] = plain.split(":") as [MethodName, LossName?];
  const changes: Partial<GuidanceSettings> =
    method === "strong-loss" ? { method: "loss", eta: guidance.eta * strength } : { method, ...(loss ? { loss } : {}) };
  return { name, settings: { ...settings, guidance: { ...guidance, ...changes } } };
}

/** A variant with some settings changed; `name` tells which. */
export function changedVariant({ settings }: Variant, changes: Partial<GuidanceSettings>, name: string): Variant {
  return { name, settings: { ...settings, guidance: { ...settings.guidance, ...changes } } };
}

/** iLGD with strengths changed; 0 leaves the other half of the method alone. */
export function sweepVariant(changes: { nu?: number; eta?: number }, defaults: SceneSettings): Variant {
  const name = Object.entries(changes)
    .map(([parameter, value]) => `${parameter}=${value}`)
    .join(" ");
  return changedVariant(methodVariant("ilgd", defaults, 1), changes, name);
}

/** A prompt, and which of its phrases belongs in which box. */
export interface Layout {
  prompt: string;
  things: readonly { phrase: string; box: UnitBox; shape?: RegionShape }[];
}

/** The scene that the engine is asked to draw: the prompt, and each thing's phrase tied to its box. */
export function engineScene({ prompt, things }: Layout, settings: SceneSettings): Scene {
  const regions = things.map(({ phrase, box, shape }, i): Region => {
    const start = prompt.indexOf(phrase);
    const spans = [{ start, end: start + phrase.length }];
    return { id: `box-${i + 1}`, box, spans, strength: 1, ...(shape ? { shape } : {}) };
  });
  return { prompt, negativePrompt: "", regions, settings };
}

/**
 * The noise seed of a scene for the seed `seed` of the command line: every scene has its own noise, and all variants
 * of a scene share it. `id`: the scene's, a number.
 */
export function noiseSeed(id: string, seed: string): string {
  return String((BigInt(seed) * 100_000n + BigInt(Number.parseInt(id, 10))) & (2n ** 64n - 1n));
}
