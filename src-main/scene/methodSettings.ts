/** What a method works with: a scene's settings, and where it leaves one out, the method's own in its number of steps. */
import { scaleStepRange } from "./inSteps.ts";
import { METHOD_ROWS } from "./methods.ts";
import type { Guidance, GuidanceName } from "./settings.ts";

/** All settings of layout control; those that the method uses are there. */
export type ActingGuidance = Guidance & Required<Pick<Guidance, GuidanceName>>;

/** Steps that the methods' own settings are meant for. */
const PUBLISHED_STEPS = 50;

export function actingGuidance(guidance: Guidance, steps: number): ActingGuidance {
  // A method that is no row, as a test adds one, has no settings of its own.
  const row = (METHOD_ROWS as Partial<typeof METHOD_ROWS>)[guidance.method];
  const own = Object.entries(row?.own ?? {}).map(([name, value]) => [
    name,
    typeof value === "object" ? scaleStepRange(value, PUBLISHED_STEPS, steps) : value,
  ]);
  const given = Object.entries<unknown>(guidance).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...own, ...given]) as ActingGuidance;
}

/** Whether a method works with a gradient at a step, counted from 0, of `steps`. */
export function hasGradientAt(guidance: Guidance, step: number, steps: number): boolean {
  const range = gradientRange(guidance, steps);
  return range !== undefined && step >= range.start && step < range.end;
}

/** The steps, of `steps`, in which a method works with a gradient: from the first up to and without the last. */
function gradientRange(guidance: Guidance, steps: number): { start: number; end: number } | undefined {
  const { gradientSteps } = METHOD_ROWS[guidance.method];
  return gradientSteps && (actingGuidance(guidance, steps)[gradientSteps] as { start: number; end: number });
}

/** Whether a method follows the gradient of a loss beside its prediction, which an earlier step's can stand for, and moves no latent by it. */
export function followsLoss({ method }: Pick<Guidance, "method">): boolean {
  return (METHOD_ROWS as Partial<typeof METHOD_ROWS>)[method]?.gradientSteps === "lossSteps";
}

/** Whether the gradient is computed anew at a step: always in the first half of those that have one, then in every n-th. */
export function isGradientFresh(guidance: Guidance, step: number, steps: number, every: number): boolean {
  if (every === 1 || !followsLoss(guidance)) return true;
  const { start, end } = gradientRange(guidance, steps)!;
  const later = step - start - Math.floor((end - start) / 2);
  return later < 0 || later % every === 0;
}

/**
 * Whether it makes a difference at a step, counted from 0, of `steps`, where boxes are that act then: in the method's ranges; always where
 * it draws by texts of their own, or is no row and may do anything.
 */
export function placesMatterAt(guidance: Guidance, step: number, steps: number): boolean {
  const row = (METHOD_ROWS as Partial<typeof METHOD_ROWS>)[guidance.method];
  if (!row || row.isAlwaysWhole) return true;
  const acting = actingGuidance(guidance, steps);
  return row.uses.some((name) => {
    const value = acting[name];
    return typeof value === "object" && step >= value.start && step < value.end;
  });
}

/** The first step, of `steps`, in which boxes act no more: the end of the last of the method's ranges. 0 for a method that has none. */
export function quietFrom(guidance: Guidance, steps: number): number {
  const acting = actingGuidance(guidance, steps);
  const uses = (METHOD_ROWS as Partial<typeof METHOD_ROWS>)[guidance.method]?.uses ?? [];
  const ends = uses.flatMap((name) => {
    const value = acting[name];
    return typeof value === "object" ? [value.end] : [];
  });
  return Math.max(0, ...ends);
}
