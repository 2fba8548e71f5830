/** Moving a latent before the noise prediction, in any sampler's scale. */
import { weightedSum } from "../sampling/sampler.ts";
import type { Step } from "./method.ts";

/** `latent` moved against `gradient`, both as the network takes them: x - amount gradient, with x = latent * inputScale. */
export function movedAgainst(
  { evaluation }: Pick<Step, "evaluation">,
  latent: Float32Array,
  gradient: Float32Array,
  amount: number,
): Float32Array<ArrayBuffer> {
  return weightedSum([1, latent], [-amount / evaluation.inputScale, gradient]);
}

/** Where in the network an attention layer is: `down`, `middle` or `up`, and which of those blocks, from 0. */
export function placeOf(name: string): { part: "down" | "middle" | "up"; block: number } {
  const [, part, block] = /(?:^|\.)(down|up)_blocks\.(\d+)\./.exec(name) ?? [];
  if (part === undefined) return { part: "middle", block: 0 };
  return { part: part === "down" ? "down" : "up", block: Number(block) };
}

/** The names of the blocks that have attention, by part, in forward order, as numbers. */
export function attendedBlocks(taps: readonly { name: string }[], part: "down" | "up"): number[] {
  const blocks = taps.map(({ name }) => placeOf(name)).filter((place) => place.part === part);
  return [...new Set(blocks.map(({ block }) => block))];
}
