/** A scene's LoRAs: which ones its list and the tags in its prompt (`<lora:name:0.8>`) come to, and how strongly each counts. */
import { LORA_SETTINGS } from "./fileSettings.ts";
import { findLoras, type LoraTag } from "./promptMarkup.ts";
import type { Scene, SceneLora, SceneSettings } from "./scene.ts";

/** Strengths of the list go from minus this to this; a tag in the prompt may go further. */
export const STRONGEST_LORA = LORA_SETTINGS.strength.max;

export interface UsedLora {
  lora: SceneLora;
  /** Factor in the noise predictor. */
  strength: number;
  /** Factor in the text encoders. */
  textStrength: number;
}

/**
 * What is to be applied, in the list's order. A tag that names a LoRA of the list decides over its strength and switch, the last one
 * where several do. `unknown` are tags that name none of the list.
 */
export function lorasOf({ prompt, settings }: Pick<Scene, "prompt" | "settings">): {
  used: UsedLora[];
  unknown: LoraTag[];
} {
  const list = settings.loras ?? [];
  const tags = new Map<SceneLora, LoraTag>();
  const unknown: LoraTag[] = [];
  for (const tag of findLoras(prompt)) {
    const lora = loraNamed(list, tag.name);
    if (lora) tags.set(lora, tag);
    else unknown.push(tag);
  }
  const used = list.flatMap((lora): UsedLora[] => {
    const tag = tags.get(lora);
    const { strength, textStrength } = tag ?? { strength: lora.strength, textStrength: lora.strength };
    const isUsed = (tag !== undefined || lora.on) && (strength !== 0 || textStrength !== 0);
    return isUsed ? [{ lora, strength, textStrength }] : [];
  });
  return { used, unknown };
}

/** The LoRA that a tag means; letters' case matters only where two differ by nothing else. */
export function loraNamed<T extends Pick<SceneLora, "name">>(list: readonly T[], name: string): T | undefined {
  const lower = name.toLowerCase();
  return list.find((lora) => lora.name === name) ?? list.find((lora) => lora.name.toLowerCase() === lower);
}

/** A strength as a person reads it: two decimals at most. */
export function showStrength(strength: number): string {
  return String(Number(strength.toFixed(2)));
}

/** What is known of a LoRA's file. */
export interface LoraFacts {
  path: string;
  name: string;
  /** SHA-256 of its weights, where that was asked for. */
  hash: string | null;
  /** What its maker says it is made for, as it stands there. */
  base: string | null;
  /** Words that call it, as its maker or its training pictures say. */
  words: string[];
  /** What a person should know, such as layers that the checkpoint lacks. */
  notes: string[];
  /** Why it cannot be used with the checkpoint; null where it can. */
  problem: string | null;
  /** What it wants where it makes a checkpoint draw in few steps (LCM, Lightning, Hyper and the like). */
  fewSteps?: FewSteps;
}

/** How a distilled model is drawn with. */
export interface FewSteps {
  /** How people call it: `Lightning, 4 steps`. */
  name: string;
  settings: Partial<Pick<SceneSettings, "steps" | "guidanceScale" | "scheduler" | "karras" | "spacing">>;
}

/** A LoRA of a scene's list as the window shows it; `path` is null where its file was not found. */
export type LoraEntry = Omit<LoraFacts, "path"> & { path: string | null };
