/** What the evaluation on icons draws, and what is written down of each picture. */
import type { GeneratedImage } from "../../src-main/api/engine.ts";
import type { DrawTask } from "./drawAll.ts";
import { measurePicture } from "./features.ts";
import { judge } from "./judge.ts";
import { maskScores } from "./maskScore.ts";
import { captionOf, phraseOf, type IconScene } from "./scene.ts";
import { engineScene, noiseSeed, type Variant } from "./variants.ts";
import { keyOf, type Entry } from "./verdictLog.ts";

export interface Job extends DrawTask {
  scene: IconScene;
  variant: Variant;
  /** As the command line has it. */
  seed: string;
}

/** Every picture of the run, scene by scene, so that a run that is stopped early has compared the methods fairly. */
export function planJobs(
  scenes: readonly IconScene[],
  variants: readonly Variant[],
  seeds: readonly string[],
  modelHash: string,
): Job[] {
  return scenes.flatMap((scene) => {
    const things = scene.things.map(({ box, shape, ...thing }) => ({ phrase: phraseOf(thing), box, ...(shape && !scene.asBoxes ? { shape } : {}) })); // prettier-ignore
    const layout = { prompt: captionOf(scene), things };
    return seeds.flatMap((seed) =>
      variants.map((variant) => {
        const settings = { ...variant.settings, ...scene.size };
        return {
          key: keyOf(scene, settings, seed, modelHash),
          ...{ scene, variant, seed },
          request: { scene: engineScene(layout, settings), seed: noiseSeed(scene.id, seed) },
        };
      }),
    );
  });
}

export function verdictOn({ key, scene, variant, seed, request }: Job, image: GeneratedImage): Entry {
  const { pixels, seconds, record } = image;
  const course = request.scene.regions.map(({ id }) => record.course?.[id] ?? []);
  const { injectionSteps, lossSteps } = variant.settings.guidance;
  const size = { width: pixels.width, height: pixels.height };
  return {
    ...{ key, scene: scene.id, variant: variant.name, seed, seconds, ...size },
    ...{ course, guided: Math.max(injectionSteps.end, lossSteps.end) },
    ...judge(pixels),
    ...(scene.things.some(({ shape }) => shape) ? { masks: maskScores(scene, pixels) } : {}),
    ...measurePicture(pixels),
  };
}
