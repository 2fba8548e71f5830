/** `render --scout ... --finish ...`: seeds are drawn only as far as decides the layout, and those that a rule means are finished from there. */
import type { GeneratedImage } from "../api/engine.ts";
import type { Alternative } from "../scene/alternatives.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { scoutSteps } from "../scene/scouting.ts";
import { settingsDrawn } from "../scene/start.ts";
import { AppError } from "../wire/errors.ts";

/** Which scouted pictures are finished: so many of the best, those whose boxes all obey so far (0 to 1), or all. */
export type FinishRule = { kind: "best"; count: number } | { kind: "boxes"; least: number } | { kind: "all" };

export interface ScoutOptions {
  /** The step to scout to; `guided`: as far as boxes guide the picture. */
  until: number | "guided";
  finish: FinishRule;
}

/** The rule that a text says (`best:4`, `boxes:70`, `all`); else what is wrong with it. */
export function readFinishRule(text: string): FinishRule | string {
  const [, kind, number] = /^(best|boxes):(\d{1,4})$/.exec(text) ?? [];
  if (text === "all") return { kind: "all" };
  const value = Number(number);
  if (kind === "best" && value >= 1) return { kind, count: value };
  if (kind === "boxes" && value <= 100) return { kind, least: value / 100 };
  return `expected best:4 (so many), boxes:70 (all boxes at least so far, in percent) or all, got "${text}"`;
}

/** The step that a text says; else what is wrong with it. */
export function readScoutStep(text: string): Pick<ScoutOptions, "until"> | { problem: string } {
  if (text === "guided") return { until: text };
  if (/^[1-9]\d{0,3}$/.test(text)) return { until: Number(text) };
  return { problem: `expected a step such as 25, or guided, got "${text}"` };
}

/** The step of a scene; `scene-invalid` where it has too few. */
export function stepOf({ until }: ScoutOptions, scene: Scene): number {
  const { steps } = settingsDrawn(scene.settings, scene.start);
  const most = steps - 1;
  const step = until === "guided" ? scoutSteps(scene) : until;
  if (step !== undefined && step <= most) return step;
  const problem =
    most < 1
      ? "scouting needs at least two steps; give more with --steps"
      : `--scout: expected a step from 1 to ${most} of ${steps}, got ${until}`;
  throw new AppError("scene-invalid", problem, { at: "settings.steps" });
}

/** A scouted picture: what it is finished from. */
export interface Scouted {
  alternative: Alternative;
  seed: Seed;
  state: Uint8Array<ArrayBuffer>;
  obedience: number[];
}

export function scoutedOf({ seed, state, record }: GeneratedImage, alternative: Alternative): Scouted[] {
  return state ? [{ alternative, seed, state, obedience: Object.values(record.obedience) }] : [];
}

/** Those that the rule means, the best first; without boxes all are alike. */
export function chosenBy(rule: FinishRule, scouted: readonly Scouted[]): Scouted[] {
  const score = ({ obedience }: Scouted) =>
    obedience.length === 0 ? 0 : obedience.reduce((sum, one) => sum + one, 0) / obedience.length;
  const ranked = [...scouted].sort((a, b) => score(b) - score(a));
  switch (rule.kind) {
    case "best":
      return ranked.slice(0, rule.count);
    case "boxes":
      return ranked.filter(({ obedience }) => obedience.length > 0 && obedience.every((one) => one >= rule.least));
    case "all":
      return ranked;
  }
}
