/**
 * Where in the picture the columns of the text may be attended: everywhere, inside an area, or nowhere. A number far below every score,
 * added before the softmax, takes a column out of it exactly, and all others share its part.
 */
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/graph.ts";
import type { ScoreHook } from "../model/unet.ts";
import type { Area } from "./areas.ts";
import type { Grid } from "./masks.ts";
import { gridKey, latentMask, layerMask } from "./masks.ts";

export type Reach = "everywhere" | "nowhere" | Area;

/** Its exponential is 0 in every number type beside any score, and it fits into float16. */
const MASKED = -1e4;

/** Name of the graph's input for one layer grid, [pixels, columns]. */
export function maskInput(grid: Grid): string {
  return `mask.${gridKey(grid)}`;
}

/** Adds the masks to the scores [heads, pixels, columns]. */
export function columnMaskHook(g: GraphBuilder): ScoreHook {
  const inputs = new Map<string, Value>();
  return (scores, layer) => {
    const name = maskInput(layer);
    const mask = inputs.get(name) ?? g.input(name, "float32", scores.shape.slice(1));
    inputs.set(name, mask);
    return g.add(scores, g.cast(mask, scores.dtype));
  };
}

/** By layer grid: what is added to the scores, [pixels, columns]; 0 where a column is attended. */
export function columnMasks(
  reach: readonly Reach[],
  latent: Grid,
  layers: readonly Grid[],
): Map<string, Float32Array<ArrayBuffer>> {
  return new Map(layers.map((layer) => [gridKey(layer), columnMask(reach, latent, layer)]));
}

function columnMask(reach: readonly Reach[], latent: Grid, layer: Grid): Float32Array<ArrayBuffer> {
  const pixels = layer.height * layer.width;
  const out = new Float32Array(pixels * reach.length);
  const inside = new Map<Area, Float32Array>();
  reach.forEach((where, column) => {
    if (where === "everywhere") return;
    let mask: Float32Array | undefined;
    if (where !== "nowhere") {
      mask = inside.get(where) ?? layerMask(latentMask(where, latent), latent, where, layer);
      inside.set(where, mask);
    }
    for (let p = 0; p < pixels; p++) if (!mask?.[p]) out[p * reach.length + column] = MASKED;
  });
  return out;
}
