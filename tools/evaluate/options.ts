/** The options of `npm run evaluate`. */
import path from "node:path";
import type { AppError } from "../../src-main/wire/errors.ts";
import { suggestion } from "../../src-main/scene/nearest.ts";
import { PROVIDERS, type ProviderName, type Seed } from "../../src-main/scene/scene.ts";
import { readSeeds } from "../../src-main/scene/seeds.ts";
import { describeOptions, readArguments, usageProblem, type Option } from "../../src-main/cli/arguments.ts";
import { SCENE_SETS } from "./sceneSets.ts";
import { METHOD_NAMES, PAPER_NAMES, VARIANT_NAMES } from "./variants.ts";

const OPTIONS = {
  scenes: { value: "N", about: "The first N of the set's scenes; all by default, which are 100 to 200." },
  set: {
    value: "NAME",
    about:
      "icons: what the demo model draws, judged by their colours and shapes; things, overlap, sizes, shapes: other icons, 1 to 6 of them, in boxes that overlap, in pictures of other sizes, in ellipses and polygons; photos: things of COCO's classes, for Stable Diffusion.",
  },
  clip: { value: "DIR", about: "Any CLIP folder: T2I-Sim and CLIP-IQA of every picture." },
  detector: { value: "FILE.onnx", about: "Of --set photos: any YOLO export, for AP@0.5." },
  labels: { value: "FILE", about: "The detector's labels, one a line; by default its own, or COCO's." },
  "scene-seed": {
    value: "N",
    about: "Other scenes of the same kind, made from this seed: what is tuned on them is reported on the fixed ones.",
  },
  methods: {
    value: "A,B",
    about: `${METHOD_NAMES.join(", ")}; ilgd:NAME is iLGD with another loss; all is all of them. By default ${PAPER_NAMES.join(", ")}.`,
  },
  best: { about: "Each method at the settings that a sweep found best for the checkpoint (best.json)." },
  sweep: {
    about:
      "Instead of a report, finds each method's best settings on --sweep-scenes scenes of --scene-seed, and writes them to best.json.",
  },
  timing: { about: "Instead of a report, what each method costs in the processor's time, on one core, in turn." },
  seeds: { value: "1,2,7-9", about: "Pictures of each scene and method; 1 by default." },
  out: {
    value: "DIR",
    about: 'Pictures, verdicts and results; "out/evaluate" by default. A run goes on from what is there.',
  },
  drawn: {
    value: "DIR",
    about: "Pictures and verdicts go here instead, so that several runs draw what they share once.",
  },
  model: { value: "DIR", about: "A checkpoint; by default the demo model." },
  "strong-eta": { value: "N", about: "Strong loss guidance has this many times the model's eta; 2 by default." },
  nu: { value: "A,B", about: "Also iLGD with these nu', on the first scenes." },
  eta: { value: "A,B", about: "Also iLGD with these eta, on the first scenes." },
  grid: { about: "Every nu' with every eta, instead of one changed at a time." },
  "sweep-scenes": { value: "N", about: "Scenes for --nu, --eta and --sweep; 40 by default." },
  steps: { value: "N", about: "Denoising steps, in place of the model's." },
  workers: { value: "N", about: "Engines at a time, each with its share of the cores; 2 by default." },
  provider: { value: "NAME", about: `${PROVIDERS.join(", ")}; cpu by default.` },
  "no-resume": { about: "Fail where the folder has verdicts already, instead of going on from them." },
  "report-only": { about: "Draw nothing; results from the verdicts that are there." },
  help: { about: "This text." },
} as const satisfies Record<string, Option>;

export const HELP = `Compares the methods of layout control on scenes of icons, and judges what was drawn.

Usage: npm run evaluate -- [options]

${describeOptions(OPTIONS)}

Writes to the folder: results.md (a table for people), results.json, sheet.png, plots as SVG, every picture, and
verdicts.jsonl, to which each picture's verdict is added as it is made. Ctrl-C stops within a step and writes what there
is; the same command later goes on.
Exit codes: 0 done, 1 failed, 2 wrong options, 3 the checkpoint cannot be opened, 130 interrupted.
Example: npm run evaluate -- --scenes 40 --methods none,ilgd --out out/try
`;

const SETS = ["icons", "photos", ...SCENE_SETS] as const;

export interface EvaluateOptions {
  set: (typeof SETS)[number];
  clip: string | undefined;
  detector: string | undefined;
  labels: string | undefined;
  scenes: number;
  /** Of the scenes; undefined for the fixed ones. */
  sceneSeed: number | undefined;
  /** Names of variants. */
  methods: string[];
  best: boolean;
  searches: boolean;
  times: boolean;
  seeds: Seed[];
  out: string;
  /** Of pictures and verdicts. */
  drawn: string;
  model: string | undefined;
  strongEta: number;
  /** Strengths of iLGD besides the model's, and for how many scenes. */
  sweep: { nu: number[]; eta: number[]; isGrid: boolean; scenes: number };
  steps: number | undefined;
  workers: number;
  provider: ProviderName;
  resume: boolean;
  reportOnly: boolean;
}

/** What the command line asks for; paths are relative to `cwd`. Throws `bad-request`. */
export function readEvaluateOptions(argv: readonly string[], cwd: string): EvaluateOptions | "help" {
  const { given, words } = readArguments("evaluate", argv, OPTIONS);
  if (given.help) return "help";
  if (words.length > 0) throw usageProblem("evaluate", `nothing is expected besides options, got ${words.join(" ")}`);
  if (given.sweep && (given.nu ?? given.eta) !== undefined) {
    throw usageProblem("evaluate", "--sweep tries what its grid says; leave --nu and --eta out");
  }
  if (given.sweep && given.best) throw usageProblem("evaluate", "--sweep finds what --best uses; give one of them");
  const methods = readMethods(given.methods);
  if (given.timing && !methods.includes("none")) {
    throw usageProblem("evaluate", "--timing compares with plain sampling; name none among the --methods");
  }
  if (given.grid && (given.nu === undefined || given.eta === undefined)) {
    throw usageProblem("evaluate", "--grid needs both --nu and --eta");
  }
  const provider = given.provider ?? "cpu";
  if (!PROVIDERS.some((name) => name === provider)) throw unknown("--provider", provider, PROVIDERS);
  const set = given.set ?? "icons";
  if (!SETS.some((name) => name === set)) throw unknown("--set", set, SETS);
  if (set !== "photos" && given.detector !== undefined) {
    throw usageProblem("evaluate", "--detector is for --set photos: icons are judged by their colours and shapes");
  }
  const file = (text: string | undefined) => (text === undefined ? undefined : path.resolve(cwd, text));
  const out = path.resolve(cwd, given.out ?? "out/evaluate");
  return {
    set: set as EvaluateOptions["set"],
    ...{ clip: file(given.clip), detector: file(given.detector), labels: file(given.labels) },
    scenes: whole("--scenes", given.scenes ?? "200", 1, 200),
    sceneSeed: given["scene-seed"] === undefined ? undefined : whole("--scene-seed", given["scene-seed"], 1, 999_999),
    methods,
    ...{ best: given.best ?? false, searches: given.sweep ?? false, times: given.timing ?? false },
    seeds: seeds(given.seeds ?? "1"),
    ...{ out, drawn: file(given.drawn) ?? out },
    model: file(given.model),
    strongEta: numbers("--strong-eta", given["strong-eta"] ?? "2", 1000)[0]!,
    sweep: {
      nu: given.nu === undefined ? [] : numbers("--nu", given.nu, 10),
      eta: given.eta === undefined ? [] : numbers("--eta", given.eta, 50),
      isGrid: given.grid ?? false,
      scenes: whole("--sweep-scenes", given["sweep-scenes"] ?? "40", 1, 200),
    },
    steps: given.steps === undefined ? undefined : whole("--steps", given.steps, 1, 1000),
    workers: whole("--workers", given.workers ?? "2", 1, 64),
    provider: provider as ProviderName,
    resume: !given["no-resume"],
    reportOnly: given["report-only"] ?? false,
  };
}

function readMethods(text: string | undefined): string[] {
  if (text === undefined) return [...PAPER_NAMES];
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (name !== "all" && !VARIANT_NAMES.includes(name)) throw unknown("--methods", name, VARIANT_NAMES);
  }
  return [...new Set(names.flatMap((name): readonly string[] => (name === "all" ? METHOD_NAMES : [name])))];
}

function unknown(option: string, value: string, known: readonly string[]): AppError {
  return usageProblem("evaluate", `${option}: there is no "${value}"${suggestion(value, known)}; choose of ${known.join(", ")}`); // prettier-ignore
}

function seeds(text: string): Seed[] {
  const read = readSeeds(text);
  if ("problem" in read) throw usageProblem("evaluate", `--seeds: ${read.problem}`);
  return read.seeds;
}

function whole(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < least || value > most) {
    throw usageProblem("evaluate", `${option}: expected a whole number from ${least} to ${most}, got "${text}"`);
  }
  return value;
}

function numbers(option: string, text: string, most: number): number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (!/^\s*\d+(\.\d+)?\s*$/.test(part) || value > most) {
      throw usageProblem("evaluate", `${option}: expected numbers from 0 to ${most} such as 0,0.5,1, got "${part}"`);
    }
    return value;
  });
}
