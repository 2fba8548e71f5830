/**
 * The same program for several rows at once: a program of one picture becomes one of a batch, its methods' hooks and losses and their
 * gradients included, without any of them knowing. Outputs may be asked for in the first rows alone; then what only they need is
 * computed for those, from a slice of what all rows have: so a gradient costs nothing in rows that nobody guides.
 */
import { invariant } from "../../wire/errors.ts";
import { GraphBuilder } from "../builder.ts";
import { appendCopy } from "../copy.ts";
import type { Graph, Node, OpAttributes, OpName, Value } from "../graph.ts";
import { ancestors } from "../simplify.ts";
import { type Operand, rowRules, type RowRule, seenAs, stacked } from "./rules.ts";

/**
 * Appends `graph`, whose values are of `g`, to `g` for `rowsOf(output)` rows of each of its outputs; 0 leaves an output out. `inputs` has the stacked form [rows, ...shape]
 * of the inputs that differ from row to row, of as many rows as any output. Gives each output as [rows, ...shape].
 */
export function inRows(
  g: GraphBuilder,
  graph: Graph,
  inputs: ReadonlyMap<Value, Value>,
  rowsOf: (output: string) => number,
): Record<string, Value> {
  const asked = graph.outputs.filter(({ name }) => rowsOf(name) > 0);
  const most = new Map<Value, number>();
  for (const rows of [...new Set(asked.map(({ name }) => rowsOf(name)))].sort((a, b) => a - b)) {
    const roots = asked.filter(({ name }) => rowsOf(name) === rows).map(({ value }) => value);
    for (const value of ancestors(graph.nodes, roots)) most.set(value, rows);
  }
  const stacks = new Map<Value, Value>(inputs);
  const operand = (value: Value, rows: number): Operand => {
    const stack = stacks.get(value);
    if (!stack) return { value, isStacked: false, shape: value.shape };
    return { value: g.slice(stack, 0, 0, rows), isStacked: true, shape: value.shape };
  };
  for (const node of graph.nodes) {
    const rows = most.get(node.output);
    if (rows === undefined || !node.inputs.some((value) => stacks.has(value))) continue;
    const operands = node.inputs.map((value) => operand(value, rows));
    stacks.set(node.output, forRows(g, node, operands, rows));
  }
  return Object.fromEntries(
    asked.map(({ name, value }) => [name, stacked(g, rowsOf(name), operand(value, rowsOf(name)))]),
  );
}

function forRows(g: GraphBuilder, node: Node, inputs: readonly Operand[], rows: number): Value {
  const rule = rowRules[node.op] as RowRule<OpName>; // the table is keyed by the op itself
  const y = rule({ g, rows, inputs, attributes: node.attributes as OpAttributes[OpName], node });
  invariant(
    y.shape.join() === [rows, ...node.output.shape].join(),
    `${node.op} in ${rows} rows gave [${y.shape.join()}]`,
  );
  return y;
}

/** How a program is done for several rows beside its own form for one. */
export interface RowForm {
  /** Of the names of its outputs. */
  prefix: string;
  /** Of each output; 0 leaves it out. */
  rowsOf: (output: string) => number;
}

/**
 * One program with `graph` for the first row and with each of `forms`, for the rows from the first on; they have their weights in common. Its inputs are
 * [rows, ...shape], but those named in `shared`, which are the same for all rows. Outputs of the first row keep their names and shapes.
 */
export function withRows(graph: Graph, rows: number, shared: readonly string[], forms: readonly RowForm[]): Graph {
  const g = new GraphBuilder();
  const stacks = new Map<Value, Value>();
  const of = appendCopy(g, graph, {
    input: ({ source, dtype, shape }) => {
      invariant(source.kind === "input", "a value that is no input");
      if (shared.includes(source.name)) return g.input(source.name, dtype, shape);
      const stack = g.input(source.name, dtype, [rows, ...shape]);
      const first = seenAs(g, g.slice(stack, 0, 0, 1), shape);
      stacks.set(first, stack);
      return first;
    },
  });
  const outputs = Object.fromEntries(graph.outputs.map(({ name, value }) => [name, of(value)]));
  const single = g.finish(outputs);
  const copy = { ...single, nodes: [...single.nodes] };
  for (const { prefix, rowsOf } of forms) {
    const made = Object.entries(inRows(g, copy, stacks, rowsOf));
    for (const [name, value] of made) outputs[prefix + name] = value;
  }
  return g.finish(outputs);
}
