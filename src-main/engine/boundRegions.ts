/** The regions of a scene and the columns of their words, and what a method makes of those that act at a step. */
import { areasOf, isHidden } from "../guidance/areas.ts";
import type { BoundRegion } from "../guidance/layout.ts";
import { type Encoding, tokensOfSpan } from "../model/tokenizer/encoding.ts";
import { actsAt, type Scene } from "../scene/scene.ts";

/**
 * Each region with its area and the positions of its phrases' tokens; those past the limit are left out. One that lies behind others wholly
 * pulls nowhere.
 */
export function bindRegions(scene: Scene, encoding: Encoding, further: ReadonlyMap<string, number[]>): BoundRegion[] {
  const areas = areasOf(scene);
  return scene.regions.map((region) => {
    const area = areas.get(region.id)!;
    return {
      region: isHidden(area) ? { ...region, strength: 0 } : region,
      tokens: [...new Set(region.spans.flatMap((span) => tokensOfSpan(encoding, span)))].sort((a, b) => a - b),
      further: further.get(region.id) ?? [],
      area,
    };
  });
}

/** What a method makes of the regions that act at a step, once for each set of them. */
export function layoutsOf(
  bound: readonly BoundRegion[],
  steps: number,
  make: (active: readonly BoundRegion[]) => unknown,
): (step: number) => unknown {
  const made = new Map<string, unknown>();
  return (step) => {
    const active = bound.filter(({ region }) => actsAt(region, step, steps));
    const key = active.map(({ region }) => region.id).join("\n");
    if (!made.has(key)) made.set(key, make(active));
    return made.get(key);
  };
}
