/** Columns of text that are attended inside a box alone: they have no effect outside it, and the others are as if they were not there. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { columnMaskHook, columnMasks, maskInput, type Reach } from "../../src-main/guidance/columnMask.ts";
import { gridKey, latentMask, layerMask } from "../../src-main/guidance/masks.ts";
import { Module } from "../../src-main/model/layers.ts";
import { unet } from "../../src-main/model/unet.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { normals } from "../support/randomNumbers.ts";
import { RandomWeights, TINY_UNET, unetLacks } from "../support/tinyCheckpoint.ts";

const latent = { height: 6, width: 4 };
const MAIN = 5;
const weights = RandomWeights.create(unetLacks);

/** Probabilities of the first cross-attention layer, [heads, pixels, columns], and the whole prediction. */
function run(reach: readonly Reach[], context: Float32Array, masked = true) {
  const columns = reach.length;
  const g = new GraphBuilder();
  const input = (name: string, ...shape: number[]) => g.input(name, "float32", shape);
  const inputs = {
    latent: input("latent", 1, 4, latent.height, latent.width),
    time: input("time", 1, 4),
    context: input("context", columns, 6),
  };
  const made = unet(new Module(g, weights, "float32"), TINY_UNET, inputs, masked ? { scores: columnMaskHook(g) } : {});
  const tap = made.taps[0]!;
  const graph = g.finish({ probabilities: tap.probabilities, prediction: made.prediction });
  const layers = made.taps.map(({ height, width }) => ({ height, width }));
  const masks = columnMasks(reach, latent, layers);
  const feeds = {
    latent: numbers([1, 4, latent.height, latent.width], normals([1, 4, latent.height, latent.width], 1)),
    time: numbers([1, 4], normals([1, 4], 2)),
    context: numbers([columns, 6], context),
    ...(masked
      ? Object.fromEntries(
          layers.map((layer) => [
            maskInput(layer),
            numbers([layer.height * layer.width, columns], masks.get(gridKey(layer))!),
          ]),
        )
      : {}),
  };
  const out = evaluate(graph, feeds);
  return { grid: layers[0]!, probabilities: out["probabilities"]!.data, prediction: out["prediction"]!.data };
}

const everywhere = Array.from({ length: MAIN }, () => "everywhere" as const);
const main = Float32Array.from(normals([MAIN, 6], 3));
const plain = run(everywhere, main, false);

test("columns that are attended nowhere change nothing at all", () => {
  const more = Float32Array.from([...main, ...normals([3, 6], 4)]);
  const { prediction } = run([...everywhere, "nowhere", "nowhere", "nowhere"], more);
  expect([...prediction]).toEqual([...plain.prediction]);
});

test("columns of a box have no part outside it, and there the others are as they were", () => {
  const side = fc.integer({ min: 0, max: 7 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), fc.nat(1000), (x, y, w, h, seed) => {
      const box = { x: x / 8, y: y / 8, width: Math.min(w, 8 - x) / 8, height: Math.min(h, 8 - y) / 8 };
      const more = Float32Array.from([...main, ...normals([2, 6], seed + 5)]);
      const { grid, probabilities } = run([...everywhere, box, box], more);
      const inside = layerMask(latentMask(box, latent), latent, box, grid);
      const [columns, pixels] = [MAIN + 2, grid.height * grid.width];
      for (let row = 0; row < probabilities.length / columns; row++) {
        const own = probabilities.slice(row * columns, (row + 1) * columns);
        expect(own.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
        if (inside[row % pixels]) expect(own[MAIN]! > 0 && own[MAIN + 1]! > 0).toBe(true);
        else {
          expect([own[MAIN], own[MAIN + 1]]).toEqual([0, 0]);
          expect([...own.slice(0, MAIN)]).toEqual([...plain.probabilities.slice(row * MAIN, (row + 1) * MAIN)]);
        }
      }
    }),
    { numRuns: 25 },
  );
}); // prettier-ignore
