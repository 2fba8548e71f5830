/**
 * Attention in plain ONNX ops, for providers without the fused operator or with a wrong one, in blocks of rows and heads so
 * that the probabilities of a large picture need not all exist at once.
 */
import { blockSize } from "../blocks.ts";
import type { Node } from "../graph.ts";
import type { Emitter } from "./form.ts";

export function spelledAttention(
  e: Emitter,
  inputs: readonly string[],
  { heads }: { heads: number },
  node: Node,
  limit: number,
): string {
  const [batch, rows, c] = node.inputs[0]!.shape as [number, number, number];
  const tokens = node.inputs[1]!.shape[1]!;
  const valueWidth = node.inputs[2]!.shape[2]!;
  const width = c / heads;
  const split = (v: number, length: number, channels: number, perm: readonly number[]) =>
    e.node("Transpose", [e.node("Reshape", [inputs[v]!, e.ints([batch, length, heads, channels / heads])])], { perm });
  const scale = e.fill(1 / Math.sqrt(width), node.output.dtype, []);
  const q = e.node("Mul", [split(0, rows, c, [0, 2, 1, 3]), scale]); // [batch, heads, rows, width]
  const kt = split(1, tokens, c, [0, 2, 3, 1]); // [batch, heads, width, tokens]
  const v = split(2, tokens, valueWidth, [0, 2, 1, 3]);

  const block = blockSize(heads, rows, tokens, limit);
  const slice = (x: string, axis: number, start: number, size: number, whole: number) =>
    size >= whole ? x : e.node("Slice", [x, e.ints([start]), e.ints([Math.min(start + size, whole)]), e.ints([axis])]);
  const join = (parts: string[], axis: number) => (parts.length === 1 ? parts[0]! : e.node("Concat", parts, { axis }));
  const mixed: string[] = [];
  for (let h = 0; h < heads; h += block.heads) {
    const head = (x: string) => slice(x, 1, h, block.heads, heads);
    const [kh, vh] = [head(kt), head(v)];
    const parts: string[] = [];
    for (let r = 0; r < rows; r += block.rows) {
      const scores = e.node("MatMul", [slice(head(q), 2, r, block.rows, rows), kh]);
      parts.push(e.node("MatMul", [e.node("Softmax", [scores], { axis: 3 }), vh]));
    }
    mixed.push(join(parts, 2));
  }
  const merged = e.node("Transpose", [join(mixed, 1)], { perm: [0, 2, 1, 3] });
  return e.node("Reshape", [merged, e.ints(node.output.shape)]);
}
