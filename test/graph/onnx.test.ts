import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { expectClose } from "../support/closeness.ts";
import { evaluate, opNames } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { allCases, declare, feedsOf, opCases } from "../support/opCases.ts";

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
