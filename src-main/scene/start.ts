/**
 * What a picture goes on from: another picture, which is noised so far and drawn again, all of it or only the areas that are drawn anew; a
 * larger scene than the picture enlarges it. And variations of a seed.
 */
import { scaleStepRange } from "./inSteps.ts";
import { METHOD_ROWS } from "./methods.ts";
import type { Scene, SceneSettings, SceneStart } from "./scene.ts";
import { isGuidance, rowOf, SETTING_NAMES, SETTINGS } from "./settings.ts";
import { tidyStart } from "./startFields.ts";
import { AppError } from "../wire/errors.ts";

/** Steps of the run that a start leaves out: the first ones, as diffusers counts them (get_timesteps); one step at least is drawn. */
export function stepsSkipped(steps: number, { strength }: Pick<SceneStart, "strength">): number {
  return steps - Math.max(1, Math.min(Math.trunc(steps * strength), steps));
}

/**
 * The settings as a run that begins later draws them: with its own number of steps, and the method's step ranges in proportion to that, so
 * that boxes pull in the same part of it. Its strengths stay: the steps are as long as they were.
 */
export function settingsDrawn(settings: SceneSettings, start: Pick<SceneStart, "strength"> | undefined): SceneSettings {
  const { steps } = settings;
  const drawn = start ? steps - stepsSkipped(steps, start) : steps;
  if (drawn === steps) return settings;
  const ranges = SETTING_NAMES.filter(isGuidance).flatMap((name) => {
    const range = settings.guidance[name];
    const isRange = rowOf(name).kind === "stepRange" && typeof range === "object";
    return isRange ? [[name, scaleStepRange(range, steps, drawn)] as const] : [];
  });
  return { ...settings, steps: drawn, guidance: { ...settings.guidance, ...(Object.fromEntries(ranges) as object) } };
}

/** The seed that the pictures are variations of, and how far they go from it; undefined where each is its own seed's. */
export function variationOf(settings: Pick<SceneSettings, "variationOf" | "variationStrength">) {
  const { variationOf: of, variationStrength: share = 0 } = settings;
  return of === undefined ? undefined : { of, share };
}

/** Strength that keeps what is in a picture and adds what a larger one has room for. */
export const ENLARGING_STRENGTH = 0.35;
/** How much larger a picture becomes at once. */
export const ENLARGING = { min: 1.5, max: 4, usual: 2 } as const;

type Size = Readonly<Record<"width" | "height", number>>;

/** The pixels of a picture `factor` times as large, as many as can be drawn. */
export function enlargedSize(picture: Size, factor: number): { width: number; height: number } {
  const side = (name: "width" | "height") => {
    const { multipleOf: unit } = SETTINGS[name];
    return Math.round((picture[name] * factor) / unit) * unit;
  };
  return { width: side("width"), height: side("height") };
}

/** How many times as large a picture can be drawn, to a tenth. */
export function mostEnlarged({ width, height }: Size): number {
  return Math.floor((SETTINGS.width.max / Math.max(width, height)) * 10) / 10;
}

/**
 * A scene that draws a picture of it again, `factor` times as large. What works by a gradient is left to injection: the layout is there
 * already, and the memory that a gradient takes grows with the picture. Throws `scene-invalid` where that is larger than can be drawn.
 */
export function enlargedScene(
  scene: Scene,
  picture: { hash: string; width: number; height: number },
  factor: number,
  how: Partial<Pick<SceneStart, "strength" | "by">> = {},
): Scene {
  const size = enlargedSize(picture, factor);
  for (const name of ["width", "height"] as const) {
    const { max } = SETTINGS[name];
    if (size[name] <= max) continue;
    const problem = `${picture.width} x ${picture.height} enlarged ${factor} times is more than ${max} pixels a side; at most ${mostEnlarged(picture)} times fits`;
    throw new AppError("scene-invalid", problem, { at: `settings.${name}` });
  }
  const { guidance } = scene.settings;
  const method = METHOD_ROWS[guidance.method].gradientSteps ? "injection" : guidance.method;
  return {
    ...scene,
    settings: { ...scene.settings, ...size, guidance: { ...guidance, method } },
    start: tidyStart({ hash: picture.hash, strength: ENLARGING_STRENGTH, ...how }),
  };
}
