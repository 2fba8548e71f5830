/** The text form of a program, one node a line, for tests and for reading. */
import type { Graph, Shape, Value } from "./graph.ts";

const SHORT = { float32: "f32", float16: "f16", bfloat16: "bf16", int64: "i64", int32: "i32", bool: "bool" } as const;

function typeOf(value: { dtype: keyof typeof SHORT; shape: Shape }): string {
  return `${SHORT[value.dtype]}[${value.shape.join(",")}]`;
}

/** Prints inputs, nodes and outputs; values made by nodes are numbered in the order of the nodes. */
export function print(graph: Graph): string {
  const numbers = new Map<Value, number>(graph.nodes.map((node, i) => [node.output, i]));
  const name = (v: Value): string => {
    if (v.source.kind === "input") return v.source.name;
    if (v.source.kind === "weight") return `@${v.source.name}`;
    if (v.source.kind === "node") return `%${numbers.get(v) ?? "?"}`;
    const { data } = v.source;
    const same = data.every((x) => x === data[0]);
    return same && data.length > 0
      ? String(data[0])
      : `[${data.slice(0, 6).join(", ")}${data.length > 6 ? ", …" : ""}]`;
  };
  const attributes = (record: object): string => {
    const entries = Object.entries(record).map(([key, v]: [string, unknown]) => `${key}=${JSON.stringify(v)}`);
    return entries.length ? ` {${entries.join(" ")}}` : "";
  };
  const lines = [
    ...graph.inputs.map((v) => `${name(v)} : ${typeOf(v)}`),
    ...graph.nodes.map((node) => {
      const call = `${node.op}(${node.inputs.map(name).join(", ")})${attributes(node.attributes)}`;
      return `${name(node.output)} = ${call} : ${typeOf(node.output)}`;
    }),
    ...graph.outputs.map((o) => `${o.name} <- ${name(o.value)}`),
  ];
  return lines.join("\n");
}
