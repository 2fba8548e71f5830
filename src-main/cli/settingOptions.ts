/** The command line's options that set something of the scene, made from the table of settings, and what they ask for. */
import { type FieldRule, type Problem, readField } from "../scene/fields.ts";
import type { SettingChanges } from "../scene/flatSettings.ts";
import { type OptionName, rowOf, SETTING_NAMES, type SettingName } from "../scene/settings.ts";
import type { Option } from "./arguments.ts";

/** Settings by the name of their option: width and height have one together. */
const NAMED = Map.groupBy(
  SETTING_NAMES.filter((name) => rowOf(name).option),
  (name) => rowOf(name).option!.name,
);

export const SETTING_OPTIONS = Object.fromEntries(
  [...NAMED].map(([name, settings]) => {
    const { option, about } = rowOf(settings[0]!);
    const value = option?.value;
    return [name, { ...(value === undefined ? {} : { value }), about: option?.about ?? about }];
  }),
) as Readonly<Record<OptionName, Option>>;

/** `given` has all options of the command line; what is wrong with one of these is added to `problems`. */
export function readSettingOptions(
  given: Readonly<Record<string, string | string[] | true | undefined>>,
  problems: Problem[],
): SettingChanges {
  const changes: Record<string, unknown> = {};
  for (const [name, settings] of NAMED) {
    const text = given[name];
    if (text === undefined) continue;
    const at = `--${name}`;
    const [setting] = settings;
    if (typeof text !== "string") changes[setting!] = rowOf(setting!).option!.means ?? true;
    else if (settings.length > 1) Object.assign(changes, readPair(settings, text, at, problems));
    else changes[setting!] = readOne(rowOf(setting!), text, at, problems);
  }
  if (changes.karras === true && changes.spacing !== undefined) {
    problems.push({ at: "--spacing", message: "excludes --karras; give one of them" });
  }
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

/** `512x768` or `1234:0.2`: a value for each of two settings. */
function readPair(settings: readonly SettingName[], text: string, at: string, problems: Problem[]): SettingChanges {
  const { between = "x", value = "" } = rowOf(settings[0]!).option!;
  const values = text.toLowerCase().split(between);
  const isNumber = (one: string) => /^\d{1,20}(\.\d{1,20})?$/.test(one);
  if (values.length !== settings.length || !values.every(isNumber)) {
    const expected =
      between === "x" ? "WIDTHxHEIGHT such as 512x512" : `${value.replace(/[\d.]+/, "N")} such as 1234:0.2`;
    problems.push({ at, message: `expected ${expected}, got "${text}"` });
    return {};
  }
  const read = settings.map((name, i) => [
    name,
    readField(rowOf(name), valueOf(rowOf(name), values[i]!), at, problems),
  ]);
  return Object.fromEntries(read) as SettingChanges;
}

function readOne(rule: FieldRule, text: string, at: string, problems: Problem[]): unknown {
  if (rule.kind !== "stepRange") return readField(rule, valueOf(rule, text), at, problems);
  const steps = /^(\d{1,5}),(\d{1,5})$/.exec(text)?.slice(1).map(Number);
  if (steps) return readField(rule, steps, at, problems);
  problems.push({ at, message: `expected two steps such as 1,11, got "${text}"` });
  return undefined;
}

/** What the text of an option is to a rule. What is no number is handed on as text, to be shown in the error; Number("") is 0. */
function valueOf({ kind }: FieldRule, text: string): unknown {
  return kind !== "number" || text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}
