/** The options of `npm run render`: their help, and what they ask for. */
import { PROVIDERS, type ProviderName, type Seed } from "../scene/scene.ts";
import type { Problem } from "../scene/fields.ts";
import type { SettingChanges } from "../scene/flatSettings.ts";
import { STRONGEST_LORA } from "../scene/loras.ts";
import { readSeeds } from "../scene/seeds.ts";
import { suggestion } from "../scene/nearest.ts";
import { PREDICTIONS, type LoadRequest } from "../api/engine.ts";
import { URGENCIES, type Urgency } from "../api/pool.ts";
import { readSettingOptions, SETTING_OPTIONS } from "./settingOptions.ts";
import { readFinishRule, readScoutStep, type ScoutOptions } from "./scouting.ts";
import { readLoraOption, type LoraOption } from "./loras.ts";
import { readStartOptions, type StartOptions } from "./starts.ts";
import { describeOptions, readArguments, usageProblem, type Given, type Option } from "./arguments.ts";

const OPTIONS = {
  model: {
    value: "MODEL",
    about: "A checkpoint: file, diffusers folder, or a name in your folders of models; else the demo.",
  },
  vae: { value: "PATH", about: "An autoencoder in place of the checkpoint's own, file or folder." },
  taesd: { value: "PATH", about: "A tiny autoencoder for drafts (--draft), file or folder." },
  draft: { about: "Pictures by the tiny autoencoder: faster, with less detail." },
  prediction: {
    value: "NAME",
    about: `What a single file's network predicts, if it is guessed wrongly: ${PREDICTIONS.join(", ")}.`,
  },
  lora: {
    value: "NAME:0.8",
    many: true,
    about: `A LoRA by name or file, and its strength from -${STRONGEST_LORA} to ${STRONGEST_LORA} (1); once for each.`,
  },
  seeds: { value: "1,2,7-9", about: "One picture for each seed, 0 to 2^64 - 1; by default the scene's, else 1." },
  scout: {
    value: "STEP",
    about: "Draw each seed only to this step (guided: as far as boxes guide it); --finish says which go on.",
  },
  finish: {
    value: "RULE",
    about: "Of the scouted: best:4, boxes:70 (all boxes obeyed so far, in percent) or all; best:4 by default.",
  },
  grid: {
    value: "GRID.json",
    about: "Draw rows and columns of what this file says, and one picture of all of them; it says the seeds, too.",
  },
  init: { value: "PICTURE", about: "Go on from this picture (PNG, JPEG, WebP) instead of from noise." },
  strength: { value: "N", about: "How much of it is drawn again, 0.01 to 1; by default 0.6, for --enlarge 0.35." },
  redraw: {
    value: "AREA",
    many: true,
    about: "Draw only this anew: box:NAME of the scene, or x,y,width,height in fractions. The rest keeps its pixels.",
  },
  feather: { value: "N", about: "Pixels around what is drawn anew over which it blends; 16 by default." },
  enlarge: {
    value: "N",
    about: "Draw it again 1.5 to 4 times as large: --init's picture, else each one that is drawn.",
  },
  upscale: { value: "NAME", about: "Enlarge the picture or the latent; picture by default." },
  ...SETTING_OPTIONS,
  embedding: {
    value: "FILE",
    many: true,
    about: "An embedding; its file's name is a word of the prompt. May be given several times.",
  },
  provider: { value: "NAME", about: `auto (a GPU that works, else cpu), ${PROVIDERS.join(", ")}; auto by default.` },
  device: { value: "N", about: "Which of several GPUs, from 0." },
  memory: { value: "MODE", about: "auto, fast, low (slower, the weights stay in the file); auto by default." },
  queue: {
    value: "ADDRESS",
    about: "Have the pictures drawn by a pool: redis://user:password@host, or rediss://; env: what DIORAMA_QUEUE says.",
  },
  "queue-ca": {
    value: "FILE.pem",
    about: "The certificate that signed the pool's, where this system does not know it.",
  },
  urgency: { value: "NAME", about: `In a pool: ${URGENCIES.join(", ")}; usual by default.` },
  user: { value: "NAME", about: "As whom to ask a pool: users take turns. By default you, on this computer." },
  out: { value: "DIR", about: 'Where the pictures go; "out" by default.' },
  resume: { about: "Go on with a run or grid of this scene that was cut off: the same command again, with this." },
  force: { about: "Overwrite pictures of the same name instead of numbering." },
  sheet: { about: "Also one sheet of all pictures with their boxes." },
  json: { about: "One JSON object per event on stdout." },
  quiet: { about: "Nothing but errors." },
  help: { about: "This text." },
  version: { about: "The version." },
} as const satisfies Record<string, Option>;

export const HELP = `Draws the pictures of a scene file.

Usage: npm run render -- SCENE.json [options]

${describeOptions(OPTIONS)}

Exit codes
  0    all pictures are drawn
  1    the engine or writing failed
  2    the options or the scene are wrong
  3    the checkpoint cannot be opened
  4    the execution provider cannot be used here
  130  interrupted; pictures finished before are kept

Ctrl-C stops after the current step, a second Ctrl-C at once. No file is ever half written. --resume goes on where a run
was stopped or killed, to the same pictures.
Every picture carries its settings; DIORAMA_DEBUG=1 adds stack traces to errors.
A grid: { "rows": { "method": ["none", "ilgd"] }, "columns": { "seeds": "1-4" } }; layouts, places, strength, lora, prompts, every setting.
Example: npm run render -- resources/examples/two-icons.json --seeds 1-4 --sheet
`;

export interface RenderOptions {
  scenePath: string;
  model: string | undefined;
  /** What of a `LoadRequest` says how the checkpoint is taken; paths as they were given. */
  parts: Pick<LoadRequest, "prediction" | "vae" | "tiny" | "draft">;
  loras: LoraOption[];
  seeds: Seed[] | undefined;
  scout: ScoutOptions | undefined;
  /** The file of a grid, as it was given. */
  grid: string | undefined;
  start: StartOptions;
  changes: SettingChanges;
  /** Files, as they were written. */
  embeddings: string[];
  provider: ProviderName | "auto";
  deviceId: number | undefined;
  memory: LoadRequest["memory"];
  /** The pool that draws, instead of this machine. */
  pool: { queue: string; ca: string | undefined; urgency: Urgency; user: string | undefined } | undefined;
  out: string;
  resume: boolean;
  force: boolean;
  sheet: boolean;
  json: boolean;
  quiet: boolean;
}

/** What the command line asks for; everything wrong with it is said at once. */
export function readRenderOptions(argv: readonly string[]): RenderOptions | "help" | "version" {
  const { given, words } = readArguments("render", argv, OPTIONS);
  if (given.help) return "help";
  if (given.version) return "version";
  const problems: Problem[] = [];
  const provider = choose(given.provider ?? "auto", ["auto", ...PROVIDERS] as const, "provider", problems);
  const memory = choose(given.memory ?? "auto", ["auto", "fast", "low"] as const, "memory", problems);
  const changes = readSettingOptions(given, problems);
  const deviceId = given.device === undefined ? undefined : Number(given.device);
  if (deviceId !== undefined && !/^\d{1,2}$/.test(given.device!)) {
    problems.push({ at: "--device", message: `expected a whole number from 0, got "${given.device!}"` });
  }
  const loras = (given.lora ?? []).flatMap((text) => {
    const read = readLoraOption(text);
    if (typeof read !== "string") return read;
    problems.push({ at: "--lora", message: read });
    return [];
  });
  let seeds: Seed[] | undefined;
  if (given.seeds !== undefined) {
    const read = readSeeds(given.seeds);
    if ("seeds" in read) seeds = read.seeds;
    else problems.push({ at: "--seeds", message: read.problem });
  }
  const scout = readScouting(given, problems);
  for (const name of ["seeds", "scout", "sheet", "enlarge"] as const) {
    if (given.grid === undefined || given[name] === undefined) continue;
    const why = {
      seeds: "the grid's file says the seeds",
      scout: "a grid is drawn to the end",
      sheet: "a grid is one",
      enlarge: "enlarge the pictures that you want of it",
    }[name];
    problems.push({ at: `--${name}`, message: `does not go with --grid: ${why}` });
  }
  for (const name of ["scout", "enlarge"] as const) {
    if (!given.resume || given[name] === undefined) continue;
    problems.push({ at: "--resume", message: `does not go with --${name}: leave out --resume to draw it again` });
  }
  const start = readStartOptions(given, problems);
  const parts = readParts(given, problems);
  if (words.length !== 1) {
    const message =
      words.length === 0 ? "a scene file is missing" : `only one scene file at a time, got ${words.join(", ")}`;
    problems.push({ at: "SCENE.json", message });
  }
  const pool = readPool(given, problems);
  if (problems.length > 0) throw optionProblem(problems);
  return {
    scenePath: words[0]!,
    model: given.model,
    parts,
    loras,
    seeds,
    scout,
    grid: given.grid,
    start,
    changes,
    embeddings: given.embedding ?? [],
    provider: provider!,
    deviceId,
    memory: memory!,
    pool,
    out: given.out ?? "out",
    resume: given.resume ?? false,
    force: given.force ?? false,
    sheet: given.sheet ?? false,
    json: given.json ?? false,
    quiet: given.quiet ?? false,
  };
}

/** What a pool cannot do, why, and what to do instead. */
const NOT_IN_POOL = {
  scout:
    "what is scouted goes on from a state on the machine that scouted it. Draw all seeds, or scout on this machine",
  enlarge:
    "a picture is enlarged when it is there. Have them drawn, then enlarge those that you want: --init PICTURE.png --enlarge 2",
  vae: "it is a file of this machine, and workers draw with the checkpoint's own. Leave it out, or make it part of a checkpoint that they have",
  taesd: "it is a file of this machine, and workers decode with the checkpoint's own autoencoder. Leave it out",
  draft: "workers decode with the checkpoint's own autoencoder. Leave it out, or draw drafts on this machine",
} as const;

function readPool(given: Given<typeof OPTIONS>, problems: Problem[]): RenderOptions["pool"] {
  const { queue } = given;
  if (queue === undefined) {
    for (const name of ["queue-ca", "urgency", "user"] as const) {
      if (given[name] !== undefined) problems.push({ at: `--${name}`, message: "needs --queue" });
    }
    return undefined;
  }
  for (const name of Object.keys(NOT_IN_POOL) as (keyof typeof NOT_IN_POOL)[]) {
    if (given[name] === undefined) continue;
    problems.push({ at: `--${name}`, message: `does not go with --queue: ${NOT_IN_POOL[name]}` });
  }
  const urgency = choose(given.urgency ?? "usual", URGENCIES, "urgency", problems);
  return { queue, ca: given["queue-ca"], urgency: urgency ?? "usual", user: given.user };
}

function readParts(given: Given<typeof OPTIONS>, problems: Problem[]): RenderOptions["parts"] {
  const { vae, taesd, draft, prediction } = given;
  if (draft && taesd === undefined) {
    problems.push({ at: "--draft", message: "needs a tiny autoencoder: --taesd taesd_decoder.safetensors" });
  }
  const predicted = prediction === undefined ? undefined : choose(prediction, PREDICTIONS, "prediction", problems);
  return {
    ...(vae === undefined ? {} : { vae }),
    ...(taesd === undefined ? {} : { tiny: taesd }),
    ...(draft ? { draft } : {}),
    ...(predicted === undefined ? {} : { prediction: predicted }),
  };
}

function readScouting(given: Given<typeof OPTIONS>, problems: Problem[]): ScoutOptions | undefined {
  if (given.scout === undefined) {
    if (given.finish !== undefined) problems.push({ at: "--finish", message: "needs --scout" });
    return undefined;
  }
  const step = readScoutStep(given.scout);
  const finish = readFinishRule(given.finish ?? "best:4");
  if ("problem" in step) problems.push({ at: "--scout", message: step.problem });
  if (typeof finish === "string") problems.push({ at: "--finish", message: finish });
  return typeof finish === "string" || "problem" in step ? undefined : { ...step, finish };
}

function optionProblem(problems: readonly Problem[]) {
  return usageProblem("render", problems.map(({ at, message }) => `${at}: ${message}`).join("\n"));
}

function choose<Choice extends string>(
  value: string,
  of: readonly Choice[],
  name: string,
  problems: Problem[],
): Choice | undefined {
  const found = of.find((choice) => choice === value);
  if (found === undefined) {
    problems.push({
      at: `--${name}`,
      message: `expected one of ${of.join(", ")}, got "${value}"${suggestion(value, of)}`,
    });
  }
  return found;
}
