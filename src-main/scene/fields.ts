/**
 * The settings of a scene as a table: name, kind, range and a sentence about each. The scene file, the settings
 * embedded in a picture, the command line's options and the JSON Schema for editors all read this one table.
 */
import { suggestion } from "./nearest.ts";
import { METHODS, OTHER_SPACINGS, SCHEDULERS } from "./scene.ts";

/** One thing wrong with a file; `at` is the path of the field, such as `boxes[1].phrase`. */
export interface Problem {
  at: string;
  message: string;
}

export interface NumberRule {
  kind: "number";
  min: number;
  max: number;
  integer?: true;
  multipleOf?: number;
  about: string;
}
interface ChoiceRule {
  kind: "choice";
  of: readonly string[];
  about: string;
}
interface BooleanRule {
  kind: "boolean";
  about: string;
}
/** A half-open range of scheduler steps, written `[start, end]` or `{ start, end }`. */
interface StepRangeRule {
  kind: "stepRange";
  about: string;
}
export type FieldRule = NumberRule | ChoiceRule | BooleanRule | StepRangeRule;

/** The type that a rule's field has once it was read. */
export type FieldValue<Rule extends FieldRule> = Rule extends { kind: "choice"; of: readonly (infer Choice)[] }
  ? Choice
  : { number: number; choice: string; boolean: boolean; stepRange: { start: number; end: number } }[Rule["kind"]];

/** Stable Diffusion was trained on 1000 noise levels: there are no more different steps. */
const MOST_STEPS = 1000;

export const SETTING_FIELDS = {
  width: { kind: "number", min: 64, max: 2048, multipleOf: 8, about: "Width of the picture in pixels." },
  height: { kind: "number", min: 64, max: 2048, multipleOf: 8, about: "Height of the picture in pixels." },
  steps: { kind: "number", min: 1, max: MOST_STEPS, integer: true, about: "Denoising steps." },
  guidanceScale: {
    kind: "number",
    min: 1,
    max: 50,
    about: "Classifier-free guidance scale; 1 ignores the negative prompt and halves the work.",
  },
  scheduler: { kind: "choice", of: SCHEDULERS, about: "How the noise is taken away." },
  karras: {
    kind: "boolean",
    about:
      "Noise levels spaced as by Karras et al. 2022; ddim, pndm, lcm and tcd have no such spacing and go on without.",
  },
  spacing: {
    kind: "choice",
    of: OTHER_SPACINGS,
    about: "Noise levels spaced otherwise, instead of by Karras et al.; what is left out is the checkpoint's own.",
  },
  guidanceRescale: {
    kind: "number",
    min: 0,
    max: 1,
    about:
      "How far the guided prediction is brought back to the prompt's own contrast; about 0.7 for checkpoints with zero terminal SNR.",
  },
  clipSkip: {
    kind: "number",
    min: 1,
    max: 12,
    integer: true,
    about:
      "Layer of the text encoder that is read, counted from the end; 1 is the last. XL reads the second: 1 and 2 are the same.",
  },
  promptWeights: {
    kind: "boolean",
    about:
      "Brackets are weights, as in (word:1.3) and [word], and BREAK begins a new chunk; false draws brackets as brackets.",
  },
  method: {
    kind: "choice",
    of: METHODS,
    about:
      "Layout control: ilgd is injection with loss guidance, injection and loss are each alone, none samples plainly.",
  },
  nu: { kind: "number", min: 0, max: 10, about: "Strength of attention injection." },
  injectionSteps: {
    kind: "stepRange",
    about: "Steps with attention injection, from the first up to and without the last.",
  },
  eta: { kind: "number", min: 0, max: 50, about: "Strength of loss guidance." },
  lossSteps: { kind: "stepRange", about: "Steps with loss guidance, from the first up to and without the last." },
} as const satisfies Record<string, FieldRule>;

export type SettingName = keyof typeof SETTING_FIELDS;
export const SETTING_NAMES = Object.keys(SETTING_FIELDS) as SettingName[];

export const STRENGTH_RULE: NumberRule = {
  kind: "number",
  min: 0,
  max: 3,
  about: "How strongly this box pulls: 1 is the method as published, 0 leaves the box out.",
};
const STEP_RULE: NumberRule = { kind: "number", min: 0, max: MOST_STEPS, integer: true, about: "A scheduler step." };

/** Reads `value` by `rule`; what is wrong is added to `problems` and undefined returned. */
export function readField<Rule extends FieldRule>(
  rule: Rule,
  value: unknown,
  at: string,
  problems: Problem[],
): FieldValue<Rule> | undefined {
  return readers[rule.kind](rule as never, value, at, problems) as FieldValue<Rule> | undefined;
}

const readers = {
  number: readNumber,
  boolean: (_rule: BooleanRule, value: unknown, at: string, problems: Problem[]) => {
    if (typeof value === "boolean") return value;
    problems.push({ at, message: `expected true or false, got ${show(value)}` });
    return undefined;
  },
  choice: (rule: ChoiceRule, value: unknown, at: string, problems: Problem[]) => {
    if (typeof value === "string" && rule.of.includes(value)) return value;
    const hint = typeof value === "string" ? suggestion(value, rule.of) : "";
    problems.push({ at, message: `expected one of ${rule.of.join(", ")}, got ${show(value)}${hint}` });
    return undefined;
  },
  stepRange: readStepRange,
};

/** A finite number that `rule` allows. */
export function readNumber(rule: NumberRule, value: unknown, at: string, problems: Problem[]): number | undefined {
  const unit = rule.multipleOf ?? (rule.integer ? 1 : undefined);
  const kind = rule.multipleOf ? `a multiple of ${rule.multipleOf}` : rule.integer ? "a whole number" : "a number";
  const expected = `expected ${kind} from ${rule.min} to ${rule.max}`;
  if (typeof value !== "number" || !(value >= rule.min && value <= rule.max)) {
    problems.push({ at, message: `${expected}, got ${show(value)}` });
    return undefined;
  }
  if (unit !== undefined && value % unit !== 0) {
    const near = Math.min(rule.max, Math.max(rule.min, Math.round(value / unit) * unit));
    problems.push({ at, message: `${expected}, got ${value}; the nearest is ${near}` });
    return undefined;
  }
  return value;
}

function readStepRange(_rule: StepRangeRule, value: unknown, at: string, problems: Problem[]) {
  const pair = isRecord(value) ? [value.start, value.end] : value;
  if (!Array.isArray(pair) || pair.length !== 2) {
    problems.push({ at, message: `expected two steps such as [1, 11], got ${show(value)}` });
    return undefined;
  }
  if (isRecord(value)) reportUnknownFields(value, ["start", "end"], at, problems);
  const start = readNumber(STEP_RULE, pair[0], `${at}[0]`, problems);
  const end = readNumber(STEP_RULE, pair[1], `${at}[1]`, problems);
  if (start === undefined || end === undefined) return undefined;
  if (end < start) {
    problems.push({ at, message: `the range ${start} to ${end} runs backwards` });
    return undefined;
  }
  return { start, end };
}

/** Adds a problem for every field that is not in `known`, with the name that was probably meant. */
export function reportUnknownFields(
  record: Record<string, unknown>,
  known: readonly string[],
  at: string,
  problems: Problem[],
): void {
  for (const name of Object.keys(record)) {
    if (known.includes(name)) continue;
    problems.push({ at: join(at, clip(name)), message: `unknown field${suggestion(clip(name), known)}` });
  }
}

/** A path one field deeper: `boxes[0]` and `phrase` make `boxes[0].phrase`; a name that is no identifier is quoted. */
export function join(at: string, name: string): string {
  if (!/^[$\p{L}_][$\p{L}\p{N}_]*$/u.test(name)) return `${at}[${JSON.stringify(name)}]`;
  return at === "" ? name : `${at}.${name}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as an error message shows it, never long. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(clip(value));
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  return Array.isArray(value)
    ? `a list of ${value.length}`
    : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
