/** Names and explanations of what can be chosen. */
import { actingSettings } from "@scene/actingSettings.ts";
import { isNothing } from "@scene/flatSettings.ts";
import { showStrength } from "@scene/loras.ts";
import { METHOD_ROWS } from "@scene/methods.ts";
import { SCHEDULER_NAMES, SPACING_NAMES } from "@scene/names.ts";
import { type ProviderName, type SceneLora, type SceneSettings, type Spacing, actingSpacing } from "@scene/scene.ts";
import type { SchedulerName } from "@scene/schedulers.ts";
import { rowOf, type SettingName } from "@scene/settings.ts";

const STEADY = "The same seed settles on one picture";
const LIVELY = "Noise on the way: more steps go on changing it";
const DISTILLED = "For models of few steps";

/** `group`: where a scheduler stands in the list, in the order of first mention. */
export const SCHEDULER_WORDS: Record<SchedulerName, { label: string; hint: string; group: string }> = {
  lms: { label: SCHEDULER_NAMES.lms, hint: "Linear multistep; what the method was published with.", group: STEADY },
  euler: { label: SCHEDULER_NAMES.euler, hint: "Simple and steady.", group: STEADY },
  heun: { label: SCHEDULER_NAMES.heun, hint: "Two looks at every step: twice the time, more exact.", group: STEADY },
  ddim: { label: SCHEDULER_NAMES.ddim, hint: "The classic; deterministic.", group: STEADY },
  pndm: { label: SCHEDULER_NAMES.pndm, hint: "What Stable Diffusion 1.x came with.", group: STEADY },
  "dpmpp-2m": { label: SCHEDULER_NAMES["dpmpp-2m"], hint: "Good pictures in 20 to 30 steps.", group: STEADY },
  unipc: { label: SCHEDULER_NAMES.unipc, hint: "Good pictures in even fewer steps.", group: STEADY },
  deis: { label: SCHEDULER_NAMES.deis, hint: "Close to UniPC; good pictures in few steps.", group: STEADY },
  "euler-a": {
    label: SCHEDULER_NAMES["euler-a"],
    hint: "Adds noise on the way: lively, never settles.",
    group: LIVELY,
  },
  "dpmpp-2m-sde": { label: SCHEDULER_NAMES["dpmpp-2m-sde"], hint: "Rich detail in 20 to 30 steps.", group: LIVELY },
  "dpmpp-sde": {
    label: SCHEDULER_NAMES["dpmpp-sde"],
    hint: "Two looks at every step; good with 10 to 15.",
    group: LIVELY,
  },
  "dpmpp-2s-a": {
    label: SCHEDULER_NAMES["dpmpp-2s-a"],
    hint: "Two looks at every step, livelier still.",
    group: LIVELY,
  },
  lcm: {
    label: SCHEDULER_NAMES.lcm,
    hint: "For LCM models and LoRAs: 4 to 8 steps, guidance 1 to 2.",
    group: DISTILLED,
  },
  tcd: {
    label: SCHEDULER_NAMES.tcd,
    hint: "For TCD and Hyper models: 1 to 8 steps, more detail than LCM.",
    group: DISTILLED,
  },
};

/** What noise levels are called that a person chooses. */
export const SPACING_WORDS: Record<Spacing, { label: string; hint: string }> = {
  model: { label: SPACING_NAMES.model, hint: "Noise levels by the timesteps it was trained with." },
  karras: { label: SPACING_NAMES.karras, hint: "Finer near the end: more detail in few steps." },
  exponential: {
    label: SPACING_NAMES.exponential,
    hint: "Each level the same share of the one before; finest near the end.",
  },
  "sgm-uniform": {
    label: SPACING_NAMES["sgm-uniform"],
    hint: "Even in time, without the last level; what Lightning and Hyper models want.",
  },
  simple: { label: SPACING_NAMES.simple, hint: "Even in time, in whole timesteps." },
};

export const PROVIDER_WORDS: Record<ProviderName, string> = {
  cpu: "Processor",
  cuda: "NVIDIA GPU (CUDA)",
  dml: "GPU (DirectML)",
  webgpu: "GPU (WebGPU)",
  coreml: "Apple (Core ML)",
};

/** What a picture was drawn on. */
export const providerWords = (provider: ProviderName | "unknown") =>
  provider === "unknown" ? "unknown" : PROVIDER_WORDS[provider];

const lorasWords = ({ name, strength }: SceneLora) => `${name} ${showStrength(strength)}`;

/** How a setting is said together with others, which are then not said alone. */
const TOGETHER: { readonly [Name in SettingName]?: (settings: SceneSettings) => string } = {
  scheduler: (settings) => {
    const spacing = actingSpacing(settings);
    return SCHEDULER_WORDS[settings.scheduler].label + (spacing === "model" ? "" : `, ${SPACING_WORDS[spacing].label}`);
  },
  guidanceScale: ({ guidanceScale, guidanceRescale }) =>
    `${guidanceScale}${guidanceRescale ? `, rescaled ${guidanceRescale}` : ""}`,
  method: ({ guidance }) => METHOD_ROWS[guidance.method].label,
};
const SAID_WITH_OTHERS: readonly string[] = ["width", "height", "karras", "spacing", "guidanceRescale"];

function valueWords(value: unknown): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "number" || typeof value === "string") return String(value);
  const { start, end } = value as { start: number; end: number };
  return end > start ? `${start + 1}–${end}` : "off";
}

/** Settings that make a difference to a picture, in words, for comparing and for history; those that ask for nothing only where `all`. */
export function settingWords(settings: SceneSettings, all = true): [string, string][] {
  const loras = (settings.loras ?? []).filter(({ on }) => on);
  const isSaid = (name: string, value: unknown) => all || !isNothing(rowOf(name as SettingName), value);
  const acting = Object.entries(actingSettings(settings)).filter(
    ([name, value]) => !SAID_WITH_OTHERS.includes(name) && isSaid(name, value),
  );
  const words = acting.map(([name, value]): [string, string] => {
    const setting = name as SettingName;
    return [rowOf(setting).label ?? name, TOGETHER[setting]?.(settings) ?? valueWords(value)];
  });
  return [
    ["Size", `${settings.width} × ${settings.height}`],
    ...words,
    ...(loras.length === 0 ? [] : [["LoRAs", loras.map(lorasWords).join(", ")] satisfies [string, string]]),
  ];
}
