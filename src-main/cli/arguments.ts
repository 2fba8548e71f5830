/** Command lines read strictly: an unknown option is met with the one that was meant, never ignored. */
import { parseArgs } from "node:util";
import { AppError } from "../wire/errors.ts";
import { suggestion } from "../scene/nearest.ts";

/** One option: what its value is called in the help, nothing for a switch, and a sentence about it. */
export interface Option {
  value?: string;
  about: string;
  /** It may be given several times. */
  many?: true;
}

/** Options given, by name; a switch that was given is true, what may be given several times a list. */
export type Given<Options> = {
  [Name in keyof Options]?: Options[Name] extends { many: true }
    ? string[]
    : Options[Name] extends { value: string }
      ? string
      : true;
};

/** `bad-request` about the command line of `program`. */
export function usageProblem(program: string, message: string): AppError<"bad-request"> {
  return new AppError("bad-request", `${message}\nSee: npm run ${program} -- --help`, { method: program });
}

/** Options and other words of `argv`, which `--` may end the options of. */
export function readArguments<const Options extends Record<string, Option>>(
  program: string,
  argv: readonly string[],
  options: Options,
): { given: Given<Options>; words: string[] } {
  const names = Object.keys(options);
  const config = names.map(
    (name) => [name, { type: options[name]?.value === undefined ? "boolean" : "string" }] as const,
  );
  // Not strict: its errors suggest nothing. The tokens say what was written.
  const { tokens } = parseArgs({ args: [...argv], options: Object.fromEntries(config), strict: false, tokens: true });
  const given: Record<string, string | string[] | true> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option || !rawName.startsWith("--")) {
      throw usageProblem(
        program,
        `unknown option ${rawName}${suggestion(
          rawName,
          names.map((known) => `--${known}`),
        )}`,
      );
    }
    if (Object.hasOwn(given, name) && !option.many) throw usageProblem(program, `${rawName} is given twice`);
    const isMissing = value === undefined || (!token.inlineValue && value.startsWith("--"));
    if (option.value === undefined && value !== undefined) throw usageProblem(program, `${rawName} takes no value`);
    if (option.value !== undefined && isMissing)
      throw usageProblem(program, `${rawName} needs a value: ${rawName} ${option.value}`);
    if (option.many) given[name] = [...((given[name] as string[] | undefined) ?? []), value!];
    else given[name] = value ?? true;
  }
  return { given: given as Given<Options>, words };
}

/** The help's lines about `options`. */
export function describeOptions(options: Record<string, Option>): string {
  const rows = Object.entries(options).map(([name, { value, about }]) => [
    `--${name}${value === undefined ? "" : ` ${value}`}`,
    about,
  ]);
  const width = Math.max(...rows.map(([left]) => left!.length));
  return rows.map(([left, right]) => `  ${left!.padEnd(width)}  ${right!}`).join("\n");
}
