/** Kinds of fields, how each is read from a file or a command line, and the words for what is wrong with it. */
import { MOST_STEPS } from "./limits.ts";
import { suggestion } from "./nearest.ts";
import { isRecord, join, type Problem, reportUnknownFields, show } from "./problems.ts";
import { readShape } from "./shapeFields.ts";
import type { RegionShape } from "./shapes.ts";

export { isRecord, join, type Problem, reportUnknownFields, show } from "./problems.ts";

export interface NumberRule {
  kind: "number";
  min: number;
  max: number;
  integer?: true;
  multipleOf?: number;
  about: string;
}
export interface ChoiceRule {
  kind: "choice";
  of: readonly string[];
  about: string;
}
interface BooleanRule {
  kind: "boolean";
  about: string;
}
/** A half-open range of scheduler steps, written `[start, end]` or `{ start, end }`. */
export interface StepRangeRule {
  kind: "stepRange";
  about: string;
}
/** A part of the run in fractions of its steps, written alike. */
interface ShareRule {
  kind: "share";
  about: string;
}
/** What of its box a region is. */
interface ShapeRule {
  kind: "shape";
  about: string;
}
export interface TextRule {
  kind: "text";
  /** In characters (UTF-16 code units). */
  longest: number;
  /** A regular expression, with Unicode's classes, that all of it fits. */
  pattern?: string;
  /** What that asks for, in words. */
  expected?: string;
  about: string;
}
/** A 64-bit seed as decimal text; files may write it as a number where that loses no digits. */
interface SeedRule {
  kind: "seed";
  about: string;
}
export type FieldRule =
  NumberRule | ChoiceRule | BooleanRule | StepRangeRule | ShareRule | ShapeRule | SeedRule | TextRule;

interface Range {
  start: number;
  end: number;
}

/** The type that a rule's field has once it was read. */
export type FieldValue<Rule extends FieldRule> = Rule extends { kind: "choice"; of: readonly (infer Choice)[] }
  ? Choice
  : {
      number: number;
      choice: string;
      boolean: boolean;
      stepRange: Range;
      share: Range;
      shape: RegionShape;
      seed: string;
      text: string;
    }[Rule["kind"]];

/** One step of a range. */
export const STEP_RULE: NumberRule = {
  kind: "number",
  min: 0,
  max: MOST_STEPS,
  integer: true,
  about: "A scheduler step.",
};

/** Reads `value` by `rule`; what is wrong is added to `problems` and undefined returned. */
export function readField<Rule extends FieldRule>(
  rule: Rule,
  value: unknown,
  at: string,
  problems: Problem[],
): FieldValue<Rule> | undefined {
  return readers[rule.kind](rule as never, value, at, problems) as FieldValue<Rule> | undefined;
}

type Fields<Rules extends Record<string, FieldRule>> = { [Name in keyof Rules]?: FieldValue<Rules[Name]> };

/** Those fields of `record` that `rules` are about, each read alone; what is missing or wrong is missing. */
export function readFields<const Rules extends Record<string, FieldRule>>(
  rules: Rules,
  record: Record<string, unknown>,
  at: string,
  problems: Problem[],
): Fields<Rules> {
  const read = Object.entries(rules).flatMap(([name, rule]) => {
    const value = record[name];
    const field = value === undefined ? undefined : readField(rule, value, join(at, name), problems);
    return field === undefined ? [] : [[name, field]];
  });
  return Object.fromEntries(read) as Fields<Rules>;
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
  share: readShare,
  shape: (_rule: ShapeRule, value: unknown, at: string, problems: Problem[]) => readShape(value, at, problems),
  text: (rule: TextRule, value: unknown, at: string, problems: Problem[]) => {
    if (typeof value === "string" && isText(rule, value)) return value;
    problems.push({ at, message: `expected ${expectedText(rule)}, got ${show(value)}` });
    return undefined;
  },
  seed: (_rule: SeedRule, value: unknown, at: string, problems: Problem[]) => {
    const text = Number.isSafeInteger(value) ? String(value) : value;
    if (typeof text === "string" && isSeed(text)) return text;
    problems.push({ at, message: `expected a seed from 0 to ${LARGEST_SEED}, got ${show(value)}` });
    return undefined;
  },
};

export const LARGEST_SEED = 2n ** 64n - 1n;

/** Whether a text is a seed in the one form in which it is kept. */
export function isSeed(text: string): boolean {
  return /^(0|[1-9]\d{0,19})$/.test(text) && BigInt(text) <= LARGEST_SEED;
}

/** Whether `rule` allows a text. */
export function isText({ longest, pattern }: TextRule, value: string): boolean {
  return value.length <= longest && (pattern === undefined || new RegExp(pattern, "u").test(value));
}

export function expectedText({ longest, expected }: TextRule): string {
  return expected ?? `a text of at most ${longest} characters`;
}

/** A finite number that `rule` allows. */
export function readNumber(rule: NumberRule, value: unknown, at: string, problems: Problem[]): number | undefined {
  const unit = unitOf(rule);
  const expected = `expected ${numberKind(rule)} from ${rule.min} to ${rule.max}`;
  if (typeof value !== "number" || !(value >= rule.min && value <= rule.max)) {
    problems.push({ at, message: `${expected}, got ${show(value)}` });
    return undefined;
  }
  if (unit !== undefined && value % unit !== 0) {
    problems.push({ at, message: `${expected}, got ${value}; the nearest is ${nearestNumber(rule, value)}` });
    return undefined;
  }
  return value + 0; // there is one zero
}

const unitOf = ({ multipleOf, integer }: NumberRule) => multipleOf ?? (integer ? 1 : undefined);

/** `a whole number`, as messages say it. */
export function numberKind({ multipleOf, integer }: NumberRule): string {
  return multipleOf ? `a multiple of ${multipleOf}` : integer ? "a whole number" : "a number";
}

/** The number nearest to `value` that `rule` allows. */
export function nearestNumber(rule: NumberRule, value: number): number {
  const unit = unitOf(rule);
  const whole = unit === undefined ? value : Math.round(value / unit) * unit;
  return Math.min(rule.max, Math.max(rule.min, whole));
}

function readStepRange(_rule: StepRangeRule, value: unknown, at: string, problems: Problem[]) {
  const pair = isRecord(value) ? [value.start, value.end] : value;
  if (!Array.isArray(pair) || pair.length !== 2) {
    problems.push({ at, message: `expected two steps such as [1, 11], got ${show(value)}` });
    return undefined;
  }
  if (isRecord(value)) reportUnknownFields(value, ["start", "end"], at, problems);
  const [first, last] = isRecord(value) ? [join(at, "start"), join(at, "end")] : [`${at}[0]`, `${at}[1]`];
  const start = readNumber(STEP_RULE, pair[0], first, problems);
  const end = readNumber(STEP_RULE, pair[1], last, problems);
  if (start === undefined || end === undefined) return undefined;
  if (end < start) {
    problems.push({ at, message: `the range ${start} to ${end} runs backwards` });
    return undefined;
  }
  return { start, end };
}

function readShare(_rule: ShareRule, value: unknown, at: string, problems: Problem[]) {
  const pair: unknown = isRecord(value) ? [value.start, value.end] : value;
  if (isRecord(value)) reportUnknownFields(value, ["start", "end"], at, problems);
  const isFraction = (number: unknown): number is number => typeof number === "number" && number >= 0 && number <= 1;
  const [start, end] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [];
  if (isFraction(start) && isFraction(end) && start <= end) return { start: start + 0, end: end + 0 };
  problems.push({ at, message: `expected two fractions of the run such as [0, 0.5], got ${show(value)}` });
  return undefined;
}
