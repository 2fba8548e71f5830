import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import type { UnetConfig } from "../../src-main/checkpoint/unetConfig.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { DType, Graph } from "../../src-main/graph/graph.ts";
import type { Weights } from "../../src-main/checkpoint/weights.ts";
import { Module } from "../../src-main/model/layers.ts";
import type { AttentionTap } from "../../src-main/model/unet.ts";
import { timestepFeatures } from "../../src-main/model/features.ts";
import { type ScoreHook, unet } from "../../src-main/model/unet.ts";
import { expectClose, relativeError } from "../support/closeness.ts";
import type { Feeds } from "../support/interpreter.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { normals } from "../support/randomNumbers.ts";
import { readTensors } from "../support/tensors.ts";
import { RandomWeights, TINY_UNET, unetLacks } from "../support/tinyCheckpoint.ts";

interface Size {
  height: number;
  width: number;
  tokens: number;
}

function forward(config: UnetConfig, weights: Weights, { height, width, tokens }: Size, dtype: DType = "float32") {
  const g = new GraphBuilder();
  const input = (name: string, ...shape: number[]) => g.cast(g.input(name, "float32", shape), dtype);
  const { prediction, taps } = unet(new Module(g, weights, dtype), config, {
    latent: input("latent", 1, config.inChannels, height, width),
    time: input("time", 1, config.blockOutChannels[0]!),
    context: input("context", tokens, config.contextWidth),
  });
  return { g, taps, graph: g.finish({ prediction: g.cast(prediction, "float32") }) };
}

describe("the golden network", () => {
  const { tensors } = readTensors("test/goldens/forward.safetensors");
  let checkpoint: Checkpoint;
  beforeAll(async () => {
    checkpoint = await openCheckpoint("test/goldens/tiny-sd");
  });

  describe.each(["16x16", "24x40", "32x32"])("at %s", (size) => {
    const [height, width] = size.split("x").map(Number) as [number, number];
    let session: OrtSession;
    beforeAll(async () => {
      const { config, weights } = checkpoint.unet;
      const { graph } = forward(config, weights, { height, width, tokens: 77 });
      session = await OrtSession.open(graph, { provider: "cpu", memory: "fast", threads: 1 });
    });
    afterAll(() => session.close());

    test.each(["1", "321", "978.612"])("predicts the noise of step %s", async (step) => {
      const golden = (name: string, n: number) => {
        const { data, shape } = tensors.get(`unet.${size}.${step}.${name}`)!;
        const one = shape.slice(1).reduce((a, b) => a * b, 1);
        return data.slice(n * one, (n + 1) * one);
      };
      const time = timestepFeatures(Number(step), 32, checkpoint.unet.config);
      for (const n of [0, 1]) {
        const { prediction } = await session.run({ latent: golden("x", n), time, context: golden("context", n) });
        expect(relativeError(prediction!, golden("eps", n))).toBeLessThan(1e-4);
      }
    });
  });

  test("uses every weight of the file", () => {
    const { config, weights } = checkpoint.unet;
    forward(config, weights, { height: 16, width: 16, tokens: 77 });
    expect(weights.unused()).toEqual([]);
  });

  test("hands out its cross-attention in forward order, as the method counts it", () => {
    const { config, weights } = checkpoint.unet;
    const { taps } = forward(config, weights, { height: 64, width: 64, tokens: 77 });
    const name = ({ name, height }: AttentionTap) => `${name} ${height}`;
    expect(taps.map(name)).toEqual([
      ...["down_blocks.0.attentions.0 64", "down_blocks.0.attentions.1 64"],
      ...["down_blocks.1.attentions.0 32", "down_blocks.1.attentions.1 32"],
      ...["down_blocks.2.attentions.0 16", "down_blocks.2.attentions.1 16", "mid_block.attentions.0 8"],
      ...["up_blocks.1.attentions.0 16", "up_blocks.1.attentions.1 16", "up_blocks.1.attentions.2 16"],
      ...["up_blocks.2.attentions.0 32", "up_blocks.2.attentions.1 32", "up_blocks.2.attentions.2 32"],
      ...["up_blocks.3.attentions.0 64", "up_blocks.3.attentions.1 64", "up_blocks.3.attentions.2 64"],
    ]);
    for (const { probabilities, heads, height, width } of taps) {
      expect(probabilities.shape).toEqual([heads, height * width, 77]);
    }
  });
});

function feedsOf(config: UnetConfig, { height, width, tokens }: Size): Feeds {
  const random = (seed: number, ...shape: number[]) => numbers(shape, normals(shape, seed));
  return {
    latent: random(1, 1, config.inChannels, height, width),
    time: random(2, 1, config.blockOutChannels[0]!),
    context: random(3, tokens, config.contextWidth),
  };
}

async function compare(graph: Graph, feeds: Feeds, tolerance: number) {
  const [got, expected] = [await runOnnx(graph, feeds), evaluate(graph, feeds)];
  for (const name of Object.keys(expected)) expectClose(got[name]!, expected[name]!, tolerance);
}

describe("a tiny network agrees with the interpreter:", () => {
  const small = { height: 4, width: 6, tokens: 5 };
  test.each<[string, Partial<UnetConfig>, Size]>([
    ["two levels", {}, small],
    ["odd sizes", {}, { height: 17, width: 9, tokens: 3 }],
    ["odd sizes on three levels", { ...three(), normGroups: 2 }, { height: 7, width: 5, tokens: 3 }],
    ["one row", {}, { height: 1, width: 5, tokens: 4 }],
    ["one level", { blockOutChannels: [4], ...levels([true], [true]) }, small],
    ["heads by level", { heads: [1, 4] }, small],
    ["a level without attention", levels([true, false], [false, true]), small],
    ["attention only on the way up", levels([false, false], [true, true]), small],
    ["no attention in the middle", { midAttention: false }, small],
    ["transformers two deep", { transformerDepth: [1, 2] }, small],
    ["layers by level", { layersPerBlock: [1, 2] }, small],
    ["one group, a large epsilon", { normGroups: 1, normEps: 0.1 }, small],
    ["other outputs than inputs", { outChannels: 8 }, small],
  ])("%s", async (_, change, size) => {
    const config = { ...TINY_UNET, ...change };
    const { graph } = forward(config, RandomWeights.create(unetLacks), size);
    expect(graph.outputs[0]!.value.shape).toEqual([1, config.outChannels, size.height, size.width]);
    await compare(graph, feedsOf(config, size), 2e-5);
  });

  function three(): Partial<UnetConfig> {
    return { blockOutChannels: [4, 4, 8], ...levels([true, false, true], [true, true, false]) };
  }
  /** Attention by level on the way down, and by block on the way up. */
  function levels(downAttention: boolean[], upAttention: boolean[]): Partial<UnetConfig> {
    const each = (n: number) => downAttention.map(() => n);
    return { downAttention, upAttention, layersPerBlock: each(1), heads: each(2), transformerDepth: each(1) };
  }
});

test("probabilities of every tap sum to 1 over the tokens", () => {
  const size = { height: 5, width: 3, tokens: 4 };
  const { g, taps } = forward(TINY_UNET, RandomWeights.create(unetLacks), size);
  expect(taps).toHaveLength(1 + 1 + 1 + 2 + 2);
  const sums = Object.fromEntries(taps.map(({ name, probabilities }) => [name, g.sum(probabilities, [2])]));
  for (const { data } of Object.values(evaluate(g.finish(sums), feedsOf(TINY_UNET, size)))) {
    for (const sum of data) expect(sum).toBeCloseTo(1, 12);
  }
});

test("a score hook is told the layer's grid and may change what the layer sees", () => {
  const g = new GraphBuilder();
  const seen: string[] = [];
  const shape = [1, 4, 5, 3];
  const inputs = {
    latent: g.input("latent", "float32", shape),
    time: g.input("time", "float32", [1, 4]),
    context: g.input("context", "float32", [2, 6]),
  };
  const hook: ScoreHook = (scores, layer) => {
    seen.push(`${layer.height}x${layer.width} ${scores.shape.join()}`);
    return g.add(scores, g.constant([0, -1e4], "float32", [2])); // only the first token is left
  };
  const { taps } = unet(new Module(g, RandomWeights.create(unetLacks), "float32"), TINY_UNET, inputs, { scores: hook });
  expect(new Set(seen)).toEqual(new Set(["5x3 2,15,2", "3x2 2,6,2"]));
  const size = { height: 5, width: 3, tokens: 2 };
  const { p } = evaluate(g.finish({ p: taps[3]!.probabilities }), feedsOf(TINY_UNET, size));
  expect([...p!.data].every((v, i) => v === (i % 2 === 0 ? 1 : 0))).toBe(true);
});

describe("attention in float16", () => {
  const size = { height: 4, width: 4, tokens: 5 };
  const typesOf = (upcastAttention: boolean, dtype: DType) => {
    const { graph, taps } = forward({ ...TINY_UNET, upcastAttention }, RandomWeights.create(unetLacks), size, dtype);
    const of = (op: string) => new Set(graph.nodes.filter((node) => node.op === op).map((node) => node.output.dtype));
    return {
      softmax: of("Softmax"),
      fused: of("Attention"),
      gemm: of("Gemm"),
      taps: new Set(taps.map((t) => t.probabilities.dtype)),
    };
  };
  const all = (attention: DType, rest: DType) => {
    const precise = new Set([attention]);
    return { softmax: precise, fused: precise, taps: precise, gemm: new Set([rest]) };
  };

  test("is computed in float32 where the checkpoint asks for it", () => {
    expect(typesOf(false, "float16")).toEqual(all("float16", "float16"));
    expect(typesOf(true, "float16")).toEqual(all("float32", "float16"));
    expect(typesOf(true, "float32")).toEqual(all("float32", "float32"));
  });

  test.each([false, true])("is within the type's precision; upcast %s", async (upcastAttention) => {
    const config = { ...TINY_UNET, upcastAttention };
    const weights = RandomWeights.create(unetLacks, "float16");
    const exact = evaluate(forward(config, weights, size).graph, feedsOf(config, size))["prediction"]!;
    const half = await runOnnx(forward(config, weights, size, "float16").graph, feedsOf(config, size));
    expectClose(half["prediction"]!, exact, 1e-2);
  });
});
