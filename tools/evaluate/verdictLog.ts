/** Verdicts on pictures as they stand in the log of a run. */
import { createHash } from "node:crypto";
import { METHOD_ROWS } from "../../src-main/scene/methods.ts";
import type { SceneSettings } from "../../src-main/scene/scene.ts";
import type { PictureNumbers } from "./features.ts";
import type { Verdict } from "./judge.ts";
import type { MaskScore } from "./maskScore.ts";
import type { IconScene } from "./scene.ts";

/** One line of the file. */
export interface Entry extends Verdict, PictureNumbers {
  /** See `keyOf`. */
  key: string;
  scene: string;
  variant: string;
  seed: string;
  /** To draw it, without judging. */
  seconds: number;
  /** The program's own score of each thing after each step; verdicts from before it was written have none. */
  course?: number[][];
  /** Steps after which guidance had ended. */
  guided?: number;
  /** Of things with shapes: how far each keeps to its own. */
  masks?: MaskScore[];
  /** Size of the picture. */
  width: number;
  height: number;
}

/** Changes with everything that the verdicts depend on besides what is in the key already. */
const JUDGE_VERSION = 1;

/**
 * What a verdict belongs to: the same scene, settings, seed, model and judge give the same key. Strengths and steps of
 * what a method leaves out make no other picture, and no other key.
 */
export function keyOf(scene: IconScene, settings: SceneSettings, seed: string, modelHash: string): string {
  const text = JSON.stringify([scene, effectiveSettings(settings), seed, modelHash, JUDGE_VERSION]);
  return createHash("sha256").update(text).digest("hex").slice(0, 20);
}

/** The settings that make a difference: see `keyOf`. */
export function effectiveSettings({ guidance, ...settings }: SceneSettings) {
  const { method } = guidance;
  const used = METHOD_ROWS[method].uses.map((name) => [name, guidance[name]] as const);
  return { ...settings, guidance: { method, ...Object.fromEntries(used) } };
}

export function isVerdict(value: unknown): value is Entry {
  const { key, detections, features } = (value ?? {}) as Partial<Entry>;
  return typeof key === "string" && Array.isArray(detections) && Array.isArray(features);
}
