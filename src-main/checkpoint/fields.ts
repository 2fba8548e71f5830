/** Reads the fields of a JSON file of a checkpoint: `unknown` becomes typed, and every error names file and field. */
import { readFile, stat } from "node:fs/promises";
import { messageOf } from "../wire/errors.ts";
import { quote, refuse } from "./header.ts";
import { orUnreadable } from "./safetensors.ts";

/** The largest JSON or text file of a checkpoint that is read; a tokenizer with its merges has 4 MB. */
const MAX_TEXT_BYTES = 32_000_000;

/** The text of a file, without a byte order mark. */
export async function readText(path: string): Promise<string> {
  const status = await orUnreadable(path, () => stat(path));
  if (!status.isFile()) refuse(path, undefined, "this is not a file");
  if (status.size > MAX_TEXT_BYTES)
    refuse(path, undefined, `at most ${MAX_TEXT_BYTES} bytes are read, found ${status.size}`);
  // Editors on Windows put a byte order mark in front.
  return (await orUnreadable(path, () => readFile(path, "utf8"))).replace(/^\ufeff/, "");
}

export async function readFields(path: string): Promise<Fields> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    refuse(path, undefined, `not valid JSON: ${messageOf(error)}`);
  }
  if (!isRecord(value)) refuse(path, undefined, "expected a JSON object");
  return new Fields(value, path);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of one JSON object. `null` counts as absent, as in Python's configs. */
export class Fields {
  readonly path: string;
  readonly #record: Record<string, unknown>;

  constructor(record: Record<string, unknown>, path: string) {
    this.#record = record;
    this.path = path;
  }

  /** The field's value; undefined where it is absent or null. */
  get(name: string): unknown {
    return Object.hasOwn(this.#record, name) ? (this.#record[name] ?? undefined) : undefined;
  }

  keys(): string[] {
    return Object.keys(this.#record);
  }

  /** A whole number between bounds. */
  count(name: string, fallback: number | undefined, range: { least?: number; most: number }): number {
    return this.#count(name, this.get(name) ?? fallback, range.least ?? 1, range.most);
  }

  /** A list of whole numbers between bounds. */
  counts(name: string, fallback: readonly number[] | undefined, range: { least?: number; most: number }): number[] {
    const value = this.get(name) ?? fallback;
    if (!Array.isArray(value) || value.length === 0) this.wrong(name, "a list of numbers", value);
    return value.map((n: unknown) => this.#count(name, n, range.least ?? 1, range.most));
  }

  /** One whole number for all of `length` levels, or a list with one for each. */
  countPerLevel(name: string, fallback: number, length: number, most: number): number[] {
    const value = this.get(name) ?? fallback;
    if (typeof value === "number") return new Array<number>(length).fill(this.#count(name, value, 1, most));
    const list = this.counts(name, undefined, { most });
    if (list.length !== length) this.wrong(name, `${length} numbers, one for each level`, value);
    return list;
  }

  number(name: string, fallback: number, range: { least: number; most: number }): number {
    const value = this.get(name) ?? fallback;
    // The comparison is false for NaN.
    if (typeof value === "number" && value >= range.least && value <= range.most) return value;
    this.wrong(name, `a number from ${range.least} to ${range.most}`, value);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.get(name) ?? fallback;
    if (typeof value !== "boolean") this.wrong(name, "true or false", value);
    return value;
  }

  text(name: string, fallback?: string): string {
    const value = this.get(name) ?? fallback;
    if (typeof value !== "string") this.wrong(name, "a text", value);
    return value;
  }

  texts(name: string, fallback: readonly string[]): string[] {
    const value = this.get(name) ?? fallback;
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
      this.wrong(name, "a list of texts", value);
    return value;
  }

  /** One of `choices`; anything else is something the engine does not have. */
  oneOf<const Choice extends string>(name: string, fallback: Choice | undefined, choices: readonly Choice[]): Choice {
    const value = this.get(name) ?? fallback;
    const choice = choices.find((each) => each === value);
    if (choice === undefined) this.wrong(name, choices.map(quote).join(" or "), value);
    return choice;
  }

  /** Refuses any value of `name` but `usual` (or absence): the engine's network has no such part. */
  only(name: string, usual: string | number | boolean | undefined): void {
    const value = this.get(name);
    if (value === undefined || value === usual) return;
    refuse(this.path, undefined, `${name} = ${show(value)} is a kind of network that is not supported`, {
      expected: usual === undefined ? `no ${name}` : `${name} = ${String(usual)}`,
      found: show(value),
    });
  }

  wrong(name: string, expected: string, found: unknown): never {
    refuse(this.path, undefined, `${name}: expected ${expected}, found ${show(found)}`, {
      expected,
      found: show(found),
    });
  }

  #count(name: string, value: unknown, least: number, most: number): number {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    this.wrong(name, `a whole number from ${least} to ${most}`, value);
  }
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}
