/**
 * The settings of a scene, one row each: its kind and range, what it usually is, and its words for people. What the messages between
 * processes accept, what a scene file, its JSON Schema and a picture's text hold, the command line's options, what tells pictures apart
 * and the window's fields are all made from these rows: a setting is a row here and, where it does something, its code. Those of
 * what a run may leave out are in shortcutSettings.ts, of what loss guidance follows in lossSettings.ts, those of a box in regionSettings.ts,
 * those of LoRAs and embeddings in fileSettings.ts.
 */
import { scaleEta } from "./inSteps.ts";
import { MOST_STEPS } from "./limits.ts";
import { LOSS_SETTINGS } from "./lossSettings.ts";
import type { Held, Row } from "./rows.ts";
import { SHORTCUT_SETTINGS } from "./shortcutSettings.ts";
import { METHODS } from "./methods.ts";
import { OVERLAPS } from "./overlaps.ts";
import { OTHER_SPACINGS, SCHEDULERS } from "./schedulers.ts";

export const SETTINGS = {
  width: {
    kind: "number",
    min: 64,
    max: 2048,
    multipleOf: 8,
    once: { min: 8, max: 4096 },
    usual: 512,
    about: "Width of the picture in pixels.",
    option: { name: "size", value: "WxH", about: "Pixels, multiples of 8." },
  },
  height: {
    kind: "number",
    min: 64,
    max: 2048,
    multipleOf: 8,
    once: { min: 8, max: 4096 },
    usual: 512,
    about: "Height of the picture in pixels.",
    option: { name: "size" },
  },
  steps: {
    kind: "number",
    min: 1,
    max: MOST_STEPS,
    integer: true,
    usual: 50,
    about: "Denoising steps.",
    label: "Steps",
    help: "How many times noise is taken away. More is slower and cleaner; the layout’s step ranges and its loss strength follow.",
    undo: "Change steps",
    slider: { step: 1, end: 100 },
    option: {
      name: "steps",
      value: "N",
      about: "Denoising steps; the guidance's step ranges and eta are scaled with them.",
    },
    caption: "{} steps",
    pair: "Steps",
  },
  guidanceScale: {
    kind: "number",
    min: 1,
    max: 50,
    once: { min: 0, max: 100 },
    usual: 7.5,
    about: "Classifier-free guidance scale; 1 ignores the negative prompt and halves the work.",
    label: "Guidance scale",
    help: "How closely the picture follows the prompt. 1 ignores what to leave out and halves the work; above 15 colours burn.",
    undo: "Change guidance scale",
    slider: { step: 0.1, end: 20 },
    option: { name: "guidance-scale", value: "N", about: "Classifier-free guidance." },
    caption: "guidance scale {}",
    pair: "CFG scale",
  },
  scheduler: {
    kind: "choice",
    of: SCHEDULERS,
    usual: "lms",
    about: "How the noise is taken away.",
    label: "Scheduler",
    help: "How noise is taken away from step to step. The same seed gives another picture with another scheduler.",
    undo: "Change scheduler",
    option: { name: "scheduler", value: "NAME", about: SCHEDULERS.join(", ") },
  },
  karras: {
    kind: "boolean",
    usual: false,
    about:
      "Noise levels spaced as by Karras et al. 2022; ddim, pndm, lcm and tcd have no such spacing and go on without.",
    option: { name: "karras", about: "Noise levels spaced by Karras et al." },
  },
  spacing: {
    kind: "choice",
    of: OTHER_SPACINGS,
    nothing: undefined,
    about: "Noise levels spaced otherwise, instead of by Karras et al.; what is left out is the checkpoint's own.",
    label: "Spacing",
    help: "Where between pure noise and the picture the steps lie.",
    undo: "Change spacing",
    option: { name: "spacing", value: "NAME", about: `Noise levels spaced otherwise: ${OTHER_SPACINGS.join(", ")}` },
  },
  guidanceRescale: {
    kind: "number",
    min: 0,
    max: 1,
    nothing: 0,
    about:
      "How far the guided prediction is brought back to the prompt's own contrast; about 0.7 for checkpoints with zero terminal SNR.",
    label: "Guidance rescale",
    help: "Takes back the contrast that a high guidance scale adds. About 0.7 for checkpoints that begin from pure noise; 0 is off.",
    undo: "Change guidance rescale",
    slider: { step: 0.05 },
    option: {
      name: "guidance-rescale",
      value: "N",
      about: "Guided contrast brought back to the prompt's own, 0 to 1.",
    },
    pair: "CFG Rescale", // as extensions call it
  },
  /** Instead of one picture of each seed, variations of this one. */
  variationOf: {
    kind: "seed",
    nothing: undefined,
    about: "Seed that the pictures are variations of: its noise, with so much of each seed's own mixed in.",
    label: "Variation of seed",
    help: "The pictures are variations of this seed: each goes its own way from its noise.",
    undo: "Change the seed of variations",
    option: {
      name: "variation",
      value: "SEED:0.2",
      between: ":",
      about: "Variations of a seed: its noise, with so much of each seed's own mixed in, 0 to 1.",
    },
  },
  variationStrength: {
    kind: "number",
    min: 0,
    max: 1,
    nothing: undefined,
    about: "How much of each seed's own noise is mixed into that of variationOf: 0 nothing, 1 all of it.",
    label: "Variation",
    help: "How far each picture may go from the seed that it is a variation of: 0 is that seed’s own picture, 1 another one.",
    undo: "Change variation",
    slider: { step: 0.01 },
    option: { name: "variation" },
  },
  ...SHORTCUT_SETTINGS,
  clipSkip: {
    kind: "number",
    min: 1,
    max: 12,
    integer: true,
    usual: 1,
    before: 1, // until 0.2 the last layer was read
    about:
      "Layer of the text encoder that is read, counted from the end; 1 is the last. XL reads the second: 1 and 2 are the same.",
    label: "Clip skip",
    help: "Which layer of the text encoder is read, counted from the end: 1 is the last. Some fine-tuned checkpoints want 2. Stable Diffusion XL reads the second anyway.",
    undo: "Change clip skip",
    slider: { step: 1, end: 4 },
    option: {
      name: "clip-skip",
      value: "N",
      about: "Layer of the text encoder that is read, counted from the end; 1 is the last.",
    },
    caption: "clip skip {}",
    pair: "Clip skip",
  },
  promptWeights: {
    kind: "boolean",
    usual: true,
    // Until 0.2 brackets were letters: a scene that has some goes on drawing them.
    before: (...prompts: string[]) => !/[()[\]\\]|\bBREAK\b/.test(prompts.join(" ")),
    about:
      "Brackets are weights, as in (word:1.3) and [word], and BREAK begins a new chunk; false draws brackets as brackets.",
    label: "Weights of words",
    help: "(word:1.3), [word], BREAK",
    undo: "Weights of words",
    option: {
      name: "plain-brackets",
      means: false,
      about: "Brackets in the prompts are brackets, not weights of words.",
    },
  },
  method: {
    part: "guidance",
    kind: "choice",
    of: METHODS,
    usual: "ilgd",
    about:
      "Layout control: ilgd is injection with loss guidance, injection and loss are each alone, none samples plainly.",
    label: "Method",
    help: "How boxes are made to matter. All of them work on any checkpoint, without training.",
    undo: "Change method",
    option: { name: "method", value: "NAME", about: METHODS.join(", ") },
  },
  /** Of all methods, and of words of a box's own. */
  overlap: {
    part: "guidance",
    kind: "choice",
    of: OVERLAPS,
    nothing: "share",
    about:
      "Whose a place is that several boxes have: share gives it to all of them, front to the one that is listed last, which lies in front.",
    label: "Where boxes overlap",
    help: "Whose a place is that several boxes have.",
    undo: "Change whose overlaps are",
    option: {
      name: "overlap",
      value: "NAME",
      about: `Whose a place is that several boxes have: ${OVERLAPS.join(", ")}`,
    },
  },
  /** nu', strength of attention injection. */
  nu: {
    part: "guidance",
    kind: "number",
    min: 0,
    max: 10,
    usual: 0.75,
    about: "Strength of attention injection.",
    label: "Injection strength ν′",
    help: "How strongly the words' attention is drawn into their boxes. Too much makes flat, cut-out things.",
    undo: "Change injection strength",
    slider: { step: 0.01, end: 3 },
    option: { name: "nu", value: "N" },
  },
  /** Injection is on at steps start <= i < end. */
  injectionSteps: {
    part: "guidance",
    kind: "stepRange",
    usual: { start: 1, end: 11 },
    about: "Steps with attention injection, from the first up to and without the last.",
    label: "Injection steps",
    help: "The steps in which injection is on. It belongs in the beginning, when places are decided; the very first step is left out.",
    undo: "Change injection steps",
    option: { name: "injection-steps", value: "FIRST,END" },
  },
  /** eta, strength of loss guidance. */
  eta: {
    part: "guidance",
    kind: "number",
    min: 0,
    max: 50,
    usual: 0.48,
    inSteps: scaleEta,
    about: "Strength of loss guidance.",
    label: "Loss strength η",
    help: "How far each step is pushed towards pictures whose attention lies in the boxes. Too much makes noise.",
    undo: "Change loss strength",
    slider: { step: 0.01, end: 3 },
    option: { name: "eta", value: "N" },
  },
  /** Loss guidance is on at steps start <= i < end. */
  lossSteps: {
    part: "guidance",
    kind: "stepRange",
    usual: { start: 1, end: 25 },
    about: "Steps with loss guidance, from the first up to and without the last.",
    label: "Loss steps",
    help: "The steps in which loss guidance is on. Each of them costs about one plain step more.",
    undo: "Change loss steps",
    option: { name: "loss-steps", value: "FIRST,END" },
  },
  // What follows is left out where it is the method's own (METHOD_ROWS).
  ...LOSS_SETTINGS,
  /** Factor on the gradient that a latent is moved along. */
  moveStrength: {
    part: "guidance",
    kind: "number",
    min: 0,
    max: 500,
    nothing: undefined,
    about: "How far the latent is moved along the gradient of the method's loss; left out, as far as its authors do.",
    label: "Move strength",
    help: "How far the picture is moved towards its boxes before each step. Too much makes noise.",
    undo: "Change move strength",
    slider: { step: 0.1, end: 100 },
    option: { name: "move-strength", value: "N" },
  },
  /** The latent is moved at steps start <= i < end. */
  moveSteps: {
    part: "guidance",
    kind: "stepRange",
    nothing: undefined,
    about: "Steps before which the latent is moved, from the first up to and without the last; left out, the authors'.",
    label: "Move steps",
    help: "The steps before which the picture is moved. Each move costs about one plain step.",
    undo: "Change move steps",
    option: { name: "move-steps", value: "FIRST,END" },
  },
  moveIterations: {
    part: "guidance",
    kind: "number",
    min: 1,
    max: 20,
    integer: true,
    nothing: undefined,
    about: "How often the latent is moved before each step; left out, as often as the method's authors do.",
    label: "Moves a step",
    help: "How often the picture is moved before each step. Each move costs about one plain step.",
    undo: "Change moves a step",
    slider: { step: 1 },
    option: { name: "move-iterations", value: "N" },
  },
  moveUntil: {
    part: "guidance",
    kind: "number",
    min: 0,
    max: 1,
    nothing: undefined,
    about: "The latent is moved no more once the method's loss is as small as this; left out, the authors' number.",
    label: "Stop at loss",
    help: "Once the boxes are followed as well as this, the rest of the picture is drawn plainly. 0 never stops.",
    undo: "Change where moving stops",
    slider: { step: 0.01 },
    option: { name: "move-until", value: "N" },
  },
  refine: {
    part: "guidance",
    kind: "boolean",
    nothing: undefined,
    about:
      "Whether BoxDiff goes on moving the latent at three steps until the worst box is followed; left out, it does.",
    label: "Refine",
    help: "At three steps the picture is moved again and again until the box that is followed least is followed well enough.",
    undo: "Change refinement",
    option: {
      name: "refine",
      about: "BoxDiff's refinement, which is on by itself; in a scene file false turns it off.",
    },
  },
  /** lambda of forward guidance. */
  attentionShare: {
    part: "guidance",
    kind: "number",
    min: 0,
    max: 1,
    nothing: undefined,
    about: "Share of a word's attention that is laid into its box; left out, 0.8.",
    label: "Share laid into boxes",
    help: "How much of a word's attention is taken from where it is and laid into its box. 1 leaves nothing outside.",
    undo: "Change the share laid into boxes",
    slider: { step: 0.01 },
    option: { name: "attention-share", value: "N" },
  },
  /** Attention is changed at steps start <= i < end. */
  attentionSteps: {
    part: "guidance",
    kind: "stepRange",
    nothing: undefined,
    about:
      "Steps in which attention is laid into boxes, from the first up to and without the last; left out, the method's own.",
    label: "Attention steps",
    help: "The steps in which attention is laid into the boxes. They cost nothing.",
    undo: "Change attention steps",
    option: { name: "attention-steps", value: "FIRST,END" },
  },
  /** MultiDiffusion keeps each part's surroundings plain at steps start <= i < end. */
  bootstrapSteps: {
    part: "guidance",
    kind: "stepRange",
    nothing: undefined,
    about:
      "Steps in which what lies around a region is a plain colour in the region's own picture, from the first up to and without the last; left out, the first 20 of 50.",
    label: "Bootstrap steps",
    help: "The steps in which each box’s own picture is plain outside the box, so that its thing goes nowhere else. More of them make cut-out things.",
    undo: "Change bootstrap steps",
    option: { name: "bootstrap-steps", value: "FIRST,END" },
  },
} as const satisfies Record<string, Row>;

export type SettingName = keyof typeof SETTINGS;
/** Names of the command line's options that set one. */
export type OptionName = Extract<(typeof SETTINGS)[SettingName], { option: object }>["option"]["name"];
type PartOf<Part> = {
  [N in SettingName]: (typeof SETTINGS)[N] extends { part: "guidance" }
    ? Part extends "guidance"
      ? N
      : never
    : Part extends "guidance"
      ? never
      : N;
}[SettingName];
/** Settings of layout control. */
export type GuidanceName = PartOf<"guidance">;
export type PictureSettings = Held<typeof SETTINGS, PartOf<"picture">>;
export type Guidance = Held<typeof SETTINGS, GuidanceName>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** The row of a setting, for those who read rows one like the other. */
export const rowOf = (name: SettingName): Row => SETTINGS[name];
export const isGuidance = (name: SettingName): name is GuidanceName => rowOf(name).part === "guidance";
