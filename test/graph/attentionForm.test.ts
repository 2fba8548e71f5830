/** Attention without the fused operator, in blocks, is the fused operator's. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { toOnnx } from "../../src-main/graph/onnx/onnx.ts";
import type { AttentionForm } from "../../src-main/graph/onnx/form.ts";
import { normals } from "../support/randomNumbers.ts";
import { relativeError } from "../support/closeness.ts";

const SHAPES = { q: [2, 7, 12], k: [2, 5, 12], v: [2, 5, 6] };

async function attend(attention: AttentionForm): Promise<Float32Array> {
  const g = new GraphBuilder();
  const [q, k, v] = Object.entries(SHAPES).map(([name, shape]) => g.input(name, "float32", shape));
  const graph = g.finish({ y: g.attention(q!, k!, v!, 3) });
  const session = await InferenceSession.create(toOnnx(graph, undefined, { attention }).bytes);
  const feeds = Object.entries(SHAPES).map(
    ([name, shape], i) => [name, new Tensor("float32", Float32Array.from(normals(shape, i)), shape)] as const,
  );
  return (await session.run(Object.fromEntries(feeds)))["y"]!.data as Float32Array;
}

// A head has 35 probabilities: several heads at once, one at a time, blocks of 4 and 3 rows, a row at a time.
test.each([1000, 70, 35, 20, 5, 1])("with at most %i probabilities at once", async (block) => {
  expect(relativeError(await attend({ block }), await attend("fused"))).toBeLessThan(1e-6);
});
