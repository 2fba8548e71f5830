/**
 * What each method costs: pictures of the same scenes drawn by one method after the other, by one engine, so that a busy machine slows all of
 * them alike. Ratios are of the same scene's picture, and the middle of them is told.
 */
import { actingGuidance } from "../../src-main/scene/methodSettings.ts";
import { METHOD_ROWS } from "../../src-main/scene/methods.ts";
import type { SceneSettings } from "../../src-main/scene/scene.ts";
import { rowOf } from "../../src-main/scene/settings.ts";
import type { Workers } from "./drawAll.ts";
import type { Job } from "./jobs.ts";

export interface Cost {
  name: string;
  pictures: number;
  /** Of a picture, the middle one. */
  seconds: number;
  /** Against the same scene's picture by plain sampling. */
  ratio: number;
  /** A step in which the method acts against a plain one; undefined where none does. */
  step?: number;
}

/** The steps in which a method acts: those with its gradient, or with what it changes. */
export function actingSteps({ guidance, steps }: SceneSettings): { start: number; end: number } | undefined {
  const { gradientSteps, uses } = METHOD_ROWS[guidance.method];
  const name = gradientSteps ?? uses.find((setting) => rowOf(setting).kind === "stepRange");
  return name && (actingGuidance(guidance, steps)[name] as { start: number; end: number });
}

/** `elapsed` of each picture's steps, in seconds since it was begun. Variants have drawn the same scenes, `none` among them. */
export function costs(drawn: readonly { job: Job; elapsed: readonly number[]; seconds: number }[]): Cost[] {
  const seconds = (elapsed: readonly number[]) => elapsed.map((at, i) => at - (elapsed[i - 1] ?? 0)).slice(1);
  const plain = new Map(drawn.filter(({ job }) => job.variant.name === "none").map((one) => [one.job.scene.id, one]));
  return [...Map.groupBy(drawn, ({ job }) => job.variant.name)].map(([name, pictures]) => {
    const ratios = pictures.map((picture) => picture.seconds / plain.get(picture.job.scene.id)!.seconds);
    const steps = pictures.flatMap(({ job, elapsed }) => {
      const range = actingSteps(job.request.scene.settings);
      if (!range) return [];
      // The first step opens what is not open yet, and has no time of its own here.
      const acting = seconds(elapsed).filter((_, i) => i + 1 >= range.start && i + 1 < range.end);
      return [middle(acting) / middle(seconds(plain.get(job.scene.id)!.elapsed))];
    });
    return {
      name,
      pictures: pictures.length,
      seconds: middle(pictures.map((picture) => picture.seconds)),
      ratio: middle(ratios),
      ...(steps.length > 0 ? { step: middle(steps) } : {}),
    };
  });
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Draws each job, one after the other. The first picture of each variant opens its program, and is drawn twice. */
export async function timeMethods(jobs: readonly Job[], workers: Workers, signal: AbortSignal): Promise<Cost[]> {
  const first = [...Map.groupBy(jobs, ({ variant }) => variant.name).values()].map(([job]) => job!);
  await workers.drawAll(first, signal, () => Promise.resolve());
  const drawn: { job: Job; elapsed: readonly number[]; seconds: number }[] = [];
  await workers.drawAll(jobs, signal, (job, { seconds }, elapsed) => {
    drawn.push({ job, elapsed, seconds });
    return Promise.resolve();
  });
  return signal.aborted ? [] : costs(drawn);
}
