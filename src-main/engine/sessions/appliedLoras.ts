/** LoRAs as the sessions of a checkpoint know them: which tables stand in an open program, and how strongly each counts in a run. */
import type { FittedLora } from "../../checkpoint/lora/fit.ts";
import { LORA_STRENGTHS } from "../../model/adapters.ts";

export interface AppliedLora {
  /** Tells files apart, and one file before and after it was replaced. */
  key: string;
  fitted: FittedLora;
  /** Factor in the noise predictor, and in the text encoders; not both 0. */
  strength: number;
  textStrength: number;
}

/** What an open program was built with. */
export interface OpenLora {
  key: string;
  /** Whether it changes convolutions: only then is strength 0 not exactly nothing, as rounding differs (model/adapters.ts). */
  hasKernels: boolean;
}

/** Whether a program with `open` serves for `wanted`: what is not wanted is at strength 0 there. The order decides how sums are rounded. */
export function serves(open: readonly OpenLora[], wanted: readonly AppliedLora[]): boolean {
  const keys = wanted.map(({ key }) => key);
  const kept = open.filter(({ key }) => keys.includes(key)).map(({ key }) => key);
  return kept.join("\n") === keys.join("\n") && open.every(({ key, hasKernels }) => !hasKernels || keys.includes(key));
}

/** The input that a program with `open` needs; none where it has no LoRA. */
export function strengthsOf(
  open: readonly Pick<OpenLora, "key">[],
  wanted: readonly AppliedLora[],
  of: "strength" | "textStrength",
): Record<string, Float32Array> {
  if (open.length === 0) return {};
  const strengths = open.map(({ key }) => wanted.find((lora) => lora.key === key)?.[of] ?? 0);
  return { [LORA_STRENGTHS]: Float32Array.from(strengths) };
}
