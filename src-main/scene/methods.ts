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
  /** Whether it draws parts of the picture by texts of their own: all of the network is run in every step. */
  isAlwaysWhole?: true;
  /** What its authors use in 50 steps, of the settings that a scene may leave out. */
  own?: { readonly [Name in Setting]?: number | boolean | string | StepRange };
}

interface StepRange {
  readonly start: number;
  readonly end: number;
}

const ILGD = "https://arxiv.org/abs/2405.14101";

/** Plain sampling first, other people's, then our own: in the order that the window turns round. */
const ROWS = {
  none: {
    label: "None",
    hint: "Plain sampling: nothing is drawn into its box. Good for comparing.",
    caption: "no guidance by boxes",
    uses: [],
  },
  boxdiff: {
    label: "BoxDiff",
    hint: "Moves the picture before each step until attention fills the boxes and their corners. Twice the time of none.",
    caption: "BoxDiff",
    paper: "https://arxiv.org/abs/2307.10816",
    uses: ["moveStrength", "moveSteps", "refine"],
    gradientSteps: "moveSteps",
    own: { moveStrength: 20, moveSteps: { start: 0, end: 24 }, refine: true },
  },
  chen: {
    label: "Layout guidance",
    hint: "Moves the picture up to five times before each of the first steps (Chen, Laina and Vedaldi, backward).",
    caption: "layout guidance",
    paper: "https://arxiv.org/abs/2304.03373",
    uses: ["moveStrength", "moveSteps", "moveIterations", "moveUntil"],
    gradientSteps: "moveSteps",
    own: { moveStrength: 30, moveSteps: { start: 0, end: 10 }, moveIterations: 5, moveUntil: 0.2 },
  },
  forward: {
    label: "Forward guidance",
    hint: "Lays the words' attention into their boxes as it is computed (Chen, Laina and Vedaldi, forward). As fast as none.",
    caption: "forward guidance",
    paper: "https://arxiv.org/abs/2304.03373",
    uses: ["attentionShare", "attentionSteps"],
    own: { attentionShare: 0.8, attentionSteps: { start: 0, end: 40 } },
  },
  densediffusion: {
    label: "DenseDiffusion",
    hint: "Draws words and things towards their boxes in the first steps, without a gradient. Large pictures take more memory than with the others.",
    caption: "DenseDiffusion",
    paper: "https://arxiv.org/abs/2308.12964",
    uses: ["attentionSteps"],
    own: { attentionSteps: { start: 0, end: 15 } },
  },
  multidiffusion: {
    label: "MultiDiffusion",
    hint: "Draws every box by its own words and joins the pictures at each step. Each box costs as much as the whole picture.",
    caption: "MultiDiffusion",
    paper: "https://arxiv.org/abs/2302.08113",
    uses: ["bootstrapSteps"],
    isAlwaysWhole: true,
    own: { bootstrapSteps: { start: 0, end: 20 } },
  },
  rnb: {
    label: "R&B",
    hint: "Moves the picture until boxes drawn around the attention are the boxes asked for. Up to six times none's first steps.",
    caption: "R&B",
    paper: "https://arxiv.org/abs/2310.08872",
    uses: ["moveStrength", "moveSteps", "moveIterations"],
    gradientSteps: "moveSteps",
    own: { moveStrength: 70, moveSteps: { start: 0, end: 10 }, moveIterations: 5 },
  },
  csg: {
    label: "CSG",
    hint: "Moves the picture five times before each of the first steps, and shares the words' attention out among the boxes. Slow.",
    caption: "CSG",
    paper: "https://github.com/Papple-F/csg",
    uses: ["moveStrength", "moveSteps", "moveIterations", "attentionSteps"],
    gradientSteps: "moveSteps",
    own: {
      moveStrength: 0.5,
      moveSteps: { start: 0, end: 24 },
      moveIterations: 5,
      attentionSteps: { start: 0, end: 25 },
    },
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
    uses: ["eta", "lossSteps", "loss", "etaFall"],
    gradientSteps: "lossSteps",
    own: { loss: "authors", etaFall: 0 },
  },
  ilgd: {
    label: "iLGD",
    hint: "Attention injection first, then weak loss guidance. Follows boxes best.",
    caption: "iLGD",
    paper: ILGD,
    uses: ["nu", "injectionSteps", "eta", "lossSteps", "loss", "etaFall", "pastInjection"],
    gradientSteps: "lossSteps",
    own: { loss: "authors", etaFall: 0, pastInjection: false },
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
