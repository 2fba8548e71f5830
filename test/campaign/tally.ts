/** Counts what became of a part's cases, and writes the campaign's table as Markdown and as JSON. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LARGEST, SLOWEST } from "./part.ts";
import type { CaseReport } from "./worker.ts";

export class Tally {
  readonly title: string;
  readonly from: number;
  readonly to: number;
  done = 0;
  faults = 0;
  /** Pictures, drafts and files that had been announced as kept. */
  lost = 0;
  slowest = 0;
  largest = { name: "", mebibytes: 0 };
  seconds = 0;
  /** Why it was skipped or given up. */
  note: string | undefined;
  readonly #outcomes = new Map<string, number>();

  constructor(title: string, from: number, to: number) {
    this.title = title;
    this.from = from;
    this.to = to;
  }

  get total(): number {
    return this.to - this.from;
  }

  get holds(): boolean {
    return this.faults === 0 && this.slowest <= SLOWEST && this.largest.mebibytes <= LARGEST;
  }

  add({ milliseconds, what, fault }: CaseReport): void {
    this.done++;
    this.slowest = Math.max(this.slowest, milliseconds);
    this.#outcomes.set(what, (this.#outcomes.get(what) ?? 0) + 1);
    if (!fault) return;
    this.faults++;
    this.lost += fault.lost;
  }

  see(name: string, mebibytes: number): void {
    if (mebibytes > this.largest.mebibytes) this.largest = { name, mebibytes };
  }

  /** How far it is, and when it will be done. */
  progress(): string {
    const left = this.done === 0 ? "?" : String(Math.round((this.seconds / this.done) * (this.total - this.done)));
    return `${this.done} of ${this.total}, ${this.faults} faults, ${left} s left`;
  }

  row(): Record<string, string | number | Record<string, number>> {
    return {
      part: this.title,
      cases: this.done,
      held: this.done - this.faults,
      lost: this.lost,
      slowestMilliseconds: Math.round(this.slowest),
      mostMemoryMiB: this.largest.mebibytes,
      largestProcess: this.largest.name,
      seconds: Math.round(this.seconds),
      outcomes: Object.fromEntries([...this.#outcomes].sort(([, a], [, b]) => b - a)),
      ...(this.note === undefined ? {} : { note: this.note }),
    };
  }
}

const number = (value: number) => value.toLocaleString("en-GB");

/** Writes both, and gives the Markdown. */
export function writeTables(folder: string, tallies: ReadonlyMap<string, Tally>, seed: number): string {
  const lines = [...tallies.values()].map((tally) => {
    const { outcomes, note } = tally.row() as { outcomes: Record<string, number>; note?: string };
    const told = Object.entries(outcomes).map(([what, count]) => `${number(count)} ${what}`);
    const memory = tally.largest.mebibytes === 0 ? "" : `${tally.largest.mebibytes} MiB`;
    const cells = [
      tally.title,
      number(tally.done),
      number(tally.done - tally.faults),
      number(tally.lost),
      `${(tally.slowest / 1_000).toFixed(2)} s`,
      memory,
      [...told, ...(note === undefined ? [] : [note])].join(", "),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const table = [
    "| part | cases | held | lost | slowest answer | most memory | what happened |",
    "| --- | --: | --: | --: | --: | --: | --- |",
    ...lines,
  ].join("\n");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "table.md"), `${table}\n`);
  const json = {
    seed,
    date: new Date().toISOString(),
    parts: Object.fromEntries([...tallies].map(([name, tally]) => [name, tally.row()])),
  };
  writeFileSync(join(folder, "table.json"), `${JSON.stringify(json, null, 2)}\n`);
  return table;
}
