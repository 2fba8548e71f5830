/** Names and explanations of what can be chosen. */
import { actingSettings } from "@scene/actingSettings.ts";
import { isNothing } from "@scene/flatSettings.ts";
import { showStrength } from "@scene/loras.ts";
import { METHOD_ROWS } from "@scene/methods.ts";
import { SPACING_NAMES } from "@scene/names.ts";
import { type ProviderName, type SceneLora, type SceneSettings, type Spacing, actingSpacing } from "@scene/scene.ts";
import { SCHEDULER_ROWS } from "@scene/schedulers.ts";
import { rowOf, type SettingName } from "@scene/settings.ts";

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
    return SCHEDULER_ROWS[settings.scheduler].label + (spacing === "model" ? "" : `, ${SPACING_WORDS[spacing].label}`);
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
