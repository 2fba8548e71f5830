import type { OpName, Value } from "../../src-main/graph/graph.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { blockSize } from "../../src-main/graph/blocks.ts";
import type { GradientOptions } from "../../src-main/graph/gradient/rule.ts";
import { gradient, gradientRules } from "../../src-main/graph/gradient/gradient.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../../src-main/graph/gradient/rule.ts";
import { print } from "../../src-main/graph/print.ts";
import { ancestors, withoutDeadNodes } from "../../src-main/graph/simplify.ts";
import { expectClose } from "../support/closeness.ts";
import { finiteDifferences } from "../support/finiteDifferences.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import type { OpCase } from "../support/opCases.ts";
import { allCases, declare, feedsOf, opCases } from "../support/opCases.ts";
import { normals } from "../support/randomNumbers.ts";
import { build, randomSteps } from "../support/randomGraph.ts";

const inputsOf = ({ inputs, differentiable }: OpCase): readonly number[] =>
  differentiable ?? inputs.flatMap(({ dtype = "float32" }, i) => (dtype === "float32" ? [i] : []));

/** Compares the gradient with finite differences of the interpreter, and ONNX Runtime with the interpreter. */
async function check(one: OpCase, input: number, options: Partial<GradientOptions> = {}): Promise<void> {
  const g = new GraphBuilder();
  const inputs = declare(g, one);
  const y = one.build(g, inputs);
  const forward = g.finish({ y });
  const feeds = feedsOf(one);
  const name = `x${input}`;
  const cotangent = numbers(y.shape, normals(y.shape, 1000 + input));
  const moved = finiteDifferences((x) => evaluate(forward, { ...feeds, [name]: x })["y"]!, feeds[name]!, cotangent);

  const dx = gradient(g, [[y, g.input("dy", "float32", y.shape)]], inputs[input]!, {
    ...DEFAULT_GRADIENT_OPTIONS,
    ...options,
  });
  const graph = withoutDeadNodes(g.finish({ dx }));
  const derived = evaluate(graph, { ...feeds, dy: cotangent })["dx"]!;
  expectClose(derived, moved, 1e-6);
  const computed = (await runOnnx(graph, { ...feeds, dy: cotangent }))["dx"]!;
  expectClose(computed, derived, 1e-5);
}

describe("every gradient agrees with finite differences and with ONNX Runtime:", () => {
  const cases = allCases
    .filter(([op]) => gradientRules[op] !== "no-gradient")
    .flatMap(([op, title, one]) => inputsOf(one).map((input) => [op, title, input, one] as const));
  test.each(cases)("%s %s, input %i", (_op, _title, input, one) => check(one, input));
});

test("every op has a gradient that was looked at, or says that it has none", () => {
  const lookedAt = (op: OpName) => (opCases[op] as readonly OpCase[]).some((one) => inputsOf(one).length > 0);
  const ops = Object.keys(gradientRules) as OpName[];
  expect(ops.filter((op) => gradientRules[op] === "no-gradient")).toEqual([
    "Gather",
    "Equal",
    "TurnedMatMul",
    "NhwcConv",
    "NhwcGroupNorm",
    "BiasSplitGelu",
    "PackedAttention",
  ]);
  expect(ops.filter((op) => gradientRules[op] !== "no-gradient" && !lookedAt(op))).toEqual(["Cast"]);
});

describe("attention may be differentiated in blocks:", () => {
  const blocks = opCases.Attention.flatMap((one) =>
    [1, 3, 7, 12, 30, 1000].map((block) => [one.title, block, one] as const),
  );
  test.each(blocks)("%s, %i probabilities at once", async (_, attentionBlock, one) => {
    for (const input of [0, 1, 2]) {
      await check(one, input, { attentionBlock });
      await check(one, input, { attentionBlock, transposedProducts: true });
    }
  });
});

test("attention's blocks cannot be had at once: each waits for what the one before it gives", () => {
  const g = new GraphBuilder();
  const [q, k, v, dy] = ["q", "k", "v", "dy"].map((name) => g.input(name, "float32", [1, 6, 4]));
  const x = g.input("x", "float32", []);
  const y = g.attention(g.mul(q!, x), g.mul(k!, x), g.mul(v!, x), 2);
  const dx = gradient(g, [[y, dy!]], x, { ...DEFAULT_GRADIENT_OPTIONS, attentionBlock: 12 });
  const { nodes } = withoutDeadNodes(g.finish({ dx }));
  const before = (value: Value) => ancestors(nodes, [value]);
  const blocks = nodes.filter(({ op }) => op === "Softmax").map(({ output }) => output);
  expect(blocks).toHaveLength(6); // 2 heads of 3 times 2 rows
  blocks.slice(1).forEach((block, i) => expect(before(block)).toContain(blocks[i]));
  // The other product with probabilities waits, too, or it would lie there from the beginning.
  const others = nodes.filter(({ op, inputs }) => op === "Mul" && blocks.includes(inputs[0]!)).map(({ inputs }) => inputs[1]!); // prettier-ignore
  expect(others).toHaveLength(6);
  others.slice(1).forEach((other, i) => expect(before(other)).toContain(blocks[i]));
});

test.each([
  { limit: 1000, block: { heads: 4, rows: 10 } },
  { limit: 120, block: { heads: 2, rows: 10 } },
  { limit: 60, block: { heads: 1, rows: 10 } },
  { limit: 59, block: { heads: 1, rows: 9 } },
  { limit: 5, block: { heads: 1, rows: 1 } },
])("$limit probabilities are $block of 4 heads with 10 rows of 6", ({ limit, block }) => {
  expect(blockSize(4, 10, 6, limit)).toEqual(block);
});

test("what has no gradient says so by name", () => {
  const differentiate = (one: OpCase, input: number) => {
    const g = new GraphBuilder();
    const inputs = declare(g, one);
    const y = one.build(g, inputs);
    gradient(g, [[y, g.input("dy", y.dtype, y.shape)]], inputs[input]!);
  };
  expect(() => differentiate(opCases.Gather[0]!, 0)).toThrow("Gather has no gradient");
  expect(() => differentiate(opCases.Equal[0]!, 1)).toThrow("Equal has no gradient");
  expect(() => differentiate(opCases.Conv[0]!, 1)).toThrow("Conv has no gradient for its weights");
  expect(() => differentiate(opCases.ConvTranspose[0]!, 1)).toThrow("ConvTranspose has no gradient for its weights");
  expect(() => differentiate(opCases.Slice[3]!, 0)).toThrow("Slice by 2 has no gradient");
});

test("a cotangent goes back through a cast in the type that was cast", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2]);
  const y = g.exp(g.cast(x, "float16"));
  const dx = gradient(g, [[y, g.input("dy", "float16", [2])]], x);
  expect(print(g.finish({ dx }))).toMatchInlineSnapshot(`
    "x : f32[2]
    dy : f16[2]
    %0 = Cast(x) {to="float16"} : f16[2]
    %1 = Exp(%0) : f16[2]
    %2 = Mul(dy, %1) : f16[2]
    %3 = Cast(%2) {to="float32"} : f32[2]
    dx <- %3"
  `);
});

test("equal largest elements share the cotangent", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2, 4]);
  const dx = gradient(g, [[g.max(x, [1]), g.constant([6, 10], "float32", [2, 1])]], x);
  const feeds = { x: numbers([2, 4], [1, 3, 3, 0, 5, 5, 5, 5]) };
  // 6 / 2 for the two threes, 10 / 4 for the four fives
  expect([...evaluate(g.finish({ dx }), feeds)["dx"]!.data]).toEqual([0, 3, 3, 0, 2.5, 2.5, 2.5, 2.5]);
});

describe("the walk back", () => {
  test("adds the cotangents of several values, and of several paths", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [2]);
    const [square, root] = [g.mul(x, x), g.sqrt(x)];
    const dx = gradient(
      g,
      [
        [square, g.constant(1, "float32", [2])],
        [g.add(square, root), g.constant(1, "float32", [2])],
      ],
      x,
    );
    // 2x + 2x + 1 / (2 sqrt(x))
    expectClose(
      evaluate(g.finish({ dx }), { x: numbers([2], [4, 9]) })["dx"]!,
      numbers([2], [16.25, 36 + 1 / 6]),
      1e-14,
    );
  });

  test("may ask for a value that was computed itself, by whatever op", () => {
    const g = new GraphBuilder();
    const table = g.input("table", "float32", [3, 2]);
    const rows = g.gather(table, g.constant([2], "int64", [1]));
    const y = g.exp(rows);
    expect(print(g.finish({ d: gradient(g, [[y, y]], rows) }))).toMatchInlineSnapshot(`
      "table : f32[3,2]
      %0 = Gather(table, 2) : f32[1,2]
      %1 = Exp(%0) : f32[1,2]
      %2 = Mul(%1, %1) : f32[1,2]
      d <- %2"
    `);
  });

  test("appends nothing for what does not depend on the target", () => {
    const g = new GraphBuilder();
    const [x, w] = [g.input("x", "float32", [2]), g.input("w", "float32", [2])];
    const y = g.mul(x, g.exp(w));
    const before = g.nodes.length;
    gradient(g, [[y, g.constant(1, "float32", [2])]], x);
    expect(g.nodes.slice(before).map((node) => node.op)).toEqual(["Mul"]);
  });

  test("needs a value that depends on the target, and a cotangent like the value", () => {
    const g = new GraphBuilder();
    const [x, other] = [g.input("x", "float32", [2]), g.input("other", "float32", [2])];
    expect(() => gradient(g, [[g.exp(other), other]], x)).toThrow("no differentiated value depends on the target");
    expect(() => gradient(g, [[g.exp(x), g.constant(1)]], x)).toThrow("cotangent float32[] for float32[2]");
  });
});

test("random programs have the gradient that finite differences find", async () => {
  await fc.assert(
    fc.asyncProperty(randomSteps, fc.integer(), async (steps, seed) => {
      const g = new GraphBuilder();
      const x = g.input("x", "float32", [2, 3]);
      const y = build(g, x, steps);
      const forward = withoutDeadNodes(g.finish({ y }));
      const at = numbers([2, 3], normals([2, 3], seed));
      const dy = numbers(y.shape, normals(y.shape, seed + 1));
      const options = { ...DEFAULT_GRADIENT_OPTIONS, attentionBlock: 4 };
      const graph = withoutDeadNodes(
        g.finish({ dx: gradient(g, [[y, g.constant([...dy.data], "float32", y.shape)]], x, options) }),
      );
      const derived = evaluate(graph, { x: at })["dx"]!;
      expectClose(
        derived,
        finiteDifferences((v) => evaluate(forward, { x: v })["y"]!, at, dy),
        1e-6,
      );
      expectClose((await runOnnx(graph, { x: at }))["dx"]!, derived, 1e-4);
    }),
    { numRuns: 60, seed: 20240914 },
  );
});
