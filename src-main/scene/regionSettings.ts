/** What a box of a scene has besides its place and its phrases, one row each as in settings.ts. */
import type { FieldRule } from "./fields.ts";
import { LONGEST_BOX_NAME, LONGEST_BOX_WORDS } from "./limits.ts";
import type { Row } from "./rows.ts";

export const REGION_SETTINGS = {
  /** Multiplies nu' and this region's share of the loss. */
  strength: {
    kind: "number",
    min: 0,
    max: 3,
    usual: 1,
    about: "How strongly this box pulls: 1 is the method as published, 0 leaves the box out.",
    label: "Strength",
    help: "How strongly this box pulls: 1 is the method as published, 0 leaves the box out.",
    undo: "Change strength",
    slider: { step: 0.05 },
  },
  /** Left out where the region is all of its box. */
  shape: {
    kind: "shape",
    nothing: undefined,
    about: "What of its box the region is, where it is not all: an ellipse, a polygon, or painted cells.",
    label: "Shape",
    help: "What of its box the region is: all of it, the ellipse in it, a polygon, or what is painted.",
    undo: "Change shape",
  },
  /** Read beside the prompt. */
  words: {
    kind: "text",
    longest: LONGEST_BOX_WORDS,
    nothing: "",
    about: "Further words, attended to inside the box alone.",
    label: "Also here",
    help: "Further words, such as a colour or a material. The picture follows them inside this box alone.",
    undo: "Change words of the box",
  },
  /** Read beside the negative prompt. */
  avoid: {
    kind: "text",
    longest: LONGEST_BOX_WORDS,
    nothing: "",
    about: "Words to avoid in the box.",
    label: "Not here",
    help: "Words to avoid inside this box.",
    undo: "Change words to avoid",
  },
  during: {
    kind: "share",
    nothing: { start: 0, end: 1 },
    about: "Part of the run, in fractions of its steps, in which this box is injected and guided.",
    label: "Acts",
    help: "The part of the run in which this box pulls. The method’s own steps hold as well.",
    undo: "Change steps of the box",
  },
} as const satisfies Record<string, Row>;

/** Names of boxes: one line, and no key that means something else to a JavaScript object. */
export const REGION_NAME = {
  kind: "text",
  longest: LONGEST_BOX_NAME,
  pattern: String.raw`^(?!__proto__$)[^\p{C}]+$`,
  expected: `a name of 1 to ${LONGEST_BOX_NAME} characters on one line`,
  about: "Name of the box, unique in the scene.",
} as const satisfies FieldRule;
