/**
 * A scene's boxes as the numbers that the network's graph takes: per token position, where its attention shall be.
 * All of it has a fixed size, 77 columns whatever the number of boxes, so more boxes cost nothing.
 */
import type { Region } from "../scene/scene.ts";
import type { Grid, Mask } from "./masks.ts";
import { gridKey, latentMask, layerMask, resizeAdjoint } from "./masks.ts";

/** A region and the token positions that its phrases became; positions past the limit are left out. */
export interface BoundRegion {
  region: Region;
  tokens: readonly number[];
  /** Columns of the box's further words. They are injected as the phrase is, which would crowd them out else; the loss is the phrase's. */
  further?: readonly number[];
}

export interface Layout {
  /** By layer grid: what injection multiplies into the scores, [pixels, tokens], without the step's strength. */
  injection: Map<string, Float32Array<ArrayBuffer>>;
  /** By layer grid: 1 - 2 mask of each bound token, carried from the loss grid to the layer's; 0 for other tokens. */
  contrast: Map<string, Float32Array<ArrayBuffer>>;
  /** Weight of each token's loss, [tokens]. */
  tokenWeights: Float32Array<ArrayBuffer>;
}

/**
 * A token that several regions share has the union of their boxes as its mask. The tokens of one phrase share that
 * phrase's weight, so a phrase of two tokens pulls no harder than one of one; a single token weighs 1, as published.
 */
export function layoutOf(
  bound: readonly BoundRegion[],
  tokens: number,
  latent: Grid,
  target: Grid,
  layers: readonly Grid[],
): Layout {
  const tokenWeights = new Float32Array(tokens);
  for (const { region, tokens: positions } of bound) {
    for (const t of positions) tokenWeights[t] = Math.max(tokenWeights[t]!, region.strength / positions.length);
  }
  // eta keeps its meaning when the loss sums over more or fewer cells than the authors' 16 x 16.
  const scale = 256 / (target.height * target.width);
  const masks = bound.map(({ region }) => ({ box: region.box, mask: latentMask(region.box, latent) }));

  const onGrid = (
    grid: Grid,
    value: (strength: number) => number,
    columnsOf: (one: BoundRegion) => readonly number[],
  ): Float32Array<ArrayBuffer> => {
    const columns = new Float32Array(grid.height * grid.width * tokens);
    bound.forEach((one, r) => {
      const { region } = one;
      const positions = columnsOf(one);
      const mask = layerMask(masks[r]!.mask, latent, masks[r]!.box, grid);
      mask.forEach((on, p) => {
        for (const t of positions) {
          const at = p * tokens + t;
          columns[at] = Math.max(columns[at]!, on * value(region.strength));
        }
      });
    });
    return columns;
  };

  const union = onGrid(
    target,
    () => 1,
    (one) => one.tokens,
  );
  const injection = new Map<string, Float32Array<ArrayBuffer>>();
  const contrast = new Map<string, Float32Array<ArrayBuffer>>();
  for (const layer of layers) {
    injection.set(
      gridKey(layer),
      onGrid(
        layer,
        (strength) => strength,
        (one) => [...one.tokens, ...(one.further ?? [])],
      ),
    );
    contrast.set(gridKey(layer), contrastOn(layer, union, tokens, tokenWeights, target));
  }
  return { injection, contrast, tokenWeights: tokenWeights.map((w) => w * scale) };
}

function contrastOn(layer: Grid, union: Mask, tokens: number, weights: Float32Array, target: Grid) {
  const columns = new Float32Array(layer.height * layer.width * tokens);
  weights.forEach((weight, t) => {
    if (weight === 0) return;
    const column = Float32Array.from(
      { length: target.height * target.width },
      (_, p) => 1 - 2 * union[p * tokens + t]!,
    );
    resizeAdjoint(column, target, layer).forEach((value, p) => {
      columns[p * tokens + t] = value;
    });
  });
  return columns;
}
