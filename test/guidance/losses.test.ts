/** Losses for loss guidance, by hand on small maps, and their gradients by finite differences. */
import { expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { gradient } from "../../src-main/graph/gradient/gradient.ts";
import { layoutInputs, layoutLoss } from "../../src-main/guidance/attentionLoss.ts";
import { type BoundRegion, layoutOf } from "../../src-main/guidance/layout.ts";
import { type GraphLoss, refines, REGION_MASK, regionLoss, SCALES } from "../../src-main/guidance/losses.ts";
import { type Grid, lossGrid, resizeWeights } from "../../src-main/guidance/masks.ts";
import { nearestLayers } from "../../src-main/guidance/watching.ts";
import { etaAt, STEERING, steering, steeringFeeds } from "../../src-main/guidance/steering.ts";
import { actingGuidance } from "../../src-main/scene/methodSettings.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { LOSSES } from "../../src-main/scene/losses.ts";
import { relativeError } from "../support/closeness.ts";
import { finiteDifferences } from "../support/finiteDifferences.ts";
import { evaluate, numbers, type Numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { uniform } from "../support/randomNumbers.ts";

const GRID = { height: 4, width: 4 };
const CELLS = 16;
const TOKENS = 3;
const HEADS = 2;
const KINDS = ["boxes", "log", "entropy", "refined"] as const satisfies readonly GraphLoss[];

/** Six cells of token 1, and twelve of token 2: a fifth of them is 1 inside and 2 outside, and 2 and 1 (rounded down, one at least). */
const bound: BoundRegion[] = [
  { id: "a", token: 1, box: { x: 0, y: 0, width: 0.5, height: 0.75 }, strength: 1 },
  { id: "b", token: 2, box: { x: 0.25, y: 0, width: 0.75, height: 1 }, strength: 0.5 },
].map(({ token, ...region }) => ({ region: { ...region, spans: [{ start: 0, end: 1 }] }, tokens: [token] }));
const layout = layoutOf(bound, TOKENS, GRID, GRID, [GRID]);
const next = uniform(3);
const probabilities = numbers([HEADS, CELLS, TOKENS], Float64Array.from({ length: HEADS * CELLS * TOKENS }, () => 0.05 + next())); // prettier-ignore

/** Self-attention on a grid of its own: rows that sum to 1. */
const SELF = { height: 3, width: 4 };
const SELF_CELLS = 12;
const self = numbers(
  [HEADS, SELF_CELLS, SELF_CELLS],
  Array.from({ length: HEADS * SELF_CELLS }, () => {
    const row = Array.from({ length: SELF_CELLS }, () => 0.1 + next());
    const all = row.reduce((a, b) => a + b, 0);
    return row.map((v) => v / all);
  }).flat(),
);

function graphOf(kind: GraphLoss | "area") {
  const g = new GraphBuilder();
  const a = g.input("a", "float32", [HEADS, CELLS, TOKENS]);
  const taps = [{ name: "layer", heads: HEADS, ...GRID, probabilities: a }];
  const weights = g.input("token_weights", "float32", [TOKENS]);
  const s = kind === "refined" ? g.input("s", "float32", self.shape) : undefined;
  const selfTaps = s ? [{ name: "layer", heads: HEADS, ...SELF, probabilities: s }] : [];
  const loss =
    kind === "area" ? layoutLoss(g, taps, GRID, weights) : regionLoss(g, { taps, selfTaps }, GRID, weights, kind);
  const one = g.constant(1, "float32", [1]);
  const d = gradient(g, [[loss, one]], a);
  const fed = steeringFeeds(layout, 0, kind);
  const { contrast } = layoutInputs(GRID);
  const feeds: Record<string, Numbers> = { a: probabilities, token_weights: numbers([TOKENS], fed["token_weights"]!) };
  const name = kind === "area" ? contrast : REGION_MASK;
  feeds[name] = numbers([CELLS, TOKENS], fed[name]!);
  if (s) feeds["s"] = self;
  const outputs = s ? { loss, d, ds: gradient(g, [[loss, one]], s) } : { loss, d };
  return { graph: g.finish(outputs), feeds };
}

/** Mean map of a token, and its mask. */
const mapOf = (t: number) =>
  Array.from({ length: CELLS }, (_, p) => {
    const at = (h: number) => probabilities.data[(h * CELLS + p) * TOKENS + t]!;
    return (at(0) + at(1)) / HEADS;
  });
const maskOf = (t: number) => Array.from({ length: CELLS }, (_, p) => layout.mask[p * TOKENS + t]!);
const sum = (values: readonly number[]) => values.reduce((all, v) => all + v, 0);
const topMean = (values: number[], share: number) => {
  const k = Math.max(1, Math.floor(share * values.length));
  return sum(values.sort((a, b) => b - a).slice(0, k)) / k;
};

/** Each loss of one token as its formula has it. */
const BY_HAND: Record<GraphLoss, (map: readonly number[], mask: readonly number[]) => number> = {
  boxes: (map, mask) => {
    const split = (on: number) => map.filter((_, p) => mask[p] === on);
    return 1 - topMean(split(1), 0.2) + topMean(split(0), 0.2);
  },
  log: (map, mask) => -Math.log(sum(map.map((v, p) => v * mask[p]!)) / sum(map)),
  entropy: (map, mask) => -sum(map.map((v, p) => mask[p]! * Math.log(v / sum(map)))) / sum(mask),
  refined: (map, mask) => {
    const small = resized(map, GRID, SELF);
    const told = small.map((_, p) => {
      const at = (h: number, q: number) => self.data[(h * SELF_CELLS + p) * SELF_CELLS + q]!;
      return sum(small.map((v, q) => ((at(0, q) + at(1, q)) / HEADS) * v));
    });
    return sum(resized(told, SELF, GRID).map((v, p) => (mask[p]! > 0 ? -v : v))) / CELLS;
  },
};

/** Bilinear, by its weights along both axes. */
function resized(map: readonly number[], from: Grid, to: Grid): number[] {
  const [rows, columns] = [resizeWeights(from.height, to.height), resizeWeights(from.width, to.width)];
  return rows.flatMap((wy) =>
    columns.map((wx) => sum(map.map((v, p) => wy[Math.floor(p / from.width)]! * wx[p % from.width]! * v))),
  );
}

test.each(KINDS)("%s is its formula", (kind) => {
  const { graph, feeds } = graphOf(kind);
  const got = evaluate(graph, feeds)["loss"]!;
  expect(got.shape).toEqual([1]);
  // Weights are times 256 / cells and losses times cells: 256 whatever the grid.
  const expected = 256 * SCALES[kind] * (BY_HAND[kind](mapOf(1), maskOf(1)) + 0.5 * BY_HAND[kind](mapOf(2), maskOf(2)));
  expect(Math.abs(got.data[0]! / expected - 1)).toBeLessThan(1e-5);
});

test.each([...KINDS, "area"] as const)("%s has the gradient of its finite differences, and ONNX Runtime's", async (kind) => {
  const { graph, feeds } = graphOf(kind);
  const expected = finiteDifferences(
    (a) => evaluate(graph, { ...feeds, a })["loss"]!,
    probabilities,
    numbers([1], [1]),
    1e-4,
  );
  expect(relativeError(evaluate(graph, feeds)["d"]!.data, expected.data)).toBeLessThan(1e-5);
  const run = await runOnnx(graph, feeds);
  expect(relativeError(run["loss"]!.data, evaluate(graph, feeds)["loss"]!.data)).toBeLessThan(1e-5);
  expect(relativeError(run["d"]!.data, expected.data)).toBeLessThan(1e-4);
}); // prettier-ignore

test("what is refined pulls self-attention too: the gradient of it is that of its finite differences", () => {
  const { graph, feeds } = graphOf("refined");
  const expected = finiteDifferences((s) => evaluate(graph, { ...feeds, s })["loss"]!, self, numbers([1], [1]), 1e-4);
  expect(relativeError(evaluate(graph, feeds)["ds"]!.data, expected.data)).toBeLessThan(1e-5);
});

test("of self-attention the layers are read whose grid is nearest to the loss grid, whatever the size of the picture", () => {
  const layers = (latent: Grid) =>
    [1, 2, 4, 8].map((n) => ({ name: "layer", heads: 1, height: Math.ceil(latent.height / n), width: Math.ceil(latent.width / n) })); // prettier-ignore
  for (const [height, width] of [[64, 64], [128, 96], [16, 16], [65, 66], [24, 96], [8, 16], [40, 24]] as const) {
    const latent = { height, width };
    const target = lossGrid(latent);
    const read = layers(latent).filter((layer) => refines(layer, target));
    expect(nearestLayers(read, target), `${width} x ${height}`).toEqual([nearestLayers(layers(latent), target)[0]]);
  }
}); // prettier-ignore

test("by area a box of half the picture is as published, and any box weighs inside what it weighs outside", () => {
  const half = { ...bound[0]!, region: { ...bound[0]!.region, box: { x: 0, y: 0, width: 0.5, height: 1 } } };
  const same = layoutOf([half], TOKENS, GRID, GRID, [GRID]);
  expect(same.contrastByArea.get("4x4")).toEqual(same.contrast.get("4x4"));
  for (const t of [1, 2]) {
    const column = Array.from({ length: CELLS }, (_, p) => layout.contrastByArea.get("4x4")![p * TOKENS + t]!);
    expect(sum(column)).toBeCloseTo(0, 4);
    expect(sum(column.filter((v) => v > 0))).toBeCloseTo(CELLS / 2, 4);
  }
});

test("maps that are the same everywhere, and boxes over everything, have finite losses and gradients", () => {
  const all = [{ ...bound[0]!, region: { ...bound[0]!.region, box: { x: 0, y: 0, width: 1, height: 1 } } }];
  for (const kind of KINDS) {
    const { graph, feeds } = graphOf(kind);
    const flat = numbers([HEADS, CELLS, TOKENS], new Float64Array(HEADS * CELLS * TOKENS).fill(0.25));
    const whole = numbers([CELLS, TOKENS], layoutOf(all, TOKENS, GRID, GRID, [GRID]).mask);
    for (const changed of [{ a: flat }, { [REGION_MASK]: whole }]) {
      const { loss, d } = evaluate(graph, { ...feeds, ...changed });
      expect([...loss!.data, ...d!.data].every(Number.isFinite), kind).toBe(true);
    }
  }
  const { graph, feeds } = graphOf("boxes");
  const flat = numbers([HEADS, CELLS, TOKENS], new Float64Array(HEADS * CELLS * TOKENS).fill(0.25));
  // Inside as strong as outside: 1 for each of the tokens, whose weights are 1 and a half.
  expect(evaluate(graph, { ...feeds, a: flat })["loss"]!.data[0]).toBeCloseTo(256 * SCALES.boxes * 1.5, 3);
});

test("settings choose the program: as published where nothing is said, and by area, in the same one", () => {
  const method = steering({ injects: true, follows: true });
  const program = (loss?: (typeof LOSSES)[number], pastInjection?: boolean) =>
    method.programOf!(actingGuidance({ ...DEFAULT_SETTINGS.guidance, ...(loss ? { loss } : {}), ...(pastInjection ? { pastInjection } : {}) }, 50)); // prettier-ignore
  for (const same of [undefined, "authors", "area"] as const) expect(program(same)).toBe(STEERING);
  expect(new Set(LOSSES.map((loss) => program(loss))).size).toBe(LOSSES.length - 1);
  expect(program("log")).toBe(program("log"));
  expect(new Set(LOSSES.flatMap((loss) => [program(loss), program(loss, true)])).size).toBe(2 * (LOSSES.length - 1));
  expect(program("area", true)).toBe(program("authors", true));
  expect(program("down", true).name).toBe("steering, down, past injection");
});

test("loss guidance that falls with the noise has its strength at noise level 4, and falls evenly in 1 / eta", () => {
  expect(etaAt({ eta: 2, etaFall: 0 }, 14)).toBe(2);
  expect(etaAt({ eta: 2, etaFall: 0.5 }, 4)).toBe(2);
  expect(etaAt({ eta: 2, etaFall: 0.5 }, 0)).toBe(6);
  expect(etaAt({ eta: 2, etaFall: 0.5 }, 10)).toBe(1);
});
