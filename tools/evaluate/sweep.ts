/**
 * Finds each method's best settings for a checkpoint: one setting after the other, on scenes that nothing is reported on. What it found
 * is kept in best.json, with all that was tried.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { GuidanceSettings, SceneSettings } from "../../src-main/scene/scene.ts";
import { planJobs, type Job } from "./jobs.ts";
import { averagePrecision, rankDetections, thingResults } from "./metrics.ts";
import type { IconScene } from "./scene.ts";
import { axesOf } from "./sweepGrid.ts";
import { changedVariant, methodVariant } from "./variants.ts";
import type { Entry } from "./verdictLog.ts";

export const BEST_FILE = path.join(import.meta.dirname, "best.json");

type Change = Partial<GuidanceSettings>;

/** What one setting gave. */
export interface Trial {
  changes: Change;
  ap: number;
  iou: number;
  adherence: number;
}

export interface Found {
  best: Change;
  trials: Trial[];
}

/** How many scenes, and the seed that they are made from. */
interface SweptOn {
  scenes: number;
  sceneSeed: number;
}

export interface Best {
  /** Of the checkpoint. */
  modelHash: string;
  steps: number;
  /** By variant. */
  variants: Record<string, Found & SweptOn>;
}

interface Sweep {
  scenes: readonly IconScene[];
  settings: SceneSettings;
  seeds: readonly string[];
  modelHash: string;
  /** Draws what is missing; false when it was stopped before all was there. */
  draw: (jobs: readonly Job[]) => Promise<boolean>;
  verdicts: ReadonlyMap<string, Entry>;
}

/** The best settings of a variant, or undefined when it was stopped before they were found. */
export async function sweepOf(name: string, sweep: Sweep): Promise<Found | undefined> {
  const base = methodVariant(name, sweep.settings, 1);
  let best: Change = {};
  const trials: Trial[] = [];
  for (const axis of axesOf(name)) {
    const changes = axis.map((change) => ({ ...best, ...change }));
    const variants = changes.map((change) => changedVariant(base, change, `${name} ${JSON.stringify(change)}`));
    const jobs = planJobs(sweep.scenes, variants, sweep.seeds, sweep.modelHash);
    if (!(await sweep.draw(jobs))) return undefined;
    const found = variants.map((variant, i) =>
      trialOf(
        changes[i]!,
        jobs.filter((job) => job.variant === variant),
        sweep.verdicts,
      ),
    );
    trials.push(...found);
    best = found.reduce((a, b) => (merit(b) > merit(a) ? b : a)).changes;
  }
  return { best, trials };
}

/** Mean IoU moves in smaller steps than AP, which on few scenes is much left to chance; together they tell settings apart. */
const merit = ({ ap, iou }: Trial) => ap + iou;

function trialOf(changes: Change, jobs: readonly Job[], verdicts: ReadonlyMap<string, Entry>): Trial {
  const pictures = jobs.map(({ key, scene }) => ({ ...verdicts.get(key)!, scene }));
  const things = pictures.flatMap(thingResults);
  const mean = (of: (thing: (typeof things)[number]) => number) =>
    rounded(things.reduce((sum, thing) => sum + of(thing), 0) / things.length);
  const ranked = pictures.map((picture) => ({ ranked: rankDetections(picture), things: picture.scene.things.length }));
  return {
    changes,
    ap: rounded(averagePrecision(ranked)),
    iou: mean(({ iou }) => iou),
    adherence: mean(({ present }) => (present ? 1 : 0)),
  };
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

/** Best settings that were found for this checkpoint; undefined where it was not swept. */
export async function readBest(modelHash: string, file = BEST_FILE): Promise<Best | undefined> {
  const best = await readSweep(file);
  return best?.modelHash === modelHash ? best : undefined;
}

/** What is kept, of whatever checkpoint it is. */
export async function readSweep(file = BEST_FILE): Promise<Best | undefined> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as Best);
}

export async function writeBest(best: Best, file = BEST_FILE): Promise<void> {
  await writeFile(file, bestText(best));
}

/** A trial a line, so that changes can be read. */
function bestText({ variants, ...head }: Best): string {
  const entries = Object.entries(variants).map(([name, { trials, ...found }]) => {
    const lines = trials.map((trial) => `        ${JSON.stringify(trial)}`).join(",\n");
    const facts = Object.entries(found).map(([key, value]) => `      ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`).join(""); // prettier-ignore
    return `    ${JSON.stringify(name)}: {\n${facts}      "trials": [\n${lines}\n      ]\n    }`;
  });
  const top = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},`);
  return `{\n${top.join("\n")}\n  "variants": {\n${entries.join(",\n")}\n  }\n}\n`;
}
