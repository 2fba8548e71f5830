/** A program done for several rows at once gives in each row what it gives for that row alone. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { gradient } from "../../src-main/graph/gradient/gradient.ts";
import type { Graph, OpName, Value } from "../../src-main/graph/graph.ts";
import { print } from "../../src-main/graph/print.ts";
import { inRows } from "../../src-main/graph/rows/rows.ts";
import { withoutDeadNodes } from "../../src-main/graph/simplify.ts";
import { expectClose } from "../support/closeness.ts";
import { evaluate, type Feeds, numbers, type Numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { allCases, declare, feedsOf, type OpCase } from "../support/opCases.ts";
import { normals } from "../support/randomNumbers.ts";
import { build, randomSteps } from "../support/randomGraph.ts";

const ROWS = 3;

/** Inputs that are weights: the same in every row. */
const WEIGHTS: Partial<Record<OpName, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1],
  LayerNormalization: [1, 2],
  GroupNorm: [1, 2],
  Gather: [0],
  NhwcConv: [1, 2],
  NhwcGroupNorm: [1, 2],
  BiasSplitGelu: [1],
};

/** Other numbers for every row, of the same kind: positive ones stay so, and indices stay within what they index. */
const inRow = (row: number, { shape, data }: Numbers, isWhole: boolean): Numbers =>
  numbers(shape, isWhole ? (row % 2 ? data.toReversed() : data) : data.map((v) => v * (1 + 0.25 * row)));

const stackedOf = (rows: readonly Numbers[]): Numbers =>
  numbers(
    [rows.length, ...rows[0]!.shape],
    rows.flatMap(({ data }) => [...data]),
  );

const rowOf = ({ shape, data }: Numbers, row: number): Numbers => {
  const size = data.length / shape[0]!;
  return numbers(shape.slice(1), data.slice(row * size, (row + 1) * size));
};

const nameOf = ({ source }: Value) => (source.kind === "input" ? source.name : "");

/** The program of `graph` for as many rows as `rowsOf` says, with the inputs named `stacked` of ROWS rows. */
function together(g: GraphBuilder, graph: Graph, stacked: readonly string[], rowsOf: (name: string) => number): Graph {
  const inputs = graph.inputs
    .filter((value) => stacked.includes(nameOf(value)))
    .map((value) => [value, g.input(`${nameOf(value)} rows`, value.dtype, [ROWS, ...value.shape])] as const);
  return withoutDeadNodes(g.finish(inRows(g, graph, new Map(inputs), rowsOf)));
}

async function check(one: OpCase, stacked: readonly number[]): Promise<void> {
  const g = new GraphBuilder();
  const y = one.build(g, declare(g, one));
  const graph = g.finish({ y });
  const own = feedsOf(one);
  const names = stacked.map((i) => `x${i}`);
  const isWhole = (i: number) => (one.inputs[i]!.dtype ?? "float32") !== "float32";
  const each = Array.from({ length: ROWS }, (_, row): Feeds => {
    const changed = stacked.map((i) => [`x${i}`, inRow(row, own[`x${i}`]!, isWhole(i))] as const);
    return { ...own, ...Object.fromEntries(changed) };
  });
  const expected = each.map((feeds) => evaluate({ ...graph, inputs: [...graph.inputs] }, feeds)["y"]!);
  const all = together(g, { ...graph, inputs: [...graph.inputs] }, names, () => ROWS);
  const feeds = { ...own, ...Object.fromEntries(names.map((name) => [`${name} rows`, stackedOf(each.map((feed) => feed[name]!))])) }; // prettier-ignore
  const [evaluated, computed] = [evaluate(all, feeds)["y"]!, (await runOnnx(all, feeds))["y"]!];
  expected.forEach((row, i) => {
    expectClose(rowOf(evaluated, i), row, 1e-12);
    expectClose(rowOf(computed, i), row, 2e-6);
  });
}

describe("every op in rows, with one or all of its inputs different in each:", () => {
  const cases = allCases.flatMap(([op, title, one]) => {
    const free = one.inputs.map((_, i) => i).filter((i) => !WEIGHTS[op]?.includes(i));
    const sets = free.length > 1 ? [...free.map((i) => [i]), free] : [free];
    return sets.map((stacked) => [op, title, stacked.join(), stacked, one] as const);
  });
  test.each(cases)("%s %s, %s", (_op, _title, _which, stacked, one) => check(one, stacked));
});

test("a linear layer and a convolution in rows are one operator each", () => {
  const g = new GraphBuilder();
  const [x, w, b] = [g.input("x", "float32", [1, 2, 4, 4]), g.constant(1, "float32", [6, 16]), g.constant(1, "float32", [6])]; // prettier-ignore
  const kernel = g.constant(1, "float32", [2, 2, 3, 3]);
  const h = g.conv(x, kernel, undefined, { strides: [1, 1], pads: [1, 1, 1, 1] });
  const graph = g.finish({ y: g.gemm(g.reshape(h, [2, 16]), w, b, { b: true }) });
  const rows = g.input("rows", "float32", [3, 1, 2, 4, 4]);
  const all = g.finish(inRows(g, graph, new Map([[x, rows]]), () => 3));
  expect(print(withoutDeadNodes({ ...all, inputs: [rows] }))).toMatchInlineSnapshot(`
    "rows : f32[3,1,2,4,4]
    %0 = Reshape(rows) {shape=[3,2,4,4]} : f32[3,2,4,4]
    %1 = Conv(%0, 1) {strides=[1,1] pads=[1,1,1,1]} : f32[3,2,4,4]
    %2 = Reshape(%1) {shape=[6,16]} : f32[6,16]
    %3 = Gemm(%2, 1, 1) {transA=0 transB=1} : f32[6,6]
    %4 = Reshape(%3) {shape=[3,2,6]} : f32[3,2,6]
    y <- %4"
  `);
});

test("weights that differ from row to row are refused by name", () => {
  const g = new GraphBuilder();
  const [x, w] = [g.input("x", "float32", [1, 1, 3, 3]), g.input("w", "float32", [1, 1, 3, 3])];
  const graph = g.finish({ y: g.conv(x, w, undefined, { strides: [1, 1], pads: [1, 1, 1, 1] }) });
  const rows = g.input("rows", "float32", [2, 1, 1, 3, 3]);
  expect(() => inRows(g, graph, new Map([[w, rows]]), () => 2)).toThrow("Conv: its weights must be the same in all rows"); // prettier-ignore
});

test("random programs in rows give what each row gives alone, and the gradient of the first rows that of those alone", async () => {
  await fc.assert(
    fc.asyncProperty(randomSteps, fc.integer(), fc.integer({ min: 1, max: ROWS }), async (steps, seed, guided) => {
      const g = new GraphBuilder();
      const x = g.input("x", "float32", [2, 3]);
      const y = build(g, x, steps);
      const dx = gradient(g, [[y, g.constant(1, "float32", y.shape)]], x);
      const graph = g.finish({ y, dx });
      const single = { ...graph, inputs: [...graph.inputs] };
      const each = Array.from({ length: ROWS }, (_, i) => numbers([2, 3], normals([2, 3], seed + i)));
      const expected = each.map((row) => evaluate(single, { x: row }));
      const all = together(g, single, ["x"], (name) => (name === "dx" ? guided : ROWS));
      const feeds = { x: each[0]!, "x rows": stackedOf(each) };
      const [evaluated, computed] = [evaluate(all, feeds), await runOnnx(all, feeds)];
      expect(evaluated["dx"]!.shape[0]).toBe(guided);
      expected.forEach((row, i) => {
        expectClose(rowOf(evaluated["y"]!, i), row["y"]!, 1e-10);
        expectClose(rowOf(computed["y"]!, i), row["y"]!, 1e-4);
        if (i >= guided) return;
        expectClose(rowOf(evaluated["dx"]!, i), row["dx"]!, 1e-10);
        expectClose(rowOf(computed["dx"]!, i), row["dx"]!, 1e-4);
      });
    }),
    { numRuns: 60, seed: 20261130 },
  );
});
