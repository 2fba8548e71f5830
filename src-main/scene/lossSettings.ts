/** Which loss is followed, and how hard at which noise: a part of the table in settings.ts, each left out where it is the method's own. */
import { LOSSES } from "./losses.ts";
import type { Row } from "./rows.ts";

export const LOSS_SETTINGS = {
  loss: {
    part: "guidance",
    kind: "choice",
    of: LOSSES,
    nothing: undefined,
    about:
      "What loss guidance pushes down: authors as published, area the same by area, boxes where attention is strongest inside and outside, log the logarithm of the share inside, entropy the cross-entropy with an evenly filled box, refined as published with maps refined by self-attention, down as published by the layers up to the middle of the network alone; left out, authors.",
    label: "Loss",
    help: "What each guided step pushes down.",
    undo: "Change loss",
    option: { name: "loss", value: "NAME", about: `What loss guidance pushes down: ${LOSSES.join(", ")}` },
  },
  /** How much less loss guidance does while there is more noise; eta is its strength at noise level 4. */
  etaFall: {
    part: "guidance",
    kind: "number",
    min: 0,
    max: 2,
    nothing: undefined,
    about:
      "How fast the strength of loss guidance falls with the noise: eta (1 + 4 f) / (1 + f sigma), which is eta at noise level 4, less above and more below; 0, the same in all steps, where it is left out.",
    label: "Loss strength by noise",
    help: "Pushes less while there is much noise and more towards the end. Few steps want about 0.3, or the first ones push things past their boxes. 0 is the same strength in all steps.",
    undo: "Change loss strength by noise",
    slider: { step: 0.05, end: 1 },
    option: {
      name: "eta-fall",
      value: "N",
      about: "How fast the strength of loss guidance falls with the noise, 0 to 2.",
    },
    caption: "loss strength by noise {}",
  },
  pastInjection: {
    part: "guidance",
    kind: "boolean",
    nothing: undefined,
    about:
      "Whether the loss reads each layer's attention as it is before injection raises it; left out, it reads what injection has made of it.",
    label: "Loss past injection",
    help: "Where injection and loss act in the same steps, the loss otherwise sees things in place that injection alone holds there. Looking past it, it pulls by where words look by themselves.",
    undo: "Change loss past injection",
    option: {
      name: "past-injection",
      about: "The loss reads attention as it is before injection raises it.",
    },
    caption: "loss past injection",
  },
} as const satisfies Record<string, Row>;
