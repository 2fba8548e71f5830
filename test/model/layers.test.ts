import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { print } from "../../src-main/graph/print.ts";
import {
  Module,
  conv2d,
  flatten,
  linear,
  linearOfColumns,
  linearToColumns,
  residualBlock,
} from "../../src-main/model/layers.ts";
import { timestepFeatures } from "../../src-main/model/features.ts";
import { expectClose } from "../support/closeness.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { normals } from "../support/randomNumbers.ts";
import { RandomWeights } from "../support/tinyCheckpoint.ts";

function module(lacks?: (name: string) => boolean) {
  const g = new GraphBuilder();
  return { g, m: new Module(g, RandomWeights.create(lacks), "float32") };
}

test("a linear layer of columns, or to columns, is the linear layer and a transpose", () => {
  for (const lacks of [undefined, (name: string) => name.endsWith("bias")]) {
    const { g, m } = module(lacks);
    const x = g.input("x", "float32", [5, 3]);
    const y = linear(m.at("p"), x, 4);
    const graph = g.finish({
      y,
      ofColumns: linearOfColumns(m.at("p"), g.transpose(x, [1, 0]), 4),
      toColumns: g.transpose(linearToColumns(m.at("p"), x, 4), [1, 0]),
    });
    const out = evaluate(graph, { x: numbers([5, 3], normals([5, 3], 1)) });
    expectClose(out["ofColumns"]!, out["y"]!, 1e-14);
    expectClose(out["toColumns"]!, out["y"]!, 1e-14);
  }
});

test("rows of a weight are a part of its bytes", () => {
  const { g, m } = module();
  const whole = m.weight("w", [4, 3]);
  const part = m.weightRows("w", [4, 3], 1, 3);
  const { y, z } = evaluate(g.finish({ y: g.slice(whole, 0, 1, 3), z: part }), {});
  expect(z).toEqual(y);
  expect(part.source).toMatchObject({ kind: "weight", name: "w[1:3]", ref: { length: 24, shape: [2, 3] } });
});

test("weights are asked for under the checkpoint's names", () => {
  const { g, m } = module();
  const x = g.input("x", "float32", [1, 4, 3, 2]);
  const y = residualBlock(m.at("resnets.0"), x, 6, { groups: 2, epsilon: 1e-5 }, g.input("time", "float32", [1, 5]));
  expect(y.shape).toEqual([1, 6, 3, 2]);
  expect(new Set(m.weights.names())).toEqual(
    new Set(
      ["norm1", "conv1", "time_emb_proj", "norm2", "conv2", "conv_shortcut"].flatMap((layer) => [
        `resnets.0.${layer}.weight`,
        `resnets.0.${layer}.bias`,
      ]),
    ),
  );
});

test("a block that keeps its channels has no shortcut, and in the autoencoder no time", () => {
  const { g, m } = module();
  const y = residualBlock(m, g.input("x", "float32", [1, 4, 2, 2]), 4, { groups: 4, epsilon: 1e-6 });
  expect(print(g.finish({ y }))).toMatchInlineSnapshot(`
    "x : f32[1,4,2,2]
    %0 = GroupNorm(x, @norm1.weight, @norm1.bias) {groups=4 epsilon=0.000001} : f32[1,4,2,2]
    %1 = QuickGelu(%0) {alpha=1} : f32[1,4,2,2]
    %2 = Conv(%1, @conv1.weight, @conv1.bias) {strides=[1,1] pads=[1,1,1,1]} : f32[1,4,2,2]
    %3 = GroupNorm(%2, @norm2.weight, @norm2.bias) {groups=4 epsilon=0.000001} : f32[1,4,2,2]
    %4 = QuickGelu(%3) {alpha=1} : f32[1,4,2,2]
    %5 = Conv(%4, @conv2.weight, @conv2.bias) {strides=[1,1] pads=[1,1,1,1]} : f32[1,4,2,2]
    %6 = Add(%5, x) : f32[1,4,2,2]
    y <- %6"
  `);
});

test("convolutions keep the size, halve it, or pad where they are told", () => {
  const { g, m } = module();
  const x = g.input("x", "float32", [1, 2, 7, 6]);
  expect(conv2d(m.at("a"), x, 3).shape).toEqual([1, 3, 7, 6]);
  expect(conv2d(m.at("b"), x, 3, { stride: 2 }).shape).toEqual([1, 3, 4, 3]);
  expect(conv2d(m.at("c"), x, 3, { stride: 2, padding: [0, 0, 1, 1] }).shape).toEqual([1, 3, 3, 3]);
  expect(conv2d(m.at("d"), x, 3, { kernel: 1, padding: 0 }).shape).toEqual([1, 3, 7, 6]);
  expect(flatten(m, x).shape).toEqual([2, 42]);
});

describe("features of a timestep are diffusers' in float32", () => {
  // torch 2.13.0+cpu, get_timestep_embedding of diffusers 0.25.1 written out, float32
  test.each([
    [
      321,
      8,
      true,
      0,
      [0.848554313, 0.775005877, -0.997661114, 0.948920369, 0.529108286, 0.631954014, -0.0683540478, 0.315515608],
    ],
    [
      978.612,
      8,
      true,
      0,
      [0.00588788465, -0.890743196, -0.935423434, 0.558174789, -0.999982655, -0.454506874, -0.353529423, 0.829723418],
    ],
    [
      321,
      8,
      false,
      1,
      [0.529108286, 0.72322613, 0.63774997, 0.0320944823, 0.848554313, -0.690611243, 0.770243406, 0.999484837],
    ],
    [1, 6, true, 0.5, [0.540302336, 0.999684513, 0.999999821, 0.841470957, 0.0251162238, 0.000630957307]],
  ])("at %d, %i wide, flipped %s, shift %d", (timestep, width, flipSinToCos, freqShift, expected) => {
    const got = timestepFeatures(timestep, width, { flipSinToCos, freqShift });
    expect(got).toHaveLength(width);
    got.forEach((x, i) => expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-6));
  });

  test("and for the width of Stable Diffusion", () => {
    const got = timestepFeatures(978.612, 320, { flipSinToCos: true, freqShift: 0 });
    // prettier-ignore
    const expected = [
      [0, 0.00588788465], [1, 0.971094429], [7, 0.826403856], [50, 0.0534941591], [159, 0.994632125],
      [160, -0.999982655], [161, 0.238695741], [167, 0.563077867], [210, -0.998568177], [319, 0.103474297],
    ] as const;
    // exp() may differ in the last bit, and an angle of 978 makes 6e-5 of that
    for (const [i, x] of expected) expect(Math.abs(got[i]! - x)).toBeLessThan(7e-5);
  });
});
