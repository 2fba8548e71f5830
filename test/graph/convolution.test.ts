/** The forms in which a processor computes convolutions fastest give what the plain convolution and its adjoint give. */
import { describe, expect, test } from "vitest";
import { chooseTiles, remadeTile } from "../../src-main/graph/convolution/choice.ts";
import { convolutionsOf, withFastConvolutions } from "../../src-main/graph/convolution/rewrite.ts";
import { transformedWeights, winogradAdjoint, winogradConv } from "../../src-main/graph/convolution/winograd.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { Graph, Pads, Shape } from "../../src-main/graph/graph.ts";
import { print } from "../../src-main/graph/print.ts";
import { expectClose } from "../support/closeness.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { opCases } from "../support/opCases.ts";
import { normals } from "../support/randomNumbers.ts";
import { inWinogradForm } from "../support/winograd.ts";

const ONE: Pads = [1, 1, 1, 1];
const TILES = [2, 4] as const;

/** `x` convolved with constant weights, and the adjoint of that applied to `dy`. */
function program(x: Shape, out: number, pads = ONE, { kernel = [3, 3], strides = [1, 1] as [number, number] } = {}) {
  const g = new GraphBuilder();
  const shape = [out, x[1]!, ...kernel];
  const w = g.constant(normals(shape, 1), "float32", shape);
  const picture = g.input("x", "float32", x);
  const y = g.conv(picture, w, g.constant(normals([out], 2), "float32", [out]), { strides, pads });
  const size = [x[2]!, x[3]!] as const;
  const dx = g.append("ConvTranspose", [g.input("dy", "float32", y.shape), w], { strides, pads, size });
  return g.finish({ y, dx });
}

const feedsOf = (graph: Graph) =>
  Object.fromEntries(
    graph.inputs.map((v, i) => [i === 0 ? "x" : "dy", numbers(v.shape, normals(v.shape, 3 + i))] as const),
  );

const opsOf = (graph: Graph) => graph.nodes.map(({ op }) => op);

describe("Winograd's form, forward and adjoint, is the plain one:", () => {
  const pictures: [Shape, out: number, pads?: Pads][] = [
    [[1, 2, 4, 4], 3],
    [[1, 3, 8, 12], 2],
    [[1, 2, 1, 1], 1],
    [[1, 1, 5, 3], 2],
    [[1, 2, 7, 9], 3],
    [[3, 2, 6, 5], 4],
    [[1, 2, 6, 7], 3, [0, 0, 0, 0]],
    [[2, 1, 5, 4], 2, [2, 2, 2, 2]],
    [[1, 2, 4, 7], 2, [0, 2, 1, 0]],
  ];
  test.each(pictures.flatMap(([x, out, pads = ONE]) => TILES.map((tile) => [tile, x, out, pads] as const)))(
    "tiles of %i, x %j, %i channels out, padding %j",
    async (tile, x, out, pads) => {
      const plain = program(x, out, pads);
      const fast = inWinogradForm(plain, tile);
      expect(fast.outputs.map(({ value }) => value.shape)).toEqual(plain.outputs.map(({ value }) => value.shape));
      const [feeds, count] = [feedsOf(plain), (tile + 2) ** 2];
      expect(print(fast)).toContain(`f32[1,${count},${out},${x[1]}]`);
      const expected = evaluate(plain, feeds);
      for (const [name, exact] of Object.entries(evaluate(fast, feeds))) expectClose(exact, expected[name]!, 1e-12);
      for (const [name, real] of Object.entries(await runOnnx(fast, feeds))) expectClose(real, expected[name]!, 5e-6);
    },
  );

  test("with hundreds of channels, to a few parts in a million", async () => {
    const plain = program([1, 320, 12, 12], 320);
    const feeds = feedsOf(plain);
    const expected = await runOnnx(plain, feeds);
    for (const [tile, tolerance] of [
      [2, 1.5e-6],
      [4, 5e-6],
    ] as const) {
      const real = await runOnnx(inWinogradForm(plain, tile), feeds);
      for (const name of ["y", "dx"]) expectClose(real[name]!, expected[name]!, tolerance);
    }
  });

  test.each([1, 100, 300, 700])("in bands of rows, of %i numbers at once", (atOnce) => {
    const [shape, pads]: [Shape, Pads] = [[2, 2, 13, 6], [1, 2, 0, 1]]; // prettier-ignore
    const plain = program(shape, 3, pads);
    const feeds = feedsOf(plain);
    for (const tile of TILES) {
      const g = new GraphBuilder();
      const [x, dy] = plain.inputs.map((v, i) => g.input(i === 0 ? "x" : "dy", v.dtype, v.shape));
      const u = transformedWeights(g, g.constant(normals([3, 2, 3, 3], 1), "float32", [3, 2, 3, 3]), tile);
      const bias = g.constant(normals([3], 2), "float32", [1, 3, 1, 1]);
      const y = g.add(winogradConv(g, x!, u, tile, pads, atOnce), bias);
      const dx = winogradAdjoint(g, dy!, u, tile, { pads, size: [13, 6] }, atOnce);
      const graph = g.finish({ y, dx });
      if (atOnce < 700) expect(opsOf(graph)).toContain("Concat");
      const expected = evaluate(plain, feeds);
      for (const [name, exact] of Object.entries(evaluate(graph, feeds))) expectClose(exact, expected[name]!, 1e-12);
    }
  });

  test("forward and adjoint take the same transformed weights", () => {
    const lines = print(inWinogradForm(program([1, 2, 4, 4], 3), 2)).split("\n");
    expect(lines.filter((line) => line.includes("strides=[1,9]"))).toHaveLength(1);
    expect(lines.filter((line) => /MatMul|\[1,16,3,2\]/.test(line))).toMatchInlineSnapshot(`
      [
        "%1 = Conv(%0, [1, 0, 0, 0, 0, 0, …]) {strides=[1,9] pads=[0,0,0,0]} : f32[1,16,3,2]",
        "%6 = MatMul(%1, %5) : f32[1,16,3,4]",
        "%16 = TurnedMatMul(%1, %15) : f32[1,16,2,4]",
      ]
    `);
  });
});

describe("what has no Winograd form is left alone:", () => {
  const alone = (graph: Graph) => {
    expect(convolutionsOf(graph)).toEqual([]);
    const feeds = feedsOf(graph);
    const expected = evaluate(graph, feeds);
    const fast = inWinogradForm(graph, 2);
    for (const [name, exact] of Object.entries(evaluate(fast, feeds))) expectClose(exact, expected[name]!, 1e-12);
    return opsOf(fast);
  };
  test("strides of two", () => {
    expect(alone(program([1, 2, 6, 6], 3, ONE, { strides: [2, 2] }))).toEqual(["Conv", "ConvTranspose"]);
    expect(alone(program([1, 2, 6, 6], 3, ONE, { strides: [1, 2] }))).toEqual(["Conv", "ConvTranspose"]);
  });
  test("other kernels, whose adjoints with strides of one are convolutions with flipped weights", () => {
    expect(alone(program([1, 2, 4, 5], 3, [0, 0, 0, 0], { kernel: [1, 1] }))).toEqual(["Conv", "Transpose", "Conv"]);
    const oblong = alone(program([1, 2, 4, 5], 3, [1, 2, 1, 2], { kernel: [3, 5] }));
    expect(oblong).toEqual(["Conv", "Transpose", "Slice", "Slice", "Conv"]);
  });
  test("padding wider than the kernel reaches", () => {
    expect(alone(program([1, 1, 3, 3], 2, [3, 0, 0, 0]))).toEqual(["Conv", "ConvTranspose"]);
  });
  test("weights that are not the same in every run", () => {
    const g = new GraphBuilder();
    const w = g.exp(g.input("dy", "float32", [2, 3, 3, 3]));
    const y = g.conv(g.input("x", "float32", [1, 3, 4, 4]), w, undefined, { strides: [1, 1], pads: ONE });
    const graph = g.finish({ y });
    expect(convolutionsOf(graph)).toEqual([]);
  });
});

describe("a plain adjoint is the same as a convolution with flipped weights:", () => {
  test.each(opCases.ConvTranspose.map((one) => [one.title, one] as const))("%s", async (_, one) => {
    const g = new GraphBuilder();
    const [dy, w] = one.inputs.map(({ shape, values }, i) =>
      i === 0 ? g.input("x", "float32", shape) : g.constant(values, "float32", shape),
    );
    const graph = g.finish({ y: one.build(g, [dy!, w!]) });
    const feeds = feedsOf(graph);
    const expected = evaluate(graph, feeds)["y"]!;
    const fast = withFastConvolutions(graph, () => undefined);
    expectClose(evaluate(fast, feeds)["y"]!, expected, 1e-12);
    expectClose((await runOnnx(fast, feeds))["y"]!, expected, 1e-5);
    const kept = withFastConvolutions(graph, () => undefined, { flips: false });
    expect(kept.nodes.map(({ op }) => op)).toEqual(graph.nodes.map(({ op }) => op));
  });
});

describe("the choice of tiles", () => {
  /** As `channels -> out at size x size`, a convolution with or without its adjoint. */
  const graphOf = (layers: readonly (readonly [channels: number, out: number, size: number])[], adjoint: boolean) => {
    const g = new GraphBuilder();
    const outputs = layers.flatMap(([channels, out, size], i) => {
      const ref = { file: "/w", offset: i, length: 36 * out * channels, dtype: "float32", shape: [out, channels, 3, 3] } as const; // prettier-ignore
      const w = g.weight(`w${i}`, ref);
      const x = g.input(`x${i}`, "float32", [1, channels, size, size]);
      const y = g.conv(x, w, undefined, { strides: [1, 1], pads: ONE });
      return adjoint ? [y, g.append("ConvTranspose", [y, w], { strides: [1, 1], pads: ONE, size: [size, size] })] : [y];
    });
    return g.finish(Object.fromEntries(outputs.map((value, i) => [String(i), value])));
  };
  const tiles = (layers: Parameters<typeof graphOf>[0], adjoint = true, mostMore?: number) => {
    const convolutions = convolutionsOf(graphOf(layers, adjoint));
    const chosen = chooseTiles(convolutions, mostMore);
    const weights = [...new Set(convolutions.map((one) => one.weights))];
    return weights.map((w) => chosen.get(w) ?? "plain");
  };

  test("is larger tiles for larger pictures, and none for a few channels", () => {
    const unet = [[320, 320, 64], [640, 640, 32], [1280, 1280, 16], [1280, 1280, 8], [4, 320, 64], [320, 4, 64]] as const; // prettier-ignore
    expect(tiles(unet, true, 1e9)).toEqual([4, 4, 4, 2, "plain", "plain"]);
    const decoder = [[512, 512, 64], [256, 256, 256], [128, 128, 512], [128, 3, 512]] as const; // prettier-ignore
    expect(tiles(decoder, false)).toEqual([4, 4, 4, "plain"]);
  });

  test("holds no more numbers than it may, and gives up what saves least for what it holds", () => {
    const layers = [[320, 320, 64], [640, 640, 32]] as const; // prettier-ignore
    // With both directions plain forms hold 18 numbers for each pair of channels, tiles of 4 hold 36 and of 2 hold 16.
    const extra = 18 * 320 * 320;
    expect(tiles(layers, true, 1e9)).toEqual([4, 4]);
    expect(tiles(layers, true, extra)).toEqual([4, 2]);
    expect(tiles(layers, true, 0)).toEqual([2, 2]);
    expect(tiles(layers, true)).toEqual([2, 2]);
    expect(tiles(layers, false, 0)).toEqual(["plain", "plain"]);
  });

  test("where weights are transformed in every run is Winograd's for large pictures and few channels alone", () => {
    const chosen = ([channels, out, size]: readonly [number, number, number]) =>
      convolutionsOf(graphOf([[channels, out, size]], true)).map((one) => remadeTile(one) ?? "plain");
    expect(chosen([320, 320, 64])).toEqual([4, 4]);
    expect(chosen([1920, 640, 32])).toEqual([2, 2]); // tiles of 4 would be 170 MiB
    expect(chosen([1280, 1280, 16])).toEqual(["plain", "plain"]);
    expect(chosen([4, 320, 64])).toEqual(["plain", "plain"]);
  });

  test("is the same for the same shapes", () => {
    const layers = [[320, 320, 64], [960, 320, 64], [640, 640, 32], [1280, 640, 32]] as const; // prettier-ignore
    expect(tiles(layers, true, 1e7)).toEqual(tiles(layers, true, 1e7));
  });
});
