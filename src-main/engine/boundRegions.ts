/** The regions of a scene and the columns of their words, what a method makes of those that act at a step, and where their words look. */
import { areasOf, isHidden } from "../guidance/areas.ts";
import type { AttentionMaps } from "../api/engine.ts";
import { areaOf, type BoundRegion } from "../guidance/layout.ts";
import type { Grid } from "../guidance/masks.ts";
import { obedience, regionAttention } from "../guidance/obedience.ts";
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

/** Where the words of each region look, of all columns. */
export function attentionOf(
  bound: readonly BoundRegion[],
  maps: Float32Array,
  tokens: number,
  grid: Grid,
): AttentionMaps {
  const regions = bound.map((b) => [b.region.id, regionAttention(maps, tokens, b.tokens)] as const);
  return { width: grid.width, height: grid.height, regions: Object.fromEntries(regions) };
}

/** How far each region is obeyed, by that. */
export function obedienceOf(bound: readonly BoundRegion[], attention: AttentionMaps): Record<string, number> {
  const shares = bound.map((one) => [
    one.region.id,
    obedience(attention.regions[one.region.id]!, areaOf(one), attention),
  ]);
  return Object.fromEntries(shares) as Record<string, number>;
}
