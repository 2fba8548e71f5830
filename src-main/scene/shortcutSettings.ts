/** The settings of what a run may leave out (shortcuts.ts): each off unless asked for, and a part of the table in settings.ts. */
import type { Row } from "./rows.ts";

export const SHORTCUT_SETTINGS = {
  scaleUntil: {
    kind: "number",
    min: 0,
    max: 1,
    nothing: 1,
    about:
      "Share of the steps in which the guidance scale acts; the others follow the prompt alone, at half the work (Kynkaanniemi et al. 2024).",
    label: "Guidance scale until",
    help: "The share of the steps in which the guidance scale and what to leave out count. The later steps follow the prompt alone and take half the time. 1 is all of them.",
    undo: "Change how long the guidance scale acts",
    slider: { step: 0.05 },
    option: { name: "scale-until", value: "N", about: "Share of the steps in which the guidance scale acts, 0 to 1." },
    caption: "guidance scale until {} of the steps",
  },
  gradientEvery: {
    kind: "number",
    min: 1,
    max: 10,
    integer: true,
    nothing: 1,
    about:
      "In the later half of the steps that follow a loss, its gradient is computed in every n-th step only, and taken from the last such step in the others.",
    label: "Gradient every",
    help: "In the later half of the loss steps, only every so many-th step works out anew which way things have to go; the others go on as before and take half the time. 1 always works it out.",
    undo: "Change how often the gradient is computed",
    slider: { step: 1, end: 5 },
    option: {
      name: "gradient-every",
      value: "N",
      about: "In the later half of the loss steps, compute the gradient in every n-th step only.",
    },
    caption: "gradient every {} later steps",
  },
  wholeEvery: {
    kind: "number",
    min: 1,
    max: 10,
    integer: true,
    nothing: 1,
    about:
      "Once boxes act no more, the network is run whole in every n-th step only, and its outermost layers in the others (DeepCache, Ma et al. 2024).",
    label: "Whole network every",
    help: "Once boxes act no more, only every so many-th step runs the whole network; the others run its outermost layers and take a fraction of the time. 1 always runs all of it.",
    undo: "Change how often the whole network runs",
    slider: { step: 1, end: 5 },
    option: {
      name: "whole-every",
      value: "N",
      about: "Run the whole network in every n-th step only, once boxes act no more.",
    },
    caption: "whole network every {} steps",
  },
  attentionTiles: {
    kind: "number",
    min: 1,
    max: 4,
    integer: true,
    nothing: 1,
    about:
      "Self-attention of the finest layers within n x n tiles of the picture instead of all of it (HyperTile), where its sides can be divided so.",
    label: "Attention in tiles",
    help: "The finest layers look within tiles of the picture instead of all of it, which saves time in large pictures and can show at the tiles’ edges. 1 is all of it.",
    undo: "Change tiles of attention",
    slider: { step: 1 },
    option: { name: "attention-tiles", value: "N", about: "Self-attention of the finest layers in n x n tiles." },
    caption: "attention in tiles, {} a side",
  },
} as const satisfies Record<string, Row>;
