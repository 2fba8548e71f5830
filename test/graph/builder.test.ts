import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { Shape } from "../../src-main/graph/graph.ts";
import { print } from "../../src-main/graph/print.ts";
import { staticValues, withoutDeadNodes } from "../../src-main/graph/simplify.ts";
import { evaluate, numbers } from "../support/interpreter.ts";

function start(...shapes: Shape[]) {
  const g = new GraphBuilder();
  return { g, v: shapes.map((shape, i) => g.input(`x${i}`, "float32", shape)) };
}

test("a program prints one node a line", () => {
  const { g, v } = start([2, 3]);
  const w = g.weight("proj.weight", { file: "/w", offset: 8, length: 24, dtype: "float16", shape: [4, 3] }, "float32");
  const table = g.constant([1, 2, 3, 4, 5, 6, 7, 8], "float32", [2, 4]);
  const y = g.softmax(g.add(g.gemm(v[0]!, w, undefined, { b: true }), table), 1);
  expect(print(g.finish({ y, half: g.mul(y, 0.5) }))).toMatchInlineSnapshot(`
    "x0 : f32[2,3]
    %0 = Cast(@proj.weight) {to="float32"} : f32[4,3]
    %1 = Gemm(x0, %0) {transA=0 transB=1} : f32[2,4]
    %2 = Add(%1, [1, 2, 3, 4, 5, 6, …]) : f32[2,4]
    %3 = Softmax(%2) {axis=1} : f32[2,4]
    %4 = Mul(%3, 0.5) : f32[2,4]
    y <- %3
    half <- %4"
  `);
});

describe("equal nodes are one:", () => {
  test("same op, inputs and attributes", () => {
    const { g, v } = start([2, 3]);
    const [x] = v as [(typeof v)[0]];
    expect(g.exp(x)).toBe(g.exp(x));
    expect(g.mul(x, 2)).toBe(g.mul(x, 2));
    expect(g.softmax(x, 0)).not.toBe(g.softmax(x, 1));
    expect(g.mul(x, g.exp(x))).not.toBe(g.mul(g.exp(x), x));
    expect(g.constant([1, 2], "float32", [2])).toBe(g.constant([1, 2], "float32", [2]));
    expect(g.constant([1, 2], "float32", [2])).not.toBe(g.constant([1, 2], "float32", [2, 1]));
    expect(g.constant(1, "float32")).not.toBe(g.constant(1, "float16"));
  });

  test("what changes nothing is not there", () => {
    const { g, v } = start([2, 3]);
    const x = v[0]!;
    const same = [
      g.reshape(x, [2, 3]),
      g.expand(x, [2, 3]),
      g.transpose(x, [0, 1]),
      g.concat([x], 0),
      g.slice(x, 1, 0, 9),
      g.pad(x, [0, 0, 0, 0]),
      g.cast(x, "float32"),
      g.sum(x, []),
      g.mean(x, []),
      g.max(x, []),
      g.sumTo(x, [2, 3]),
      g.reshape(g.reshape(x, [6]), [2, 3]),
    ];
    expect(same.slice(0, -1).every((y) => y === x)).toBe(true);
    expect(g.nodes.map((node) => node.op)).toEqual(["Reshape", "Reshape"]);
  });

  test("a reshape of a reshape is one reshape", () => {
    const { g, v } = start([2, 6]);
    const y = g.reshape(g.reshape(v[0]!, [3, 4]), [12]);
    expect(g.producer(y)?.inputs[0]).toBe(v[0]);
  });
});

test("sumTo undoes broadcasting", () => {
  const { g, v } = start([2, 3, 2]);
  const x = numbers(
    [2, 3, 2],
    Array.from({ length: 12 }, (_, i) => i),
  );
  const to = (shape: Shape) => {
    const { data, shape: got } = evaluate(g.finish({ y: g.sumTo(v[0]!, shape) }), { x0: x })["y"]!;
    expect(got).toEqual(shape);
    return [...data];
  };
  expect(to([])).toEqual([66]);
  expect(to([2])).toEqual([30, 36]); // 0+2+4+6+8+10, 1+3+5+7+9+11
  expect(to([3, 1])).toEqual([14, 22, 30]); // 0+1+6+7, 2+3+8+9, 4+5+10+11
  expect(to([2, 1, 1])).toEqual([15, 51]);
  expect(to([1, 1, 2])).toEqual([30, 36]);
  expect(() => g.sumTo(v[0]!, [4])).toThrow("shapes do not broadcast: [2, 3, 2] and [4]");
});

describe("mistakes are found while a graph is built:", () => {
  test.each([
    ["Add", [[2, 3], [4]], "shapes do not broadcast: [2, 3] and [4]"],
    [
      "MatMul",
      [
        [2, 3],
        [4, 2],
      ],
      "MatMul: inner widths differ: [2, 3] x [4, 2]",
    ],
    ["MatMul", [[3], [3, 2]], "MatMul: [3] x [3, 2]"],
  ] as const)("%s of %j", (op, shapes, message) => {
    const { g, v } = start(...shapes);
    expect(() => g.append(op, v, {})).toThrow(`internal: ${message}`);
  });

  test.each<[string, Shape[], (g: GraphBuilder, v: ReturnType<typeof start>["v"]) => unknown, string]>([
    [
      "Gemm's third",
      [[2, 3], [3, 4], [5]],
      (g, [a, b, c]) => g.gemm(a!, b!, c),
      "shapes do not broadcast: [5] and [2, 4]",
    ],
    [
      "Gemm's larger third",
      [
        [2, 3],
        [3, 1],
        [2, 4],
      ],
      (g, [a, b, c]) => g.gemm(a!, b!, c),
      "Gemm: [2, 4] does not broadcast",
    ],
    [
      "channels",
      [
        [1, 2, 3, 3],
        [4, 3, 1, 1],
      ],
      (g, [x, w]) => g.conv(x!, w!, undefined, { strides: [1, 1], pads: [0, 0, 0, 0] }),
      "Conv: channels differ",
    ],
    [
      "a bias",
      [[1, 2, 3, 3], [4, 2, 1, 1], [2]],
      (g, [x, w, b]) => g.conv(x!, w!, b, { strides: [1, 1], pads: [0, 0, 0, 0] }),
      "Conv: bias [2] for [4, 2, 1, 1]",
    ],
    [
      "no place",
      [
        [1, 4, 2, 2],
        [4, 1, 3, 3],
      ],
      (g, v) => g.append("ConvTranspose", v, { strides: [2, 2], pads: [1, 1, 1, 1], size: [6, 4] }),
      "ConvTranspose: [1, 4, 2, 2] does not come from size [6, 4]",
    ],
    ["an axis", [[2, 3]], (g, [x]) => g.softmax(x!, 2), "Softmax: axis 2 of [2, 3]"],
    [
      "groups",
      [[1, 4, 2], [4], [4]],
      (g, [x, s, b]) => g.groupNorm(x!, s!, b!, 3, 1e-5),
      "GroupNorm: 4 channels in 3 groups",
    ],
    [
      "a scale",
      [[2, 4], [3], [4]],
      (g, [x, s, b]) => g.layerNorm(x!, s!, b!, 1e-5),
      "LayerNormalization: [2, 4] with [3]",
    ],
    ["no axes", [[2, 3]], (g, v) => g.append("ReduceMean", v, { axes: [], keepdims: 1 }), "ReduceMean: no axes"],
    ["a size", [[2, 3]], (g, [x]) => g.reshape(x!, [5]), "Reshape: [2, 3] to [5]"],
    ["a smaller shape", [[2, 3]], (g, [x]) => g.expand(x!, [2, 1]), "Expand: [2, 3] to [2, 1]"],
    ["a permutation", [[2, 3]], (g, [x]) => g.transpose(x!, [0, 0]), "Transpose: [0, 0] of [2, 3]"],
    [
      "parts",
      [
        [2, 3],
        [3, 3],
      ],
      (g, v) => g.concat(v, 1),
      "Concat: [2, 3], [3, 3] on axis 1",
    ],
    ["nothing", [[2, 3]], (g, [x]) => g.slice(x!, 1, 2, 2), "Slice: 2 to 2 by 1 of [2, 3]"],
    ["less than nothing", [[2, 3]], (g, [x]) => g.slice(x!, 1, 1, -1, -1), "Slice: 1 to -1 by -1 of [2, 3]"],
    ["a negative pad", [[2]], (g, [x]) => g.pad(x!, [-1, 0]), "Pad: [-1, 0] for [2]"],
    ["rows by floats", [[2, 3], [1]], (g, [x, i]) => g.gather(x!, i!), "Gather: indices are float32"],
    [
      "heads",
      [
        [1, 2, 6],
        [1, 2, 6],
        [1, 2, 6],
      ],
      (g, [q, k, v]) => g.attention(q!, k!, v!, 4),
      "in 4 heads",
    ],
    ["mixed types", [[2]], (g, [x]) => g.add(x!, g.constant(1, "float16")), "Add: mixed types float32, float16"],
    ["a second input", [[2]], (g) => g.input("x0", "float32", [2]), "second input x0"],
    ["two numbers", [], (g) => g.add(1, 2), "Add: two plain numbers"],
  ])("%s", (_, shapes, build, message) => {
    const { g, v } = start(...shapes);
    expect(() => build(g, v)).toThrow(message);
  });

  test("every op with weights refuses mixed types", () => {
    const { g, v } = start([1, 4, 3, 3], [4, 4]);
    const [x, m] = [v[0]!, v[1]!];
    const half = (shape: Shape) => g.constant(1, "float16", shape);
    const at = { strides: [1, 1], pads: [0, 0, 0, 0] } as const;
    expect(() => g.conv(x, half([4, 4, 1, 1]), undefined, at)).toThrow("Conv: mixed types");
    expect(() => g.append("ConvTranspose", [x, half([4, 4, 1, 1])], { ...at, size: [3, 3] })).toThrow(
      "ConvTranspose: mixed",
    );
    expect(() => g.groupNorm(x, half([4]), half([4]), 2, 1e-5)).toThrow("GroupNorm: mixed types");
    expect(() => g.layerNorm(m, half([4]), half([4]), 1e-5)).toThrow("LayerNormalization: mixed types");
    expect(() => g.gemm(m, m, half([4]))).toThrow("Gemm: mixed types");
    expect(() => g.matmul(m, half([4, 4]))).toThrow("MatMul: mixed types");
    const rows = g.reshape(m, [1, 4, 4]);
    expect(() => g.attention(rows, rows, half([1, 4, 4]), 1)).toThrow("Attention: mixed types");
  });
});

test("dead nodes go, their order stays", () => {
  const { g, v } = start([2]);
  const a = g.exp(v[0]!);
  g.sqrt(a);
  const b = g.sigmoid(a);
  expect(print(withoutDeadNodes(g.finish({ b })))).toMatchInlineSnapshot(`
    "x0 : f32[2]
    %0 = Exp(x0) : f32[2]
    %1 = Sigmoid(%0) : f32[2]
    b <- %1"
  `);
});

test("what depends on no input is static", () => {
  const { g, v } = start([2]);
  const fixed = g.exp(g.constant([1, 2], "float32", [2]));
  const y = g.add(fixed, v[0]!);
  expect([...staticValues(g.finish({ y }))]).toEqual([fixed]);
});
