/**
 * Checkpoints and LoRAs that were distilled to a few steps: told by their names, by what their makers wrote, or by their shapes, and the
 * settings that their makers give for them. Fine-tunes of them (a Turbo or Lightning "merge") want a few more steps, and a scale above 1.
 */
import type { SettingChanges } from "../scene/flatSettings.ts";
import type { FewSteps } from "../scene/loras.ts";
import type { SceneSettings } from "../scene/scene.ts";
import { changeSettings } from "../scene/settingChanges.ts";
import type { Family } from "./single/family.ts";

export const DISTILLED = ["lcm", "tcd", "turbo", "lightning", "hyper", "dmd2"] as const;
export type DistilledKind = (typeof DISTILLED)[number];

export interface Distilled {
  kind: DistilledKind;
  /** How people call it, with its steps: `Lightning, 4 steps`. */
  name: string;
  /** The steps that it is named for. */
  steps?: number;
  settings: SettingChanges;
}

/** What is known of a file or folder. */
export interface Clues {
  /** Names it goes by, the file's and its folder's or repository's, as they are written. */
  names: readonly string[];
  metadata?: ReadonlyMap<string, string>;
  /** Keys of its tensors. */
  keys?: Iterable<string>;
  /** The network reads the guidance scale (`time_cond_proj_dim`). */
  readsScale?: boolean;
  /** Of the sampler in its folder, by diffusers' class name. */
  scheduler?: string;
  family?: Family;
}

const TITLES: Record<DistilledKind, string> = {
  lcm: "LCM",
  tcd: "TCD",
  turbo: "Turbo",
  lightning: "Lightning",
  hyper: "Hyper",
  dmd2: "DMD2",
};

/** By name, the first that fits; words that only contain one (Hyperrealism) are none. Letters' case tells words apart: `v51HyperVAE`. */
const PATTERNS: readonly (readonly [DistilledKind, RegExp])[] = [
  ["lcm", /(?<![A-Z])LCM(?![a-z])|(?<![a-zA-Z])lcm(?![a-z])|latent[-_ ]?consistency/],
  ["tcd", /(?<![A-Z])TCD(?![a-z])|(?<![a-zA-Z])tcd(?![a-z])/],
  ["dmd2", /dmd2/i],
  ["lightning", /lightning/i],
  ["hyper", /(?:Hyper|(?<![a-zA-Z])(?:hyper|HYPER))(?![a-z])(?![-_ ]?[Rr]eal)/],
  ["turbo", /turbo/i],
];
/** Metadata that carry a name. */
const NAME_FIELDS = ["modelspec.title", "ss_output_name"];
/** The makers' own files, not fine-tunes: their settings are exactly known. */
const ORIGINAL: Partial<Record<DistilledKind, RegExp>> = {
  turbo: /(?:^|[^a-z])sd[-_]?(?:xl)?[-_]turbo|sd_xl_turbo/i,
  lightning: /sdxl[-_]lightning/i,
  hyper: /hyper[-_]sd/i,
};

/** What it was distilled by and wants; undefined for what was not, or does not say so. */
export function distilledOf(clues: Clues): Distilled | undefined {
  const stated = NAME_FIELDS.flatMap((field) => clues.metadata?.get(field)?.slice(0, 200) ?? []);
  const names = [...clues.names, ...stated];
  const kind = kindOf(clues, names);
  if (kind === undefined) return undefined;
  const steps = stepsIn(names);
  const isOriginal = names.some((name) => ORIGINAL[kind]?.test(name));
  const settings = makers[kind]({
    steps,
    isOriginal,
    keepsScale: names.some((name) => /cfg/i.test(name)),
    readsScale: clues.readsScale ?? false,
    isXl: clues.family === "sdxl",
  });
  return {
    kind,
    name: `${TITLES[kind]}${steps === undefined ? "" : `, ${steps} ${steps === 1 ? "step" : "steps"}`}`,
    ...(steps === undefined ? {} : { steps }),
    settings,
  };
}

function kindOf({ keys = [], readsScale, scheduler }: Clues, names: readonly string[]): DistilledKind | undefined {
  const named = PATTERNS.find(([, pattern]) => names.some((name) => pattern.test(name)))?.[0];
  if (named !== undefined) return named;
  if (readsScale || scheduler === "LCMScheduler") return "lcm";
  if (scheduler === "TCDScheduler") return "tcd";
  for (const key of keys) if (key.includes("cond_proj")) return "lcm";
  return undefined;
}

/** `4step`, `8-steps`. */
function stepsIn(names: readonly string[]): number | undefined {
  for (const name of names) {
    const found = /(?<!\d)(\d{1,2})[-_ ]?steps?(?![a-z])/i.exec(name)?.[1];
    if (found !== undefined && Number(found) >= 1 && Number(found) <= 32) return Number(found);
  }
  return undefined;
}

interface Known {
  steps: number | undefined;
  isOriginal: boolean;
  /** Made to be used with classifier-free guidance. */
  keepsScale: boolean;
  readsScale: boolean;
  isXl: boolean;
}

/** Trailing timesteps, by the name that other programs have for them. */
const TRAILING = { karras: false, spacing: "sgm-uniform" } as const;
const KARRAS_SDE = { scheduler: "dpmpp-sde", karras: true } as const;

/** Sources: the model cards of latent-consistency, h1t/TCD, stabilityai, ByteDance and tianweiy; of fine-tunes, what their makers agree on. */
const makers: Record<DistilledKind, (known: Known) => SettingChanges> = {
  // Where the network reads the scale it costs nothing; elsewhere more than 2 burns.
  lcm: ({ steps = 6, readsScale }) => ({ scheduler: "lcm", karras: false, steps, guidanceScale: readsScale ? 8 : 1.5 }),
  tcd: ({ steps = 4 }) => ({ scheduler: "tcd", karras: false, steps, guidanceScale: 1 }),
  dmd2: ({ steps = 4 }) => ({ scheduler: "lcm", karras: false, steps, guidanceScale: 1 }),
  turbo: ({ steps, isOriginal, isXl }) =>
    isOriginal || !isXl
      ? { width: 512, height: 512, scheduler: "euler-a", ...TRAILING, steps: steps ?? 4, guidanceScale: 1 }
      : { ...KARRAS_SDE, steps: steps ?? 8, guidanceScale: 2 },
  lightning: ({ steps, isOriginal }) =>
    isOriginal || steps !== undefined
      ? { scheduler: "euler", ...TRAILING, steps: steps ?? 4, guidanceScale: 1 }
      : { ...KARRAS_SDE, steps: 6, guidanceScale: 2 },
  hyper: ({ steps, isOriginal, keepsScale }) => {
    if (steps === 1) return { scheduler: "tcd", karras: false, steps, guidanceScale: 1 };
    return isOriginal || steps !== undefined
      ? { scheduler: "euler", ...TRAILING, steps: steps ?? 8, guidanceScale: keepsScale ? 5 : 1 }
      : { ...KARRAS_SDE, steps: 6, guidanceScale: 1.5 };
  },
};

/** The same of a LoRA, which has no size of its own. */
export function fewStepsOf(clues: Clues): FewSteps | undefined {
  const found = distilledOf(clues);
  if (!found) return undefined;
  const { steps, guidanceScale, scheduler, karras, spacing } = found.settings;
  return {
    name: found.name,
    settings: {
      ...(steps === undefined ? {} : { steps }),
      ...(guidanceScale === undefined ? {} : { guidanceScale }),
      ...(scheduler === undefined ? {} : { scheduler }),
      ...(spacing === undefined ? { karras: karras ?? false } : { spacing }),
    },
  };
}

/** `settings` as such a model wants them: its steps, with the layout's strengths and ranges scaled to them, its scale and sampler. */
export function withDistilled(settings: SceneSettings, { settings: wanted }: Distilled): SceneSettings {
  return changeSettings(settings, wanted, []);
}
