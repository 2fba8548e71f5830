import { describe, expect, test } from "vitest";
import type { UnitBox } from "../../src-main/scene/scene.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { gradient } from "../../src-main/graph/gradient/gradient.ts";
import { withoutDeadNodes } from "../../src-main/graph/simplify.ts";
import { injectionHook, layoutInputs, layoutLoss, meanMaps } from "../../src-main/guidance/attentionLoss.ts";
import type { BoundRegion } from "../../src-main/guidance/layout.ts";
import { layoutOf } from "../../src-main/guidance/layout.ts";
import type { Grid } from "../../src-main/guidance/masks.ts";
import { gridKey, latentMask, layerMask, resizeAdjoint } from "../../src-main/guidance/masks.ts";
import { expectClose, relativeError } from "../support/closeness.ts";
import { finiteDifferences } from "../support/finiteDifferences.ts";
import type { Feeds, Numbers } from "../support/interpreter.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import type { LayerMaps } from "../support/layoutReference.ts";
import { mapsOf, tokenLoss } from "../support/layoutReference.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { normals, spaced, uniform } from "../support/randomNumbers.ts";

const TOKENS = 5;
const square: Grid = { height: 16, width: 16 };
const wide: Grid = { height: 16, width: 20 };

/** Layers of the network at a latent's size, and random probabilities in each. */
function layersOf(latent: Grid): LayerMaps[] {
  const half = ({ height, width }: Grid) => ({ height: Math.ceil(height / 2), width: Math.ceil(width / 2) });
  const grids = [latent, half(latent), half(half(latent)), half(latent)];
  return grids.map((grid, i) => {
    const next = uniform(i + 1);
    const heads = 1 + (i % 2);
    const data = new Float64Array(heads * grid.height * grid.width * TOKENS);
    for (let p = 0; p < data.length; p += TOKENS) {
      const e = Array.from({ length: TOKENS }, () => Math.exp(3 * next()));
      e.forEach((v, t) => (data[p + t] = v / e.reduce((a, b) => a + b, 0)));
    }
    return { ...grid, heads, data };
  });
}

const bind = (box: UnitBox, tokens: number[], strength = 1): BoundRegion => ({
  region: { id: "r", box, spans: [{ start: 0, end: 1 }], strength },
  tokens,
});

/** The loss graph over given maps, with a layout's numbers. */
function lossGraph(layers: readonly LayerMaps[], latent: Grid, target: Grid, bound: readonly BoundRegion[]) {
  const g = new GraphBuilder();
  const taps = layers.map(({ heads, height, width }, i) => {
    const probabilities = g.input(`a${i}`, "float32", [heads, height * width, TOKENS]);
    return { name: `layer ${i}`, heads, height, width, probabilities };
  });
  const loss = layoutLoss(g, taps, target, g.input("weights", "float32", [TOKENS]));
  const maps = meanMaps(g, taps, target);
  const layout = layoutOf(bound, TOKENS, latent, target, layers);
  const feeds: Record<string, Numbers> = { weights: numbers([TOKENS], layout.tokenWeights) };
  layers.forEach((layer, i) => {
    feeds[`a${i}`] = numbers([layer.heads, layer.height * layer.width, TOKENS], layer.data);
    const contrast = layout.contrast.get(gridKey(layer))!;
    feeds[layoutInputs(layer).contrast] = numbers([layer.height * layer.width, TOKENS], contrast);
  });
  return { g, taps, loss, maps, feeds };
}

/** The mask on the loss grid of the boxes that `token` is bound to. */
function maskOf(token: number, bound: readonly BoundRegion[], latent: Grid, target: Grid): number[] {
  const masks = bound
    .filter(({ tokens }) => tokens.includes(token))
    .map(({ region: { box } }) => layerMask(latentMask(box, latent), latent, box, target));
  return Array.from({ length: target.height * target.width }, (_, p) => Math.max(...masks.map((mask) => mask[p]!)));
}

const donut = bind({ x: 0.05, y: 0.5, width: 0.4, height: 0.45 }, [1]);
const carrot = bind({ x: 0.6, y: 0.1, width: 0.2, height: 0.8 }, [2, 3], 1.5);
const second = bind({ x: 0.2, y: 0, width: 0.7, height: 0.3 }, [3], 0.4);

describe.each([
  ["one token", square, square, [donut]],
  ["two regions", square, square, [donut, carrot]],
  ["a shared token", square, square, [donut, carrot, second]],
  ["not square, to a finer grid", { height: 9, width: 5 }, square, [donut, carrot]],
  ["not square, to a coarser grid", wide, { height: 4, width: 6 }, [carrot, second]],
] as const)("the loss over stored maps, %s:", (_, latent, target, bound) => {
  const layers = layersOf(latent);
  const { g, taps, loss, maps, feeds } = lossGraph(layers, latent, target, bound);
  const weights = layoutOf(bound, TOKENS, latent, target, layers).tokenWeights;
  const perToken = [...weights.keys()]
    .filter((t) => weights[t]! > 0)
    .map((t) => ({
      t,
      weight: weights[t]!,
      ...tokenLoss(mapsOf(layers, TOKENS, target, t), maskOf(t, bound, latent, target)),
    }));

  test("equals the published formula", () => {
    const expected = perToken.reduce((sum, { weight, loss }) => sum + weight * loss, 0);
    const got = evaluate(g.finish({ loss }), feeds)["loss"]!;
    expect(got.shape).toEqual([1]);
    expect(Math.abs(got.data[0]! - expected)).toBeLessThan(1e-6 * Math.abs(expected));
    for (const { weights: w } of perToken) expect(w.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  test("has the cotangents of the closed form", () => {
    let k = 0;
    for (const { heads, height, width, probabilities } of taps) {
      const expected = new Float64Array(heads * height * width * TOKENS);
      for (let h = 0; h < heads; h++, k++) {
        for (const { t, weight, cotangents } of perToken) {
          resizeAdjoint(cotangents[k]!, target, { height, width }).forEach((v, p) => {
            expected[(h * height * width + p) * TOKENS + t] = weight * v;
          });
        }
      }
      const d = gradient(g, [[loss, g.constant(1, "float32", [1])]], probabilities);
      const got = evaluate(withoutDeadNodes(g.finish({ d })), feeds)["d"]!;
      expect(relativeError(got.data, expected)).toBeLessThan(1e-6);
    }
  });

  test("comes with the mean maps", () => {
    const got = evaluate(g.finish({ maps }), feeds)["maps"]!;
    expect(got.shape).toEqual([target.height * target.width, TOKENS]);
    for (let t = 0; t < TOKENS; t++) {
      const all = mapsOf(layers, TOKENS, target, t);
      const mean = all[0]!.map((_, p) => all.reduce((sum, map) => sum + map[p]!, 0) / all.length);
      expect(
        relativeError(
          [...got.data].filter((_, i) => i % TOKENS === t),
          mean,
        ),
      ).toBeLessThan(1e-12);
    }
    // Each pixel's probabilities sum to 1, and so do their means.
    for (let p = 0; p < got.data.length; p += TOKENS) {
      expect(got.data.subarray(p, p + TOKENS).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10);
    }
  });

  test("is what ONNX Runtime computes", async () => {
    const graph = g.finish({
      loss,
      maps,
      d: gradient(g, [[loss, g.constant(1, "float32", [1])]], taps[0]!.probabilities),
    });
    const [expected, got] = [evaluate(graph, feeds), await runOnnx(graph, feeds)];
    for (const name of ["loss", "maps", "d"]) expectClose(got[name]!, expected[name]!, 1e-5);
  });
});

test("the loss changes sign when inside and outside change places", () => {
  const [left, right] = [0, 0.5].map((x) => [bind({ x, y: 0, width: 0.5, height: 1 }, [2])]);
  const layers = layersOf(square);
  const [a, b] = [left!, right!].map((bound) => {
    const { g, loss, feeds } = lossGraph(layers, square, square, bound);
    return evaluate(g.finish({ loss }), feeds)["loss"]!.data[0]!;
  });
  expect(a).not.toBe(0);
  expect(a! + b!).toBeCloseTo(0, 10);
});

test("the weights of the K maps sum to 1: maps of one loss have that loss, whatever their means", () => {
  const heads = 3;
  const data = Float64Array.from({ length: heads * 256 * TOKENS }, (_, at) => {
    const [head, column] = [Math.floor(at / TOKENS / 256), Math.floor(at / TOKENS) % 16];
    return 0.1 * head + (column < 8 ? 0 : 0.25);
  });
  const half = bind({ x: 0, y: 0, width: 0.5, height: 1 }, [2]);
  const { g, loss, feeds } = lossGraph([{ ...square, heads, data }], square, square, [half]);
  // Each of the 128 cells to the right has 0.25 more than the one to the left.
  expect(evaluate(g.finish({ loss }), feeds)["loss"]!.data[0]).toBeCloseTo(32, 10);
});

describe("injection", () => {
  const layer: Grid = { height: 2, width: 3 };
  const mask = [1, 1, 0, 0, 1, 0];
  const [heads, pixels, tokens, c] = [2, 6, 3, 1.75];
  const g = new GraphBuilder();
  const scores = g.input("scores", "float32", [heads, pixels, tokens]);
  const hook = injectionHook(g);
  const raised = hook(scores, layer);
  const at = (h: number, p: number, t: number) => (h * pixels + p) * tokens + t;
  const s = spaced([heads, pixels, tokens], 5);
  const columnMax = (t: number) => Math.max(...s.filter((_, i) => i % tokens === t));
  const raise = Array.from({ length: pixels * tokens }, (_, i) =>
    i % tokens === 1 ? c * mask[Math.floor(i / tokens)]! : 0,
  );
  const feeds: Feeds = {
    scores: numbers(scores.shape, s),
    [layoutInputs(layer).injection]: numbers([pixels, tokens], raise),
  };

  test("raises the scores of the token in the box by c times the largest of its column, and nothing else", () => {
    const got = evaluate(g.finish({ raised }), feeds)["raised"]!;
    for (let h = 0; h < heads; h++) {
      for (let p = 0; p < pixels; p++) {
        for (let t = 0; t < tokens; t++) {
          const more = t === 1 && mask[p] === 1 ? c * columnMax(1) : 0;
          expect(got.data[at(h, p, t)]).toBe(s[at(h, p, t)]! + more);
        }
      }
    }
  });

  test("lets the gradient through the largest score", () => {
    const dy = normals(scores.shape, 6);
    const d = gradient(g, [[raised, g.constant(dy, "float32", scores.shape)]], scores);
    const got = evaluate(withoutDeadNodes(g.finish({ d })), feeds)["d"]!;
    const expected = [...dy];
    const top = s.findIndex((v, i) => i % tokens === 1 && v === columnMax(1));
    for (let h = 0; h < heads; h++) {
      for (let p = 0; p < pixels; p++) expected[top]! += c * mask[p]! * dy[at(h, p, 1)]!;
    }
    expect(relativeError(got.data, expected)).toBeLessThan(1e-12);
    const moved = finiteDifferences(
      (x) => evaluate(g.finish({ raised }), { ...feeds, scores: x })["raised"]!,
      feeds["scores"]!,
      numbers(scores.shape, dy),
    );
    expectClose(got, moved, 1e-6);
  });

  test("layers of one size share their input", () => {
    const before = g.finish({}).inputs.length;
    hook(g.mul(scores, 2), layer);
    expect(g.finish({}).inputs).toHaveLength(before);
    hook(scores, { height: 3, width: 2 });
    expect(g.finish({}).inputs.map((v) => (v.source.kind === "input" ? v.source.name : ""))).toEqual([
      "scores",
      "injection.2x3",
      "injection.3x2",
    ]);
  });
});
