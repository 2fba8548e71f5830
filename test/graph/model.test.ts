/** What a program looks like as an ONNX file: weights by reference, gates, names. */
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { gradient } from "../../src-main/graph/gradient/gradient.ts";
import { commonFolder, toOnnx } from "../../src-main/graph/onnx/onnx.ts";
import { expectClose } from "../support/closeness.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { normals } from "../support/randomNumbers.ts";
import { appendWeight, temporaryFile } from "../support/weightFile.ts";

const parse = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes).graph!;

describe("weights by reference", () => {
  test.each(["float32", "float16", "bfloat16"] as const)("of type %s, at odd places of a file", async (dtype) => {
    const file = temporaryFile(`${dtype}.bin`);
    const [shape, bias] = [[3, 2], [2]];
    const w = appendWeight(file, shape, normals(shape, 1), dtype, 13);
    const b = appendWeight(file, bias, normals(bias, 2), dtype, 1);
    expect([w.offset % 2, b.offset % 2]).toEqual([1, 0]);
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [1, 3]);
    const y = g.gemm(x, g.weight("w", w, "float32"), g.weight("b", b, "float32"));
    const graph = g.finish({ y });
    const feeds = { x: numbers([1, 3], [1, -2, 0.5]) };
    expectClose((await runOnnx(graph, feeds))["y"]!, evaluate(graph, feeds)["y"]!, 1e-6);
  });

  test("large enough to be mapped, and in two folders", async () => {
    const shape = [64, 64]; // 16 KiB; ONNX Runtime copies smaller ones
    const [a, b] = ["unet/a.bin", "vae/deep/b.bin"].map((name, i) =>
      appendWeight(temporaryFile(name), shape, normals(shape, i), "float32", 5 + i),
    );
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [2, 64]);
    const graph = g.finish({ y: g.matmul(g.matmul(x, g.weight("a", a!)), g.weight("b", b!)) });
    const feeds = { x: numbers([2, 64], normals([2, 64], 9)) };
    expectClose((await runOnnx(graph, feeds))["y"]!, evaluate(graph, feeds)["y"]!, 1e-5);
    const locations = parse(toOnnx(graph).bytes).initializer.map((t) => t.externalData[0]!.value);
    expect(locations).toEqual(["unet/a.bin", "vae/deep/b.bin"]);
  });

  test("are not copied into the model", () => {
    const file = temporaryFile("large.bin");
    const ref = appendWeight(file, [256, 256], normals([256, 256], 3), "float32");
    const g = new GraphBuilder();
    const y = g.matmul(g.input("x", "float32", [1, 256]), g.weight("w", ref));
    expect(toOnnx(g.finish({ y })).bytes.length).toBeLessThan(1000);
  });

  test("of one name must be one weight", () => {
    const file = temporaryFile("same.bin");
    const [a, b] = [1, 2].map((n) => appendWeight(file, [1], [n], "float32"));
    const g = new GraphBuilder();
    const y = g.add(g.weight("w", a!), g.weight("w", b!));
    expect(() => toOnnx(g.finish({ y }))).toThrow("two weights named w");
  });
});

test.each([
  { files: [], folder: undefined },
  { files: ["/a/b/c.bin"], folder: "/a/b" },
  { files: ["/a/b/c.bin", "/a/b/d.bin"], folder: "/a/b" },
  { files: ["/a/b/c.bin", "/a/bc/d.bin"], folder: "/a" },
  { files: ["/a/b/c/d.bin", "/a/b/e.bin"], folder: "/a/b" },
  { files: ["/a/b.bin", "/c/d.bin"], folder: "/" },
  { files: ["/a.bin"], folder: "/" },
])("the folder of $files is $folder", ({ files, folder }) => {
  expect(commonFolder(files)).toBe(folder);
});

describe("gated outputs", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2, 3]);
  const scale = g.weight("scale", appendWeight(temporaryFile("gate.bin"), [3], [1, -2, 3], "float32", 7));
  const y = g.sigmoid(g.mul(x, scale));
  const loss = g.sum(g.mul(y, y), [0, 1]);
  const graph = g.finish({
    y,
    loss,
    slope: gradient(g, [[loss, g.constant(1, "float32", [1, 1])]], x),
    copy: x,
    fixed: scale,
  });
  const feeds = { x: numbers([2, 3], normals([2, 3], 4)) };
  const gate = { input: "on", outputs: ["slope", "copy", "fixed"] };

  test("are computed when the gate is on", async () => {
    const expected = evaluate(graph, feeds);
    const got = await runOnnx(graph, feeds, { ...gate, on: true });
    expect(Object.keys(got)).toEqual(["y", "loss", "slope", "copy", "fixed"]);
    for (const name of Object.keys(got)) expectClose(got[name]!, expected[name]!, 1e-6);
  });

  test("are a single zero when it is off; the others do not change", async () => {
    const expected = evaluate(graph, feeds);
    const got = await runOnnx(graph, feeds, { ...gate, on: false });
    for (const name of gate.outputs) expect(got[name]).toEqual(numbers([1], [0]));
    for (const name of ["y", "loss"]) expectClose(got[name]!, expected[name]!, 1e-6);
  });

  test("take only what nothing else needs into the branch", () => {
    const { node } = parse(toOnnx(graph, gate).bytes);
    const branch = node.find((n) => n.opType === "If")!.attribute.find((a) => a.name === "then_branch")!.g!;
    const ops = (nodes: typeof node) => nodes.map((n) => n.opType).filter((op) => op !== "Identity");
    // Expand is of a constant: the cotangent of the sum.
    expect(ops(node)).toEqual(["Mul", "Sigmoid", "Mul", "ReduceSum", "Expand", "If"]);
    expect(ops(branch.node)).not.toContain("Sigmoid");
    expect(branch.initializer).toEqual([]); // they are outside, where a session shares them
  });

  describe("behind another gate", () => {
    const h = new GraphBuilder();
    const v = h.input("v", "float32", [2]);
    const [square, other] = [h.mul(v, v), h.exp(v)];
    const outputs = { square, cube: h.mul(square, v), fourth: h.mul(square, square), other };
    const program = h.finish(outputs);
    const gates = (...on: string[]) =>
      [
        { input: "powers", outputs: ["square"] },
        { input: "third", outputs: ["cube"], within: "powers" },
        { input: "fourth?", outputs: ["fourth"], within: "powers" },
        { input: "else", outputs: ["other"] },
      ].map((one) => ({ ...one, on: on.includes(one.input) }));
    const at = { v: numbers([2], [2, -3]) };

    test.each([
      { on: ["powers", "third", "fourth?", "else"], given: ["square", "cube", "fourth", "other"] },
      { on: ["powers", "fourth?"], given: ["square", "fourth"] },
      { on: ["powers"], given: ["square"] },
      { on: ["third", "else"], given: ["other"] },
    ])("$on open give $given, and zeros for the rest", async ({ on, given }) => {
      const [expected, got] = [evaluate(program, at), await runOnnx(program, at, gates(...on))];
      expect(Object.keys(got)).toEqual(Object.keys(outputs));
      for (const name of Object.keys(outputs)) {
        expectClose(got[name]!, given.includes(name) ? expected[name]! : numbers([1], [0]), 1e-6);
      }
    });

    test("what both need is computed once", () => {
      const { node } = parse(toOnnx(program, gates()).bytes);
      const branch = node[0]!.attribute.find((a) => a.name === "then_branch")!.g!;
      expect(node.map((n) => n.opType)).toEqual(["If", "If"]);
      expect(branch.node.map((n) => n.opType)).toEqual(["Mul", "Identity", "If", "If"]);
    });
  });

  test("leave outside what is the same in every run", () => {
    const h = new GraphBuilder();
    const v = h.input("v", "float32", [2]);
    const fixed = h.exp(h.constant([1, 2], "float32", [2]));
    const { node } = parse(toOnnx(h.finish({ a: v, b: h.mul(v, fixed) }), { input: "on", outputs: ["b"] }).bytes);
    expect(node.map((n) => n.opType)).toEqual(["Exp", "Identity", "If"]);
  });

  test("make what is the same in every run anew, outside and in the branch, where it is not to be kept", () => {
    const h = new GraphBuilder();
    const v = h.input("v", "float32", [2]);
    const fixed = h.exp(h.constant([1, 2], "float32", [2]));
    const program = h.finish({ a: h.mul(h.add(v, v), fixed), b: h.mul(h.sigmoid(v), fixed) });
    const { node } = parse(toOnnx(program, { input: "on", outputs: ["b"] }, { attention: "fused", fixedValues: "remade" }).bytes); // prettier-ignore
    expect(node.map((n) => n.opType)).toEqual(["Exp", "Add", "Mul", "Identity", "If"]);
    const branch = node.at(-1)!.attribute.find((a) => a.name === "then_branch")!.g!;
    expect(branch.node.map((n) => n.opType)).toEqual(["Exp", "Sigmoid", "Mul", "Identity"]);
    const outside = new Set(node.flatMap((n) => n.output));
    expect(branch.node.flatMap((n) => n.input).filter((name) => outside.has(name))).toEqual([]);
  });

  test("compute cheap values anew in the branch, where it is asked for, instead of having them held", () => {
    const h = new GraphBuilder();
    const v = h.input("v", "float32", [2]);
    const [dear, cheap] = [h.exp(v), h.quickGelu(h.gelu(h.sigmoid(v)), 1)];
    const unread = h.gelu(v);
    const program = h.finish({ a: h.add(h.mul(dear, cheap), unread), b: h.sub(dear, cheap) });
    const ops = (recomputes: boolean) => {
      const { node } = parse(
        toOnnx(program, { input: "on", outputs: ["b"] }, { attention: "fused", recomputes }).bytes,
      );
      const branch = node.at(-1)!.attribute.find((a) => a.name === "then_branch")!.g!;
      return [node, branch.node].map((nodes) => nodes.map((n) => n.opType));
    };
    const outside = ["Exp", "Sigmoid", "Gelu", "QuickGelu", "Gelu", "Mul", "Add", "Identity", "If"];
    expect(ops(false)).toEqual([outside, ["Sub", "Identity"]]);
    expect(ops(true)).toEqual([outside, ["Gelu", "QuickGelu", "Sub", "Identity"]]);
  });

  test("must be outputs", () => {
    expect(() => toOnnx(graph, { input: "on", outputs: ["y", "nothing"] })).toThrow("no outputs y, nothing");
  });
});

test("nodes that no output needs are not written; inputs stay", () => {
  const g = new GraphBuilder();
  const [x, unused] = [g.input("x", "float32", [2]), g.input("unused", "float32", [2])];
  g.exp(unused);
  g.sqrt(x);
  const { node, input } = parse(toOnnx(g.finish({ y: g.sigmoid(x) })).bytes);
  expect(node.map((n) => n.opType)).toEqual(["Sigmoid", "Identity"]);
  expect(input.map((v) => v.name)).toEqual(["x", "unused"]);
});

test("an input and a constant may be outputs", async () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2]);
  const graph = g.finish({ a: x, b: x, c: g.constant([3, 4, 5], "float32", [3]) });
  const got = await runOnnx(graph, { x: numbers([2], [1, 2]) });
  expect(Object.values(got).map(({ data }) => [...data])).toEqual([
    [1, 2],
    [1, 2],
    [3, 4, 5],
  ]);
});

test("equal constants are one, and their names are short", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [100]);
  const wave = Array.from({ length: 100 }, (_, i) => Math.sin(i));
  const y = g.add(g.mul(x, g.constant(wave, "float32", [100])), g.constant([...wave], "float32", [100]));
  const { initializer } = parse(toOnnx(g.finish({ y: g.add(y, g.constant(2, "float32", [100])) })).bytes);
  expect(initializer.map(({ name, dims }) => [name, Number(dims[0])])).toEqual([
    ["c0", 100],
    ["c1", 100],
  ]);
});

test("constants of every type arrive", async () => {
  const g = new GraphBuilder();
  const graph = g.finish({
    float: g.constant([1.5, -0.25], "float32", [2]),
    half: g.cast(g.constant([1.5, 65504], "float16", [2]), "float32"),
    long: g.cast(g.constant([-(2 ** 40), 3], "int64", [2]), "float32"),
    int: g.cast(g.constant([-7, 3], "int32", [2]), "float32"),
    truth: g.cast(g.constant([1, 0], "bool", [2]), "float32"),
  });
  const got = await runOnnx(graph, {});
  const expected = evaluate(graph, {});
  for (const name of Object.keys(expected)) expect([...got[name]!.data]).toEqual([...expected[name]!.data]);
});
