/** "How strictly boxes are followed": three pairs of strengths in place of two numbers. */
import type { GuidanceSettings } from "@scene/scene.ts";

export interface Strictness {
  name: "Loose" | "Balanced" | "Strict";
  nu: number;
  eta: number;
  /** What it does, and what was measured of it. */
  hint: string;
}

/**
 * Loose, balanced and strict for a checkpoint whose own strengths are `defaults`. Those of the demo model were measured (the table in docs/evaluation.md
 * of pairs, 40 scenes that nothing else is reported of): eta decides, nu' hardly; the push towards the boxes costs contrast and
 * saturation, and of its own eta the demo model obeys best of all.
 */
export function strictnesses({ nu, eta }: Pick<GuidanceSettings, "nu" | "eta">, isDemo: boolean): Strictness[] {
  if (isDemo) {
    return [
      { name: "Loose", nu, eta: eta / 8, hint: "The prompt first: of 100 things 62 came to lie in their boxes." },
      { name: "Balanced", nu, eta: eta / 4, hint: "Colours stay closer to the prompt's: 79 of 100." },
      { name: "Strict", nu, eta, hint: "Boxes first, what this checkpoint is drawn with by itself: 95 of 100." },
    ];
  }
  return [
    {
      name: "Loose",
      nu,
      eta: eta / 2,
      hint: "The prompt first: half the push towards the boxes. Not measured with this checkpoint.",
    },
    { name: "Balanced", nu, eta, hint: "What this checkpoint is best drawn with." },
    {
      name: "Strict",
      nu,
      eta: eta * 1.5,
      hint: "Boxes first: half as much push again. Not measured with this checkpoint.",
    },
  ];
}

/** The one that these strengths are; undefined where they are of one's own. */
export function strictnessOf(
  all: readonly Strictness[],
  guidance: Pick<GuidanceSettings, "nu" | "eta">,
): number | undefined {
  // Strengths that followed the number of steps there and back are rounded.
  const same = (a: number, b: number) => Math.abs(a - b) <= 0.01 * Math.max(a, b);
  const at = all.findIndex(({ nu, eta }) => same(nu, guidance.nu) && same(eta, guidance.eta));
  return at < 0 ? undefined : at;
}
