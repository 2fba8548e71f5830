/** Scouting: seeds are drawn only as far as decides the layout, and those worth it are finished. */
import { METHOD_ROWS } from "./methods.ts";
import type { Scene } from "./scene.ts";
import { settingsDrawn } from "./start.ts";

/**
 * The step to scout to: as far as boxes guide the picture. Where nothing guides it, to the middle, by when the layout stands. From 1 to one
 * less than all; undefined where there are not two steps.
 */
export function scoutSteps({
  regions,
  settings,
  start,
}: Pick<Scene, "regions" | "settings" | "start">): number | undefined {
  const { steps, guidance } = settingsDrawn(settings, start);
  if (steps < 2) return undefined;
  const used: readonly string[] = regions.length > 0 ? METHOD_ROWS[guidance.method].uses : [];
  const ends = Object.entries(guidance).flatMap(([name, value]) =>
    used.includes(name) && typeof value === "object" && value.end > value.start ? value.end : [],
  );
  const decided = ends.length > 0 ? Math.max(...ends) : Math.ceil(steps / 2);
  return Math.min(Math.max(decided, 1), steps - 1);
}
