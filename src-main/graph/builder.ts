/**
 * The only thing that appends nodes. Shapes are inferred and checked at once, and a node equal to an earlier one is
 * that earlier one: what a gradient needs of the forward pass is found again, not computed again.
 */
import { invariant } from "../wire/errors.ts";
import type { DType, Graph, Node, OpAttributes, OpName, Shape, Value, WeightRef } from "./graph.ts";
import { sizeOf } from "./graph.ts";
import type { OutputType } from "./ops.ts";
import { broadcastShapes, shapeRules } from "./ops.ts";

/** A value, or a number that stands for a constant of the other operand's type. */
export type Operand = Value | number;

export class GraphBuilder {
  readonly #inputs: Value[] = [];
  readonly #nodes: Node[] = [];
  readonly #known = new Map<string, Value>();
  readonly #producers = new Map<Value, Node>();
  #nextId = 0;

  input(name: string, dtype: DType, shape: Shape): Value {
    invariant(!this.#inputs.some((v) => v.source.kind === "input" && v.source.name === name), `second input ${name}`);
    const value = this.#value({ dtype, shape }, { kind: "input", name });
    this.#inputs.push(value);
    return value;
  }

  /** A small constant stored in the graph itself; `data` is repeated to fill `shape` when it is one number. */
  constant(data: number | readonly number[], dtype: DType = "float32", shape: Shape = []): Value {
    const numbers = typeof data === "number" ? new Array<number>(sizeOf(shape)).fill(data) : data;
    invariant(numbers.length === sizeOf(shape), `constant of ${numbers.length} numbers for [${shape.join(", ")}]`);
    const key = `constant ${dtype} ${shape.join()} ${numbers.join()}`;
    return this.#once(key, () => this.#value({ dtype, shape }, { kind: "constant", data: numbers }));
  }

  /** A weight of the checkpoint, computed with as `dtype`. */
  weight(name: string, ref: WeightRef, dtype: DType = ref.dtype): Value {
    const stored = this.#once(`weight ${name} ${ref.shape.join()} ${ref.offset} ${ref.file}`, () =>
      this.#value({ dtype: ref.dtype, shape: ref.shape }, { kind: "weight", name, ref }),
    );
    return this.cast(stored, dtype);
  }

  /** Appends one op; the methods below are short forms of it. */
  append<Op extends OpName>(op: Op, inputs: readonly Value[], attributes: OpAttributes[Op]): Value {
    const key = `${op} ${inputs.map((v) => v.id).join()} ${JSON.stringify(attributes)}`;
    return this.#once(key, () => {
      const output = this.#value(shapeRules[op](inputs, attributes), { kind: "node" });
      const node: Node = { op, inputs, attributes, output };
      this.#nodes.push(node);
      this.#producers.set(output, node);
      return output;
    });
  }

  /** The node that computes `value`, or undefined for inputs, constants and weights. */
  producer(value: Value): Node | undefined {
    return this.#producers.get(value);
  }

  /** The nodes so far, in order of appending. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The program that computes `outputs`. Inputs stay even where nothing reads them: they are the caller's signature. */
  finish(outputs: Readonly<Record<string, Value>>): Graph {
    return {
      inputs: this.#inputs,
      nodes: this.#nodes,
      outputs: Object.entries(outputs).map(([name, value]) => ({ name, value })),
    };
  }

  add(a: Operand, b: Operand): Value {
    return this.#binary("Add", a, b);
  }
  sub(a: Operand, b: Operand): Value {
    return this.#binary("Sub", a, b);
  }
  mul(a: Operand, b: Operand): Value {
    return this.#binary("Mul", a, b);
  }
  div(a: Operand, b: Operand): Value {
    return this.#binary("Div", a, b);
  }
  exp(x: Value): Value {
    return this.append("Exp", [x], {});
  }
  /** Natural logarithm. */
  log(x: Value): Value {
    return this.append("Log", [x], {});
  }
  sqrt(x: Value): Value {
    return this.append("Sqrt", [x], {});
  }
  sigmoid(x: Value): Value {
    return this.append("Sigmoid", [x], {});
  }
  relu(x: Value): Value {
    return this.append("Relu", [x], {});
  }
  erf(x: Value): Value {
    return this.append("Erf", [x], {});
  }
  gelu(x: Value): Value {
    return this.append("Gelu", [x], {});
  }
  quickGelu(x: Value, alpha: number): Value {
    return this.append("QuickGelu", [x], { alpha });
  }
  matmul(a: Value, b: Value): Value {
    return this.append("MatMul", [a, b], {});
  }
  gemm(a: Value, b: Value, c?: Value, trans: { a?: boolean; b?: boolean } = {}): Value {
    const attributes = { transA: trans.a ? 1 : 0, transB: trans.b ? 1 : 0 } as const;
    return this.append("Gemm", c ? [a, b, c] : [a, b], attributes);
  }
  conv(x: Value, weight: Value, bias: Value | undefined, attributes: OpAttributes["Conv"]): Value {
    return this.append("Conv", bias ? [x, weight, bias] : [x, weight], attributes);
  }
  softmax(x: Value, axis: number): Value {
    return this.append("Softmax", [x], { axis });
  }
  layerNorm(x: Value, scale: Value, bias: Value, epsilon: number): Value {
    return this.append("LayerNormalization", [x, scale, bias], { epsilon });
  }
  groupNorm(x: Value, scale: Value, bias: Value, groups: number, epsilon: number): Value {
    return this.append("GroupNorm", [x, scale, bias], { groups, epsilon });
  }
  sum(x: Value, axes: readonly number[], keep = true): Value {
    return axes.length === 0 ? x : this.append("ReduceSum", [x], { axes, keepdims: keep ? 1 : 0 });
  }
  mean(x: Value, axes: readonly number[], keep = true): Value {
    return axes.length === 0 ? x : this.append("ReduceMean", [x], { axes, keepdims: keep ? 1 : 0 });
  }
  max(x: Value, axes: readonly number[], keep = true): Value {
    return axes.length === 0 ? x : this.append("ReduceMax", [x], { axes, keepdims: keep ? 1 : 0 });
  }
  reshape(x: Value, shape: Shape): Value {
    if (x.shape.join() === shape.join()) return x;
    const inner = this.producer(x);
    return this.append("Reshape", [inner?.op === "Reshape" ? inner.inputs[0]! : x], { shape });
  }
  expand(x: Value, shape: Shape): Value {
    return x.shape.join() === shape.join() ? x : this.append("Expand", [x], { shape });
  }
  transpose(x: Value, perm: readonly number[]): Value {
    return perm.every((p, i) => p === i) ? x : this.append("Transpose", [x], { perm });
  }
  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0]! : this.append("Concat", values, { axis });
  }
  slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
    const whole = start === 0 && end >= x.shape[axis]! && step === 1;
    return whole ? x : this.append("Slice", [x], { axis, start, end, step });
  }
  pad(x: Value, pads: readonly number[]): Value {
    return pads.every((p) => p === 0) ? x : this.append("Pad", [x], { pads });
  }
  upsample(x: Value): Value {
    return this.append("Upsample", [x], {});
  }
  cast(x: Value, to: DType): Value {
    return x.dtype === to ? x : this.append("Cast", [x], { to });
  }
  gather(data: Value, indices: Value): Value {
    return this.append("Gather", [data, indices], {});
  }
  equal(a: Value, b: Value): Value {
    return this.append("Equal", [a, b], {});
  }
  where(condition: Value, a: Value, b: Value): Value {
    return this.append("Where", [condition, a, b], {});
  }
  attention(q: Value, k: Value, v: Value, heads: number): Value {
    return this.append("Attention", [q, k, v], { heads });
  }

  /** Sums `x` down to `shape`, which broadcasts to x's: the adjoint of broadcasting. */
  sumTo(x: Value, shape: Shape): Value {
    invariant(
      broadcastShapes(x.shape, shape).join() === x.shape.join(),
      `sumTo: [${shape.join()}] does not broadcast to [${x.shape.join()}]`,
    );
    const lead = x.shape.length - shape.length;
    const axes = x.shape.flatMap((n, i) => (i < lead || (shape[i - lead] === 1 && n !== 1) ? [i] : []));
    return this.reshape(this.sum(x, axes), shape);
  }

  #binary(op: "Add" | "Sub" | "Mul" | "Div", a: Operand, b: Operand): Value {
    const typed = typeof a === "number" ? b : a;
    invariant(typeof typed !== "number", `${op}: two plain numbers`);
    const value = (x: Operand) => (typeof x === "number" ? this.constant(x, typed.dtype) : x);
    return this.append(op, [value(a), value(b)], {});
  }

  #value(type: OutputType, source: Value["source"]): Value {
    return { id: this.#nextId++, ...type, source };
  }

  #once(key: string, make: () => Value): Value {
    const known = this.#known.get(key);
    if (known) return known;
    const value = make();
    this.#known.set(key, value);
    return value;
  }
}
