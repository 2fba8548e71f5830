/** Random small programs on matrices, for properties that hold of every program. */
import fc from "fast-check";
import type { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { Value } from "../../src-main/graph/graph.ts";

interface Step {
  op: keyof typeof STEPS;
  /** Which of the values so far; counted modulo their number. */
  a: number;
  b: number;
}

/** Adds nodes for `steps` to `g`, which start from the matrix `x`; the last value is a matrix, too. */
export function build(g: GraphBuilder, x: Value, steps: readonly Step[]): Value {
  const values = [x];
  for (const { op, a, b } of steps) {
    const made = STEPS[op](g, values[a % values.length]!, values[b % values.length]!);
    values.push(g.sigmoid(made)); // keeps the numbers and the derivatives small
  }
  return values.reduce((sum, v) => g.add(g.mul(sum, 0.7), g.sum(v, [0, 1])));
}

const fits = (a: Value, b: Value) => a.shape.every((n, i) => n === b.shape[i] || n === 1 || b.shape[i] === 1);
/** `f` of two matrices, or of the first twice where their shapes do not go together. */
const pair = (f: (g: GraphBuilder, a: Value, b: Value) => Value) => (g: GraphBuilder, a: Value, b: Value) =>
  f(g, a, fits(a, b) ? b : a);
const flip = (g: GraphBuilder, x: Value) => g.transpose(x, [1, 0]);
const picture = (g: GraphBuilder, x: Value) => g.reshape(x, [1, 1, ...x.shape]);
const matrix = (g: GraphBuilder, x: Value) => g.reshape(x, x.shape.slice(-2));

const STEPS = {
  add: pair((g, a, b) => g.add(a, b)),
  sub: pair((g, a, b) => g.sub(a, b)),
  mul: pair((g, a, b) => g.mul(a, b)),
  div: pair((g, a, b) => g.div(a, g.add(g.mul(b, b), 1))),
  root: (g, a) => g.sqrt(g.add(g.mul(a, a), 1)),
  exp: (g, a) => g.exp(g.mul(a, 0.5)),
  gelu: (g, a) => g.gelu(a),
  quickGelu: (g, a) => g.quickGelu(a, 1.702),
  softmax: (g, a) => g.softmax(a, 1),
  sum: (g, a) => g.sum(a, [0]),
  mean: (g, a) => g.mean(a, [1]),
  product: (g, a) => g.matmul(a, flip(g, a)),
  gram: (g, a) => g.gemm(a, a, undefined, { b: true }),
  flip: (g, a) => flip(g, a),
  twice: (g, a) => g.concat([a, a], 0),
  part: (g, a) => g.slice(a, 1, 0, Math.ceil(a.shape[1]! / 2)),
  frame: (g, a) => g.pad(a, [1, 0, 0, 1]),
  blur: (g, a) => {
    const kernel = g.constant([0.1, -0.2, 0.3, 0.4, 0.5, -0.6, 0.7, 0.8, 0.9], "float32", [1, 1, 3, 3]);
    return matrix(g, g.conv(picture(g, a), kernel, undefined, { strides: [2, 1], pads: [1, 1, 1, 1] }));
  },
  enlarge: (g, a) => matrix(g, g.upsample(picture(g, g.slice(g.slice(a, 0, 0, 2), 1, 0, 2)))),
  attend: (g, a) => {
    const rows = g.reshape(a, [1, ...a.shape]);
    return matrix(g, g.attention(rows, rows, rows, 1));
  },
  normalise: (g, a) => {
    const [rows, columns] = [g.reshape(a, [1, ...a.shape]), a.shape[0]!];
    const [scale, bias] = [g.constant(0.5, "float32", [columns]), g.constant(0.1, "float32", [columns])];
    return matrix(g, g.groupNorm(rows, scale, bias, 1, 0.1));
  },
} satisfies Record<string, (g: GraphBuilder, a: Value, b: Value) => Value>;

/** Lists of up to six steps. */
export const randomSteps = fc.array(
  fc.record({
    op: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
    a: fc.nat(20),
    b: fc.nat(20),
  }),
  { minLength: 1, maxLength: 6 },
);
