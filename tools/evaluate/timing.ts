/**
 * What each method costs in the processor's time, which a busy machine changes little: pictures of the same scenes drawn by one method after
 * the other on one core. Ratios are of the same scene's picture, and the middle of them is told; so are steps.
 */
import { withSteps } from "../../src-main/scene/defaults.ts";
import { actingGuidance } from "../../src-main/scene/methodSettings.ts";
import { METHOD_ROWS } from "../../src-main/scene/methods.ts";
import type { Scene, SceneSettings, Seed } from "../../src-main/scene/scene.ts";
import { rowOf } from "../../src-main/scene/settings.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import type { Job } from "./jobs.ts";

export interface Cost {
  name: string;
  pictures: number;
  /** A step in which the method acts against a plain one; undefined where none does. */
  step?: number;
  /** All steps of a picture against those of plain sampling's, the steps in which the method does not act being plain. */
  ratio: number;
}

/** The steps in which a method acts: those with its gradient, or with what it changes. */
export function actingSteps({ guidance, steps }: SceneSettings): { start: number; end: number } | undefined {
  const { gradientSteps, uses } = METHOD_ROWS[guidance.method];
  // Boxes are drawn by themselves in every step.
  if (uses.includes("bootstrapSteps")) return { start: 0, end: steps };
  const name = gradientSteps ?? uses.find((setting) => rowOf(setting).kind === "stepRange");
  return name && (actingGuidance(guidance, steps)[name] as { start: number; end: number });
}

/** `elapsed` of each picture's steps, in the processor's seconds since it was begun. Variants have drawn the same scenes, `none` among them. */
export function costs(drawn: readonly { job: Job; elapsed: readonly number[] }[]): Cost[] {
  // The first step opens what is not open yet, and has no time of its own here.
  const seconds = (elapsed: readonly number[]) => elapsed.map((at, i) => at - (elapsed[i - 1] ?? 0)).slice(1);
  const plain = new Map(drawn.filter(({ job }) => job.variant.name === "none").map((one) => [one.job.scene.id, one]));
  return [...Map.groupBy(drawn, ({ job }) => job.variant.name)].map(([name, pictures]) => {
    const { settings } = pictures[0]!.job.request.scene;
    const range = actingSteps(settings);
    if (!range) return { name, pictures: pictures.length, ratio: 1 };
    const step = middle(
      pictures.map(({ job, elapsed }) => {
        const acting = seconds(elapsed).filter((_, i) => i + 1 >= range.start && i + 1 < range.end);
        return middle(acting) / middle(seconds(plain.get(job.scene.id)!.elapsed));
      }),
    );
    const ratio = 1 + ((step - 1) * (range.end - range.start)) / settings.steps;
    return { name, pictures: pictures.length, step, ratio };
  });
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Draws each job in this process, one after the other, on one core. Each variant first draws two steps, which open its program. */
export async function timeMethods(jobs: readonly Job[], model: string, signal: AbortSignal): Promise<Cost[]> {
  const pipeline = await openPipeline({ path: model, provider: "cpu", memory: "fast", threads: 1 }, () => undefined);
  const draw = async (scene: Scene, seed: Seed) => {
    const elapsed: number[] = [];
    const begun = process.cpuUsage();
    const onStep = () => {
      const { user, system } = process.cpuUsage(begun);
      elapsed.push((user + system) / 1e6);
    };
    await pipeline.generate(scene, seed, { previewEvery: 0, attention: false, signal, onStep });
    return { elapsed };
  };
  try {
    const first = [...Map.groupBy(jobs, ({ variant }) => variant.name).values()].map(([job]) => job!);
    for (const { request } of first) {
      await draw({ ...request.scene, settings: withSteps(request.scene.settings, 2) }, request.seed);
    }
    const drawn: { job: Job; elapsed: readonly number[] }[] = [];
    for (const job of jobs) drawn.push({ job, ...(await draw(job.request.scene, job.request.seed)) });
    return costs(drawn);
  } finally {
    await pipeline.close();
  }
}
