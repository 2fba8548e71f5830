/**
 * What drawing took on this machine, kept in a file from one start to the next: by checkpoint, device and memory mode, and in that by
 * size and kind of step. So the first estimate is of what the machine did last.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";
import type { LoadRequest, ModelSummary } from "../api/engine.ts";
import { Estimator } from "./estimate.ts";

/** Names the environment variable with the file's path; without it nothing is kept. */
export const TIMINGS = "DIORAMA_TIMINGS";

/** The checkpoints used last, and the sizes and kinds of step of each: nobody works with more. */
const MOST_CHECKPOINTS = 40;
const MOST_TIMES = 200;
const LONGEST_FILE = 2_000_000;
/** Between two writes, in milliseconds: small pictures come several a second. */
const PACE = 5_000;

const seconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const fileSchema = v.object({
  version: v.literal(1),
  checkpoints: v.record(v.string(), v.record(v.string(), seconds)),
});
type Times = v.InferOutput<typeof fileSchema>["checkpoints"];

export class Timings {
  readonly #file: string | undefined;
  readonly #warn: (message: string) => void;
  readonly #now: () => number;
  #open: { key: string; estimator: Estimator } | undefined;
  #savedAt = -Infinity;

  constructor(file: string | undefined, warn: (message: string) => void, now: () => number = () => performance.now()) {
    this.#file = file;
    this.#warn = warn;
    this.#now = now;
  }

  /** The times of a checkpoint that was opened, to be added to. */
  begin(request: LoadRequest, summary: Pick<ModelSummary, "memory" | "precision">): Estimator {
    const key = keyOf(request, summary);
    const estimator = new Estimator(Object.entries(this.#read()[key] ?? {}));
    this.#open = { key, estimator };
    this.#savedAt = -Infinity;
    return estimator;
  }

  /** A picture is finished: what it took is kept, soon. */
  note(): void {
    if (this.#now() - this.#savedAt >= PACE) this.save();
  }

  /** Another process of ours may have written meanwhile: what it says of other checkpoints stays. */
  save(): void {
    if (this.#file === undefined || !this.#open) return;
    const { key, estimator } = this.#open;
    const times = estimator.times.slice(-MOST_TIMES);
    if (times.length === 0) return;
    const others = Object.entries(this.#read()).filter(([one]) => one !== key);
    const kept = [...others, [key, Object.fromEntries(times)] as const].slice(-MOST_CHECKPOINTS);
    const unfinished = `${this.#file}.${process.pid}.new`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(unfinished, JSON.stringify({ version: 1, checkpoints: Object.fromEntries(kept) }));
      renameSync(unfinished, this.#file);
    } catch (error) {
      this.#warn(`the times of this machine could not be kept: ${reason(error)}`);
    }
    this.#savedAt = this.#now();
  }

  #read(): Times {
    if (this.#file === undefined) return {};
    try {
      const text = readFileSync(this.#file, "utf8");
      if (text.length > LONGEST_FILE) throw new Error("the file is too long");
      return v.parse(fileSchema, JSON.parse(text)).checkpoints;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        this.#warn(`the times of this machine cannot be read and are taken anew: ${reason(error)}`);
      }
      return {};
    }
  }
}

/** What decides how long a step takes, besides the scene. */
function keyOf(
  { path, provider, deviceId, threads }: LoadRequest,
  { memory, precision }: Pick<ModelSummary, "memory" | "precision">,
): string {
  return [path, `${provider}:${deviceId ?? 0}`, memory, precision, threads ?? "all"].join(" ");
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
