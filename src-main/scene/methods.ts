/**
 * The methods of layout control, one row each: what people read of a method, and which settings it uses. What a method does is the file
 * of its name in guidance/methods. The list in messages, scene files and on the command line, and the window's menu, are these rows.
 */

export interface MethodRow<Setting extends string = string> {
  /** What it is called. */
  label: string;
  /** A sentence for designers: what it does, and what it costs. */
  hint: string;
  /** What a contact sheet says of it, in the middle of a line. */
  caption: string;
  /** Where it was published. */
  paper?: string;
  /** The settings that it uses, by their names in settings.ts; all others change nothing. */
  uses: readonly Setting[];
  /** Which of them is the range of steps that cost a gradient. */
  gradientSteps?: Setting;
}

const ILGD = "https://arxiv.org/abs/2405.14101";

/** In the order in which they are offered: plain sampling first. */
const ROWS = {
  none: {
    label: "None",
    hint: "Plain sampling: nothing is drawn into its box. Good for comparing.",
    caption: "no guidance by boxes",
    uses: [],
  },
  injection: {
    label: "Injection",
    hint: "Only steers attention in the first steps. Nearly as fast as none.",
    caption: "injection",
    paper: ILGD,
    uses: ["nu", "injectionSteps"],
  },
  loss: {
    label: "Loss guidance",
    hint: "Only pushes the picture towards the boxes, step by step.",
    caption: "loss guidance",
    paper: ILGD,
    uses: ["eta", "lossSteps"],
    gradientSteps: "lossSteps",
  },
  ilgd: {
    label: "iLGD",
    hint: "Attention injection first, then weak loss guidance. Follows boxes best.",
    caption: "iLGD",
    paper: ILGD,
    uses: ["nu", "injectionSteps", "eta", "lossSteps"],
    gradientSteps: "lossSteps",
  },
} as const satisfies Record<string, MethodRow>;

export type Method = keyof typeof ROWS;
/** Settings of layout control that only some methods use. */
export type MethodSetting = (typeof ROWS)[Method]["uses"][number];
export const METHOD_ROWS: Readonly<Record<Method, MethodRow<MethodSetting>>> = ROWS;
export const METHODS = Object.keys(ROWS) as readonly Method[] as readonly [Method, ...Method[]];

/** Whether a setting changes what a method draws. */
export const usesSetting = (method: Method, setting: MethodSetting): boolean =>
  METHOD_ROWS[method].uses.includes(setting);

/** Whether a method works with a gradient at a step, counted from 0. */
export function hasGradientAt(
  guidance: { method: Method } & { [Name in MethodSetting]: unknown },
  step: number,
): boolean {
  const { gradientSteps } = METHOD_ROWS[guidance.method];
  if (!gradientSteps) return false;
  const { start, end } = guidance[gradientSteps] as { start: number; end: number };
  return step >= start && step < end;
}
