/**
 * Adjoint of fused attention. The fused operator keeps no probabilities, so they are computed again, a block of rows
 * of one head at a time: 4096 x 4096 of them in 8 heads would take 512 MiB (the recomputation is that of
 * FlashAttention, Dao et al. 2022, appendix B.2, with the blocks unrolled).
 */
import type { GraphBuilder } from "../builder.ts";
import { blockSize } from "../blocks.ts";
import type { GradientRule } from "./rule.ts";
import { sizeOf, type Value } from "../graph.ts";

/** [batch, p, c] to [batch, heads, p, c / heads]. */
function splitHeads(g: GraphBuilder, x: Value, heads: number): Value {
  const [batch, p, c] = x.shape as [number, number, number];
  return g.transpose(g.reshape(x, [batch, p, heads, c / heads]), [0, 2, 1, 3]);
}

function mergeHeads(g: GraphBuilder, x: Value): Value {
  const [batch, heads, p, width] = x.shape as [number, number, number, number];
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [batch, p, heads * width]);
}

/**
 * `x`, which cannot be had before `others`: one number of each is laid beside it and cut off again. ONNX Runtime computes what leads to one
 * result before it turns to the next, all blocks for dq before the first for dk, and would hold the probabilities of all of them until then.
 */
function after(g: GraphBuilder, x: Value, others: readonly Value[]): Value {
  if (others.length === 0) return x;
  const flat = (y: Value) => g.reshape(y, [sizeOf(y.shape)]);
  const tied = g.concat([flat(x), ...others.map((y) => g.slice(flat(y), 0, 0, 1))], 0);
  return g.reshape(g.slice(tied, 0, 0, sizeOf(x.shape)), x.shape);
}

export const attentionGradient: GradientRule<"Attention"> = ({ g, dy, inputs, y, attributes, needs, options }) => {
  const [q, k, v] = inputs.map((x) => splitHeads(g, x, attributes.heads)) as [Value, Value, Value];
  const scale = 1 / Math.sqrt(q.shape[3]!);
  const [scaled, dOut, out] = [
    g.mul(q, scale),
    splitHeads(g, dy, attributes.heads),
    splitHeads(g, y, attributes.heads),
  ];
  // dS = P (dP - D): D, the sum over tokens of P dP, equals the sum over width of O dO, which is far smaller. It is
  // subtracted by the product itself, as one more column of dO against a column of ones beside V.
  const inner = g.mul(g.sum(g.mul(dOut, out), [3]), -1); // [batch, heads, p, 1]
  const ones = g.constant(1, v.dtype, [...v.shape.slice(0, 3), 1]);
  const [dOutLess, vMore] = [g.concat([dOut, inner], 3), g.concat([v, ones], 3)];
  const flip = (x: Value) => g.transpose(x, [0, 1, 3, 2]);
  const [heads, rows] = [q.shape[1]!, q.shape[2]!];
  const block = blockSize(heads, rows, k.shape[2]!, options.attentionBlock);

  const dqParts: Value[] = [];
  const dkParts: Value[] = [];
  const dvParts: Value[] = [];
  /** What the block before this one gave. */
  let done: Value[] = [];
  for (let h = 0; h < heads; h += block.heads) {
    const head = (x: Value) => g.slice(x, 1, h, Math.min(h + block.heads, heads));
    const [kh, kt, vt] = [head(k), flip(head(k)), flip(head(vMore))];
    const dqRows: Value[] = [];
    let [dk, dv]: (Value | undefined)[] = [];
    for (let r = 0; r < rows; r += block.rows) {
      const row = (x: Value) => g.slice(head(x), 2, r, Math.min(r + block.rows, rows));
      const [own, ownOut] = [after(g, row(scaled), done), after(g, row(dOutLess), done)];
      const p = g.softmax(g.matmul(own, kt), 3); // [batch, block, rows, tokens]
      const ds = g.mul(p, g.matmul(ownOut, vt));
      const dq = needs(0) ? g.matmul(ds, kh) : undefined;
      if (dq) dqRows.push(dq);
      // block' x factor, [tokens, width]; or its transpose, where only the narrow factor is turned.
      const product = (wide: Value, narrow: Value) =>
        options.transposedProducts ? g.matmul(flip(wide), narrow) : g.matmul(flip(narrow), wide);
      const sum = (total: Value | undefined, part: Value) => (total ? g.add(total, part) : part);
      if (needs(1)) dk = sum(dk, product(ds, own));
      if (needs(2)) dv = sum(dv, product(p, row(dOut)));
      done = [dq, dk, dv].filter((one) => one !== undefined);
    }
    const upright = (x: Value) => (options.transposedProducts ? x : flip(x));
    if (needs(0)) dqParts.push(g.concat(dqRows, 2));
    if (dk) dkParts.push(upright(dk));
    if (dv) dvParts.push(upright(dv));
  }
  const join = (parts: Value[]) => (parts.length ? mergeHeads(g, g.concat(parts, 1)) : undefined);
  const dq = join(dqParts);
  return [dq && g.mul(dq, scale), join(dkParts), join(dvParts)];
};
