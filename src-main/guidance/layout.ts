/**
 * A scene's regions as the numbers that the network's graph takes: per token position, where its attention shall be.
 * All of it has a fixed size, 77 columns whatever the number of boxes, so more boxes cost nothing.
 */
import type { Region } from "../scene/scene.ts";
import { type Area, areaOfRegion } from "./areas.ts";
import type { Grid, Mask } from "./masks.ts";
import { gridKey, latentMask, layerMask, resizeAdjoint } from "./masks.ts";

/** A region and the token positions that its phrases became; positions past the limit are left out. */
export interface BoundRegion {
  region: Region;
  tokens: readonly number[];
  /** Columns of the box's further words. They are injected as the phrase is, which would crowd them out else; the loss is the phrase's. */
  further?: readonly number[];
  /** Where it is, if others lie in front of it; else its own box and shape say. */
  area?: Area;
}

export const areaOf = ({ region, area }: BoundRegion): Area => area ?? areaOfRegion(region);

export interface Layout {
  /** By layer grid: what injection multiplies into the scores, [pixels, tokens], without the step's strength. */
  injection: Map<string, Float32Array<ArrayBuffer>>;
  /** By layer grid: 1 - 2 mask of each bound token, carried from the loss grid to the layer's; 0 for other tokens. */
  contrast: Map<string, Float32Array<ArrayBuffer>>;
  /** The same by area: half the cells times what is outside over its cells, less what is inside over its; for a box of half the picture the two are one. */
  contrastByArea: Map<string, Float32Array<ArrayBuffer>>;
  /** 1 in the boxes of each bound token on the loss grid, [cells, tokens]. */
  mask: Float32Array<ArrayBuffer>;
  /** Weight of each token's loss, [tokens]. */
  tokenWeights: Float32Array<ArrayBuffer>;
}

/**
 * A token that several regions share has the union of their areas as its mask. The tokens of one phrase share that
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
  const masks = bound.map((one) => ({ area: areaOf(one), mask: latentMask(areaOf(one), latent) }));

  const onGrid = (
    grid: Grid,
    value: (strength: number) => number,
    columnsOf: (one: BoundRegion) => readonly number[],
  ): Float32Array<ArrayBuffer> => {
    const columns = new Float32Array(grid.height * grid.width * tokens);
    bound.forEach((one, r) => {
      const { region } = one;
      const positions = columnsOf(one);
      const mask = layerMask(masks[r]!.mask, latent, masks[r]!.area, grid);
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
  const contrastByArea = new Map<string, Float32Array<ArrayBuffer>>();
  for (const layer of layers) {
    injection.set(
      gridKey(layer),
      onGrid(
        layer,
        (strength) => strength,
        (one) => [...one.tokens, ...(one.further ?? [])],
      ),
    );
    contrast.set(gridKey(layer), contrastOn(layer, union, tokens, tokenWeights, target, published));
    contrastByArea.set(gridKey(layer), contrastOn(layer, union, tokens, tokenWeights, target, byArea));
  }
  return { injection, contrast, contrastByArea, mask: union, tokenWeights: tokenWeights.map((w) => w * scale) };
}

/** What a cell of a box, and one outside it, count, where the box has `inside` of `all` cells. */
type CellWeights = (inside: number, all: number) => readonly [inside: number, outside: number];

const published: CellWeights = () => [-1, 1];
const byArea: CellWeights = (inside, all) => [-all / (2 * Math.max(1, inside)), all / (2 * Math.max(1, all - inside))];

function contrastOn(
  layer: Grid,
  union: Mask,
  tokens: number,
  weights: Float32Array,
  target: Grid,
  cellWeights: CellWeights,
) {
  const columns = new Float32Array(layer.height * layer.width * tokens);
  weights.forEach((weight, t) => {
    if (weight === 0) return;
    const cells = target.height * target.width;
    const mask = Array.from({ length: cells }, (_, p) => union[p * tokens + t]!);
    const [inside, outside] = cellWeights(
      mask.reduce((sum, on) => sum + on, 0),
      cells,
    );
    const column = Float32Array.from(mask, (on) => (on > 0 ? inside : outside));
    resizeAdjoint(column, target, layer).forEach((value, p) => {
      columns[p * tokens + t] = value;
    });
  });
  return columns;
}
