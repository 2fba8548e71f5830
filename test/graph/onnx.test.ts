import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { Value } from "../../src-main/graph/graph.ts";
import { toOnnx, type OnnxOptions } from "../../src-main/graph/onnx/onnx.ts";
import { expectClose } from "../support/closeness.ts";
import { evaluate, numbers, opNames } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { allCases, declare, feedsOf, opCases } from "../support/opCases.ts";
import { normals } from "../support/randomNumbers.ts";

test("every op has cases", () => {
  expect(Object.keys(opCases)).toEqual(opNames);
});

describe("ONNX Runtime computes what an op means:", () => {
  test.each(allCases)("%s %s", async (op, _, one) => {
    const g = new GraphBuilder();
    const y = one.build(g, declare(g, one));
    expect(g.nodes.map((node) => node.op)).toContain(op);
    const graph = g.finish({ y });
    const expected = evaluate(graph, feedsOf(one))["y"]!;
    const got = (await runOnnx(graph, feedsOf(one)))["y"]!;
    expectClose(got, expected, 2e-6);
  });
});

describe("groups normalised as rows, as the processor does it:", () => {
  const rows: OnnxOptions = { attention: "fused", groups: "rows" };
  test.each(opCases.GroupNorm.map((one, i) => [i, one] as const))("case %i", async (_, one) => {
    const g = new GraphBuilder();
    const graph = g.finish({ y: one.build(g, declare(g, one)) });
    const expected = evaluate(graph, feedsOf(one))["y"]!;
    expectClose((await runOnnx(graph, feedsOf(one), [], rows))["y"]!, expected, 2e-6);
  });

  test("outside and behind a gate, with one value of ones", async () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [1, 4, 3]);
    const norm = (v: Value) => g.groupNorm(v, g.constant(2, "float32", [4]), g.constant(1, "float32", [4]), 2, 1e-5);
    const y = norm(x);
    const graph = g.finish({ y, z: norm(g.exp(y)) });
    const feeds = { x: numbers([1, 4, 3], normals([12], 1)) };
    const gate = { input: "on", outputs: ["z"], on: true };
    const expected = evaluate(graph, feeds);
    const got = await runOnnx(graph, feeds, gate, rows);
    for (const name of ["y", "z"]) expectClose(got[name]!, expected[name]!, 2e-6);
    const model = fromBinary(ModelProtoSchema, toOnnx(graph, gate, rows).bytes);
    expect(model.graph!.node.filter(({ opType }) => opType === "Expand")).toHaveLength(1);
  });
});

describe("and in float16:", () => {
  const floats = allCases.filter(
    ([op, , one]) => op !== "Cast" && one.inputs.some(({ dtype = "float32" }) => dtype === "float32"),
  );
  test.each(floats)("%s %s", async (_op, _, one) => {
    const g = new GraphBuilder();
    const inputs = declare(g, one).map((v) => (v.dtype === "float32" ? g.cast(v, "float16") : v));
    const graph = g.finish({ y: g.cast(one.build(g, inputs), "float32") });
    const expected = evaluate(graph, feedsOf(one))["y"]!;
    const got = (await runOnnx(graph, feedsOf(one)))["y"]!;
    expectClose(got, expected, 3e-3);
  });
});
