/** What is wrong with a file or a request, where, and how a value is shown in the message. */
import { suggestion } from "./nearest.ts";

/** One thing wrong with a file; `at` is the path of the field, such as `boxes[1].phrase`. */
export interface Problem {
  at: string;
  message: string;
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
