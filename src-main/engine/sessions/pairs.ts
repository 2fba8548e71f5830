/**
 * Both halves of classifier-free guidance in one run, of one picture or of several: the network's program in rows (graph/rows), the
 * prompts' halves first and the negative ones after them. Maps, loss and gradient are those of the prompts' rows alone. The program for a
 * single row stays beside it, behind a gate of its own: one session, and one copy of the weights, does either.
 */
import type { Graph, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../graph/graph.ts";
import type { Gate } from "../../graph/onnx/onnx.ts";
import { withRows } from "../../graph/rows/rows.ts";
import { invariant } from "../../wire/errors.ts";
import { LORA_STRENGTHS } from "../../model/adapters.ts";
import type { Feed, Outputs } from "./session.ts";
import type { UnetGraph } from "./unetGraph.ts";

/** Name of the boolean input that turns the program of one row on. */
export const ONE_GATE = "want_one";

/** Outputs of the negative halves, too. */
const OF_BOTH = ["prediction", "deep"];

const SHARED = [LORA_STRENGTHS];

const prefixOf = (pairs: number) => `pairs${pairs}.`;
const pairsGate = (pairs: number) => `want_pairs${pairs}`;
const gradientGate = (pairs: number) => `want_gradient${pairs}`;

/** `built` with programs for the pairs of as many pictures as each of `pairs` says; its inputs are [rows, ...shape] of the most of them. */
export function withPairs(built: UnetGraph, pairs: readonly number[]): UnetGraph {
  const names = built.graph.outputs.map(({ name }) => name);
  const rows = 2 * Math.max(...pairs);
  const forms = pairs.map((count) => ({
    prefix: prefixOf(count),
    rowsOf: (output: string) => (OF_BOTH.includes(output) ? 2 * count : count),
  }));
  const gated = built.gates.flatMap(({ outputs }) => outputs);
  const gates: Gate[] = [{ input: ONE_GATE, outputs: names.filter((name) => !gated.includes(name)) }];
  for (const gate of built.gates) gates.push({ ...gate, within: ONE_GATE });
  for (const count of pairs) {
    const all = (some: readonly string[]) => some.map((name) => prefixOf(count) + name);
    gates.push({ input: pairsGate(count), outputs: all(names.filter((name) => name !== "gradient")) });
    if (built.hasLoss) gates.push({ input: gradientGate(count), outputs: all(["gradient"]), within: pairsGate(count) });
  }
  return { ...built, graph: withRows(built.graph, rows, SHARED, forms), gates, pairs };
}

/** The gates of a run of so many pairs. */
export function gatesOf(pairs: number, gradient: boolean): string[] {
  return [pairsGate(pairs), ...(gradient ? [gradientGate(pairs)] : [])];
}

/** The gates of a run of one row that has those of the program for one row open. */
export function gatesOfOne(gates: readonly string[]): string[] {
  return [ONE_GATE, ...gates];
}

/** One value per input of `graph`, whose inputs are of several rows: those of `rows`, and zeros for the rows that are not there. */
export function stackedFeeds(
  graph: Graph,
  rows: readonly (Readonly<Record<string, Feed>> | undefined)[],
): Record<string, Feed> {
  const nameOf = ({ source }: Value) => (source.kind === "input" ? source.name : "");
  return Object.fromEntries(
    graph.inputs.map((input) => {
      const name = nameOf(input);
      if (SHARED.includes(name)) return [name, rows[0]![name]!]; // there always is a first
      const all = new Float32Array(sizeOf(input.shape));
      const size = all.length / input.shape[0]!;
      rows.forEach((row, i) => {
        if (!row) return;
        const own = row[name];
        invariant(own instanceof Float32Array && own.length === size, `row ${i} has nothing for ${name}`);
        all.set(own, i * size);
      });
      return [name, all];
    }),
  );
}

/** What the pairs' program gave row by row: of the prompts' halves all of its outputs, of the negative ones what they have. */
export function outputsOfPairs(outputs: Outputs, pairs: number): { prompt: Outputs; negative: Outputs }[] {
  const own = Object.entries(outputs).flatMap(([name, numbers]) =>
    name.startsWith(prefixOf(pairs)) ? [[name.slice(prefixOf(pairs).length), numbers] as const] : [],
  );
  const rowOf = (row: number) => {
    const there = own.filter(([name]) => row < pairs || OF_BOTH.includes(name));
    return Object.fromEntries(
      there.map(([name, numbers]) => {
        const size = numbers.length / (OF_BOTH.includes(name) ? 2 * pairs : pairs);
        return [name, numbers.slice(row * size, (row + 1) * size)];
      }),
    );
  };
  return Array.from({ length: pairs }, (_, i) => ({ prompt: rowOf(i), negative: rowOf(pairs + i) }));
}
