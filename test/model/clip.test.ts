import { describe, expect, test } from "vitest";
import type { TextConfig } from "../../src-main/checkpoint/config.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { DType } from "../../src-main/graph/graph.ts";
import { clipTextEncoder } from "../../src-main/model/clip.ts";
import { Module } from "../../src-main/model/layers.ts";
import { expectClose, relativeError } from "../support/closeness.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { readTensors } from "../support/tensors.ts";
import { RandomWeights, TINY_TEXT } from "../support/tinyCheckpoint.ts";

test("states of the golden prompts", async () => {
  const { tensors } = readTensors("test/goldens/forward.safetensors");
  const { text } = await openCheckpoint("test/goldens/tiny-sd");
  const g = new GraphBuilder();
  const hidden = clipTextEncoder(new Module(g, text.weights, "float32"), text.config, {
    ids: g.input("ids", "int64", [77]),
  });
  const session = await OrtSession.open(g.finish({ hidden }), { provider: "cpu", memory: "fast", threads: 1 });
  const [ids, states] = [tensors.get("text.ids")!.data, tensors.get("text.hidden")!.data];
  for (const n of [0, 1]) {
    const got = await session.run({ ids: BigInt64Array.from([...ids.subarray(77 * n, 77 * (n + 1))], BigInt) });
    expect(relativeError(got["hidden"]!, states.subarray(n * 77 * 32, (n + 1) * 77 * 32))).toBeLessThan(1e-4);
  }
  await session.close();
});

function encoder(config: TextConfig, dtype: DType = "float32", weights = RandomWeights.create()) {
  const g = new GraphBuilder();
  const hidden = clipTextEncoder(new Module(g, weights, dtype), config, { ids: g.input("ids", "int64", [7]) });
  return g.finish({ hidden: g.cast(hidden, "float32") });
}

const ids = numbers([7], [0, 3, 19, 7, 7, 1, 1]);

describe.each(["quick_gelu", "gelu"] as const)("a tiny encoder with %s", (activation) => {
  const graph = encoder({ ...TINY_TEXT, activation });

  test("is the same in ONNX Runtime", async () => {
    expectClose((await runOnnx(graph, { ids }))["hidden"]!, evaluate(graph, { ids })["hidden"]!, 1e-5);
  });

  test("sees only earlier tokens", () => {
    const [a, b] = [ids, numbers([7], [0, 3, 19, 7, 2, 5, 6])].map((v) => evaluate(graph, { ids: v })["hidden"]!.data);
    const width = TINY_TEXT.hiddenSize;
    expect([...b!.subarray(0, 4 * width)]).toEqual([...a!.subarray(0, 4 * width)]);
    expect([...b!.subarray(4 * width, 5 * width)]).not.toEqual([...a!.subarray(4 * width, 5 * width)]);
  });
});

test("the activations differ", () => {
  const weights = RandomWeights.create();
  const [quick, exact] = (["quick_gelu", "gelu"] as const).map((activation) => {
    return evaluate(encoder({ ...TINY_TEXT, activation }, "float32", weights), { ids })["hidden"]!.data;
  });
  expect(relativeError(quick!, exact!)).toBeGreaterThan(1e-4);
});

test.each(["float16", "bfloat16"] as const)("weights stored as %s are computed with as float32", async (dtype) => {
  const graph = encoder(TINY_TEXT, "float32", RandomWeights.create(undefined, dtype));
  expectClose((await runOnnx(graph, { ids }))["hidden"]!, evaluate(graph, { ids })["hidden"]!, 1e-5);
});

test("in float16 it stays within that type's precision", async () => {
  const weights = RandomWeights.create();
  const exact = evaluate(encoder(TINY_TEXT, "float32", weights), { ids })["hidden"]!;
  expectClose((await runOnnx(encoder(TINY_TEXT, "float16", weights), { ids }))["hidden"]!, exact, 1e-2);
});
