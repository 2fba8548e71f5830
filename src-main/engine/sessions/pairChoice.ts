/**
 * Whether both halves of classifier-free guidance, and those of several pictures, are computed in one run or one after the other. On a
 * processor one after the other, always: so a seed gives the same picture whatever else the machine does. Elsewhere it depends on the device
 * and the size which is faster, so the first step of each kind is done both ways, timed, and compared; what came of it is remembered with the
 * times of the machine, and every step from the first on is done so.
 */
import type { ProviderName } from "../../scene/scene.ts";
import { messageOf } from "../../wire/errors.ts";

/** Names the environment variable that says without measuring, on any provider, the most rows that a run may have; 1 for one half after the other. */
export const BATCH = "DIORAMA_BATCH";

/** Seconds by name, from one start to the next. */
export interface KnownTimes {
  get(name: string): number | undefined;
  /** Also where the process may end at once. */
  set(name: string, seconds: number): void;
}

/** What is measured of the machine, and whom to tell. */
export interface Memo {
  times: KnownTimes;
  note: (text: string) => void;
}

export interface PairOptions extends Memo {
  /** Whether memory for so many more rows is free; taken for so where nobody can say. */
  hasRoom: (rows: number) => Promise<boolean>;
  now?: () => number;
}

/** Numbers that must agree in both forms, but for rounding. */
export interface Forms<T> {
  apart: () => Promise<T>;
  together: () => Promise<T>;
  numbersOf: (result: T) => readonly Float32Array[];
  /** Of the network, in a run of both together. */
  rows: number;
}

/** Seconds of a form that does not work here. */
const NEVER = 1e6;

/** More than anybody has memory for. */
const MOST_ROWS = 64;

/** Of both forms' numbers, ||a - b|| / ||b||: float16 differs by a few thousandths, a provider's wrong operator by much more. */
const MOST_DIFFERENT = 0.05;

/** Pictures that are drawn side by side where nobody says otherwise. */
const PICTURES_AT_ONCE = 4;

/** How many pictures may be drawn side by side, each with both of its rows in every run. */
export function mostPictures(provider: ProviderName, asked = process.env[BATCH]): number {
  const rows = forcedRows(provider, asked);
  return rows === undefined ? PICTURES_AT_ONCE : Math.max(1, Math.floor(rows / 2));
}

/** How many rows a run may have, where that is not to be measured. */
export function forcedRows(provider: ProviderName, asked = process.env[BATCH]): number | undefined {
  return rowsAsked(asked) ?? (provider === "cpu" ? 1 : undefined);
}

function rowsAsked(asked: string | undefined): number | undefined {
  const rows = Number(asked);
  return Number.isInteger(rows) && rows >= 1 && rows <= MOST_ROWS ? rows : undefined;
}

/** The same in words. */
export function toldOfRows(provider: ProviderName, asked = process.env[BATCH]): string {
  const rows = rowsAsked(asked);
  if (rows !== undefined) return `At most ${rows} rows of the network in one run, as ${BATCH} says.`;
  if (asked)
    return `${BATCH} is "${asked}" and counts for nothing: a whole number from 1 to ${MOST_ROWS} was expected.`;
  return provider === "cpu"
    ? ""
    : "Both halves of a step are one run where the first steps at a size show that to be faster.";
}

/** What is measured by itself: steps with and without gradient, of one picture or of several. */
export function kindOf(gradient: boolean, pictures = 1): string {
  const kind = gradient ? "guided" : "plain";
  return pictures === 1 ? kind : `${kind} x${pictures}`;
}

export class PairChoice {
  readonly #options: PairOptions;
  /** What the times are of: size and program. */
  readonly #name: string;
  readonly #isForced: boolean;

  constructor(name: string, isForced: boolean, options: PairOptions) {
    this.#name = name;
    this.#isForced = isForced;
    this.#options = options;
  }

  /** Whether it is known that a step of this kind is done in one run; undefined where that is to be measured. */
  isTogether(kind: string): boolean | undefined {
    if (this.#isForced) return true;
    const [apart, together] = [this.#seconds(kind, "apart"), this.#seconds(kind, "together")];
    return apart === undefined || together === undefined ? undefined : together < apart;
  }

  /** What either form gives, by the one that is faster here. */
  async take<T>(kind: string, forms: Forms<T>): Promise<T> {
    const known = this.isTogether(kind);
    if (known === undefined) return this.#measured(kind, forms);
    return known ? forms.together() : forms.apart();
  }

  /** A form that cannot be opened here. */
  refuse(kinds: readonly string[], reason: unknown): void {
    for (const kind of kinds) this.#keep(kind, "apart", 0, "together", NEVER);
    this.#options.note(`${whatOf(kinds.join(" or "))}, ${this.#name}: not here (${messageOf(reason)})`);
  }

  async #measured<T>(kind: string, forms: Forms<T>): Promise<T> {
    const { note, hasRoom, now = () => performance.now() / 1_000 } = this.#options;
    const timed = async (form: () => Promise<T>) => {
      const begun = now();
      await form();
      return now() - begun;
    };
    const what = `${whatOf(kind)}, ${this.#name}`;
    const result = await forms.apart(); // the first run of a form prepares it
    if (!(await hasRoom(forms.rows - 1))) {
      note(`${what}: too little memory is free`);
      return result;
    }
    const apart = [await timed(forms.apart)];
    // Should the process end now, the next one knows why.
    this.#keep(kind, "apart", apart[0]!, "together", NEVER);
    try {
      const tried = await forms.together();
      const off = distance(forms.numbersOf(tried), forms.numbersOf(result));
      if (!(off < MOST_DIFFERENT)) {
        note(`${what}: wrong by ${off.toPrecision(2)} here, so one after the other`);
        return result;
      }
      const together = [await timed(forms.together)];
      apart.push(await timed(forms.apart));
      together.push(await timed(forms.together));
      const [one, other] = [Math.min(...apart), Math.min(...together)];
      this.#keep(kind, "apart", one, "together", other);
      note(`${what}: ${other.toFixed(3)} s instead of ${one.toFixed(3)}, so ${other < one ? "at once" : "one after the other"}`); // prettier-ignore
      return other < one ? tried : result;
    } catch (error) {
      note(`${what}: not here (${messageOf(error)})`);
      return result;
    }
  }

  #seconds(kind: string, form: "apart" | "together"): number | undefined {
    return this.#options.times.get(`halves ${this.#name} ${kind} ${form}`);
  }

  #keep(kind: string, ...forms: readonly [form: string, seconds: number, other: string, seconds: number]): void {
    const [one, first, other, second] = forms;
    this.#options.times.set(`halves ${this.#name} ${kind} ${one}`, first);
    this.#options.times.set(`halves ${this.#name} ${kind} ${other}`, second);
  }
}

function whatOf(kind: string): string {
  return `both halves of a ${kind} step at once`;
}

/** ||a - b|| / ||b|| of the pair that differs most; infinite where anything is no number. */
function distance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const each = a.map((numbers, i) => {
    let [difference, length] = [0, 0];
    numbers.forEach((value, k) => {
      const other = b[i]![k]!;
      difference += (value - other) ** 2;
      length += other ** 2;
    });
    return length === 0 ? Number(difference > 0) : Math.sqrt(difference / length);
  });
  return each.every(Number.isFinite) ? Math.max(...each) : Infinity;
}
