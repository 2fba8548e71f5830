/**
 * diorama.json, an optional file of a checkpoint folder: `{ "defaults": { "width": 512, "steps": 30, ... } }`, the scene
 * settings that this checkpoint is best used with. All fields may be absent; unknown ones are left aside.
 */
import * as v from "valibot";
import { type GuidanceSettings, METHODS, OTHER_SPACINGS, SCHEDULERS, type SceneSettings } from "../scene/scene.ts";
import type { Fields } from "./fields.ts";
import { refuse } from "./header.ts";

export type Recommended = Partial<Omit<SceneSettings, "guidance">> & { guidance?: Partial<GuidanceSettings> };

const number = (least: number, most: number) =>
  v.exactOptional(v.pipe(v.number(), v.minValue(least), v.maxValue(most)));
const pixels = v.exactOptional(v.pipe(v.number(), v.integer(), v.multipleOf(8), v.minValue(8), v.maxValue(4096)));
const step = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000));
const steps = v.exactOptional(v.object({ start: step, end: step }));

const Defaults = v.object({
  width: pixels,
  height: pixels,
  steps: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  guidanceScale: number(0, 100),
  scheduler: v.exactOptional(v.picklist(SCHEDULERS)),
  karras: v.exactOptional(v.boolean()),
  spacing: v.exactOptional(v.picklist(OTHER_SPACINGS)),
  guidanceRescale: number(0, 1),
  clipSkip: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(12))),
  guidance: v.exactOptional(
    v.object({
      method: v.exactOptional(v.picklist(METHODS)),
      nu: number(0, 10),
      injectionSteps: steps,
      eta: number(0, 50),
      lossSteps: steps,
    }),
  ),
});

export function parseRecommended(file: Fields): Recommended | undefined {
  const defaults = file.get("defaults");
  if (defaults === undefined) return undefined;
  const result = v.safeParse(Defaults, defaults);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const at = v.getDotPath(issue);
  refuse(file.path, undefined, `${at === null ? "defaults" : `defaults.${at}`}: ${issue.message}`);
}
