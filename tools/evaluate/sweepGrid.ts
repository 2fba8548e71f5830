/** What a sweep tries of each method: one setting after the other, the rest as found so far. Coarse, as its scenes are few. */
import type { GuidanceSettings } from "../../src-main/scene/scene.ts";

type Change = Partial<GuidanceSettings>;
/** The values of one setting, each as a change of it. */
export type Axis = readonly Change[];

const axis = <Name extends keyof GuidanceSettings>(name: Name, ...values: GuidanceSettings[Name][]): Axis =>
  values.map((value) => ({ [name]: value }));
const steps = (start: number, end: number) => ({ start, end });

/** Ranges are of 50 steps. Losses of iLGD are tried as `ilgd:NAME`, by the axes of `LOSS_AXES`. */
const AXES: Readonly<Record<string, readonly Axis[]>> = {
  injection: [axis("nu", 1, 2, 4), axis("injectionSteps", steps(1, 11), steps(1, 25), steps(1, 50))],
  loss: [axis("eta", 2, 4, 6)],
  ilgd: [axis("eta", 2, 4, 6), axis("nu", 0.5, 1, 2)],
  boxdiff: [axis("moveStrength", 20, 40), axis("moveSteps", steps(0, 24), steps(0, 40))],
  chen: [axis("moveStrength", 30, 90), axis("moveSteps", steps(0, 10), steps(0, 25))],
  forward: [axis("attentionShare", 0.5, 0.8, 0.95), axis("attentionSteps", steps(0, 40), steps(0, 50))],
  rnb: [axis("moveStrength", 70, 140), axis("moveSteps", steps(0, 10), steps(0, 25))],
  csg: [axis("moveStrength", 0.5, 1)],
  densediffusion: [axis("attentionSteps", steps(0, 15), steps(0, 30), steps(0, 50))],
  multidiffusion: [axis("bootstrapSteps", steps(0, 10), steps(0, 20))],
};
const LOSS_AXES: readonly Axis[] = [axis("eta", 2, 4)];

/** What is tried of a variant; nothing where it has no settings. */
export function axesOf(variant: string): readonly Axis[] {
  return AXES[variant] ?? (variant.includes(":") ? LOSS_AXES : []);
}
