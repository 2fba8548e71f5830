/** What loss guidance pushes down, one row each: what people read of a loss. What it is in numbers is in guidance/losses.ts. */

interface LossRow {
  label: string;
  /** A sentence for designers. */
  hint: string;
}

/** The authors' own first. */
const ROWS = {
  authors: { label: "As published", hint: "Attention outside the box less attention inside it." },
  area: { label: "By area", hint: "The same by area: small boxes pull as hard as large ones." },
  boxes: {
    label: "Inner and outer",
    hint: "Where attention is strongest inside the box and outside it, as in BoxDiff.",
  },
  log: {
    label: "Share in the box",
    hint: "The logarithm of the share of attention in the box: what strays most is pulled most.",
  },
  entropy: { label: "Fill the box", hint: "Cross-entropy with an evenly filled box: things reach its edges." },
  refined: {
    label: "Whole things",
    hint: "As published, after attention was spread over what belongs together in the picture.",
  },
  down: {
    label: "On the way down",
    hint: "As published, by the layers up to the middle of the network: its gradient takes less than half the time, and is coarser.",
  },
} as const satisfies Record<string, LossRow>;

export type LossName = keyof typeof ROWS;
export const LOSS_ROWS: Readonly<Record<LossName, LossRow>> = ROWS;
export const LOSSES = Object.keys(ROWS) as readonly LossName[] as readonly [LossName, ...LossName[]];
