/**
 * Writes a program as an ONNX model. Weights stay where they are: an initializer names a byte range of the checkpoint's
 * own file, so the model is a few hundred kilobytes whatever the checkpoint weighs.
 *
 * Outputs may be gated: what only they need goes into the branch of an `If` on a boolean input. One session and one
 * copy of the weights then serve steps with and without a gradient, and runs of one row and of several.
 */
import path from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import type { AttributeProto, NodeProto, TensorProto, ValueInfoProto } from "onnx-buf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "onnx-buf";
import { invariant } from "../../wire/errors.ts";
import type { DType, Graph, Node, OpAttributes, OpName, Shape, Value } from "../graph.ts";
import { sizeOf } from "../graph.ts";
import { ONNX_TYPE, type AttentionForm, type Emitter, type GroupsForm, type OnnxForm } from "./form.ts";
import { onnxForms } from "./forms.ts";
import { info, proto, rawBytes } from "./messages.ts";
import { ancestors, staticValues, withoutDeadNodes } from "../simplify.ts";

/** Opset 20 is the newest whose ops the CPU, CUDA, DirectML and WebGPU providers share. */
const OPSET = 20n;
const IR_VERSION = 9n;

export interface Gate {
  /** Name of the boolean input [1] that turns the gated outputs on. When it is false they hold a single zero. */
  input: string;
  outputs: readonly string[];
  /** Input of the gate that this one is behind: without that its outputs are zeros, too, and what both need is computed once, behind the other. */
  within?: string;
}

export interface OnnxOptions {
  attention: AttentionForm;
  /** Instances where left out. */
  groups?: GroupsForm;
  /** Whether the operators of com.microsoft that fused/ rewrites to are there; spelled in others where left out. */
  hasOwn?: boolean;
  /**
   * What becomes of values that are the same in every run, such as 16-bit weights made wider. `kept`: computed once, and there for every
   * run. `remade`: computed anew where a run needs them and gone after it, for a session that folds no constants.
   */
  fixedValues?: "kept" | "remade";
  /** Whether a branch computes cheap values of outside (RECOMPUTED) anew instead of having them held until it comes to them. */
  recomputes?: boolean;
}

/**
 * Ops that cost next to nothing beside the memory that their results take, from inputs that a gradient needs anyway. Stable Diffusion 1.5's
 * gradient at 512 x 512 finds 1320 MiB of the forward pass held, and without them 920.
 */
const RECOMPUTED: ReadonlySet<OpName> = new Set(["Gelu", "QuickGelu", "GroupNorm"]);

export interface OnnxModel {
  /** A serialised ModelProto. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The folder that the weights' locations are relative to; undefined when the program has none. */
  weightFolder?: string;
}

export function toOnnx(
  graph: Graph,
  gates: Gate | readonly Gate[] = [],
  options: OnnxOptions = { attention: "fused" },
): OnnxModel {
  return new Writer(withoutDeadNodes(graph), options, [gates].flat()).write();
}

class Writer {
  readonly #graph: Graph;
  readonly #options: OnnxOptions;
  readonly #gates: readonly Gate[];
  /** Values that are the same in every run. */
  readonly #fixed: Set<Value>;
  readonly #names = new Map<Value, string>();
  readonly #initializers = new Map<string, TensorProto>();
  /** Names of the constants, by what they hold. */
  readonly #constants = new Map<string, string>();
  /** Written before all others: what any block may use. */
  readonly #first = new Map<string, NodeProto>();
  readonly #folder: string | undefined;
  #fresh = 0;

  constructor(graph: Graph, options: OnnxOptions, gates: readonly Gate[]) {
    this.#graph = graph;
    this.#options = options;
    this.#gates = gates;
    this.#fixed = staticValues(graph);
    const files = graph.nodes
      .flatMap((n) => n.inputs)
      .flatMap((v) => (v.source.kind === "weight" ? [v.source.ref.file] : []));
    this.#folder = commonFolder(files);
  }

  write(): OnnxModel {
    const { inputs, outputs } = this.#graph;
    const gated = outputs.filter(({ name }) => this.#gates.some((gate) => gate.outputs.includes(name)));
    const behind = this.#gates.flatMap((gate) => gate.outputs);
    invariant(gated.length === behind.length, `no outputs ${behind.join(", ")}`);
    const open = outputs.filter((o) => !gated.includes(o));
    const outer = this.#block(undefined, open, new Set(), "");
    const inputInfos = inputs.map((v) => info(this.#name(v), v.dtype, v.shape));
    for (const gate of this.#gates) inputInfos.push(info(gate.input, "bool", [1]));
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: "diorama",
      opsetImport: [
        create(OperatorSetIdProtoSchema, { domain: "", version: OPSET }),
        create(OperatorSetIdProtoSchema, { domain: "com.microsoft", version: 1n }),
      ],
      graph: create(GraphProtoSchema, {
        name: "diorama",
        node: [...this.#first.values(), ...outer],
        initializer: [...this.#initializers.values()],
        input: inputInfos,
        // A gated output is a single zero when it is off, so its shape is left open.
        output: outputs.map((o) => info(o.name, o.value.dtype, gated.includes(o) ? undefined : o.value.shape)),
      }),
    });
    const bytes = toBinary(ModelProtoSchema, model);
    return { bytes, ...(this.#folder !== undefined ? { weightFolder: this.#folder } : {}) };
  }

  /**
   * `results` under their names with `suffix`, from what is `available` outside and what else they need; then the branches of the gates
   * that are here, behind the gate `within`.
   */
  #block(within: string | undefined, results: Graph["outputs"], available: Set<Value>, suffix: string): NodeProto[] {
    const { nodes } = this.#graph;
    const remade = this.#options.fixedValues === "remade";
    const roots = results.map((o) => o.value);
    const here = ancestors(nodes, roots);
    if (within === undefined && !remade) for (const value of this.#fixed) here.add(value);
    // A session runs the inputs of a node in the order from the last written to the first: what is remade is written first, so
    // that it is computed just before its use and not before everything else.
    const sorted = (list: Graph["nodes"]) => (remade ? list.toSorted((a, b) => Number(this.#fixed.has(b.output)) - Number(this.#fixed.has(a.output))) : list); // prettier-ignore
    const own = nodes.filter((n) => here.has(n.output) && !available.has(n.output));
    const inputsOfOwn = ancestors(
      nodes,
      own.flatMap((n) => n.inputs),
    );
    // Remade once more in the branch: a value that the branch took from outside would be held until then.
    const again = remade ? nodes.filter((n) => this.#fixed.has(n.output) && available.has(n.output) && inputsOfOwn.has(n.output)) : []; // prettier-ignore
    const cheap = within !== undefined && this.#options.recomputes ? this.#recomputed(own, available) : [];
    // What is written first is computed last, just before its use.
    const written = this.#emit(sorted([...again, ...cheap, ...own]));
    for (const { name, value } of results) written.push(proto("Identity", [this.#name(value)], [`${name}${suffix}`]));
    const inside = new Set([...available, ...here]);
    for (const gate of this.#gates) if (gate.within === within) written.push(this.#branch(gate, inside, suffix));
    return written;
  }

  /** Those of `available` values that `own` nodes read, and that are computed once more for them. */
  #recomputed(own: Graph["nodes"], available: Set<Value>): Node[] {
    const read = new Set(own.flatMap((n) => n.inputs));
    const chosen: Node[] = [];
    for (const node of this.#graph.nodes.toReversed()) {
      if (!RECOMPUTED.has(node.op) || !read.has(node.output) || !available.has(node.output)) continue;
      chosen.unshift(node);
      for (const input of node.inputs) read.add(input);
    }
    return chosen;
  }

  #emit(nodes: Graph["nodes"]): NodeProto[] {
    const written: NodeProto[] = [];
    const emitter: Emitter = {
      attention: this.#options.attention,
      groups: this.#options.groups ?? "instances",
      hasOwn: this.#options.hasOwn ?? false,
      node: (op, inputs, attributes = {}, domain = "") => {
        const output = `t${this.#fresh++}`;
        written.push(proto(op, inputs, [output], attributes, domain));
        return output;
      },
      ones: (n, dtype) => {
        const name = `ones ${dtype} ${n}`;
        const from = [this.#constant([1], dtype, [1]), this.#constant([n], "int64", [1])];
        if (!this.#first.has(name)) this.#first.set(name, proto("Expand", from, [name]));
        return name;
      },
      ints: (values) => this.#constant(values, "int64", [values.length]),
      fill: (value, dtype, shape) => this.#constant(new Array<number>(sizeOf(shape)).fill(value), dtype, shape),
    };
    for (const node of nodes) {
      const form = onnxForms[node.op] as OnnxForm<OpName>; // the table is keyed by the op itself
      const inputs = node.inputs.map((v) => this.#name(v));
      this.#names.set(node.output, form(emitter, inputs, node.attributes as OpAttributes[OpName], node));
    }
    return written;
  }

  /** An `If` whose outputs are those behind `gate`, of gates within it, too, with `suffix`. */
  #branch(gate: Gate, available: Set<Value>, suffix: string): NodeProto {
    const named = (names: readonly string[]) => this.#graph.outputs.filter((o) => names.includes(o.name));
    const own = named(gate.outputs);
    const further = named(this.#within(gate).flatMap((inner) => inner.outputs));
    const gated = [...own, ...further];
    const before = new Map(this.#names);
    const taken = this.#block(gate.input, own, available, `${suffix}_on`);
    const results = gated.map((o) => ({ ...o, inner: `${o.name}${suffix}_on`, none: `${o.name}${suffix}_off` }));
    const otherwise = results.map((r) => proto("Identity", [this.#constant([0], r.value.dtype, [1])], [r.none]));
    const graphAttribute = (name: string, node: NodeProto[], output: ValueInfoProto[]): AttributeProto =>
      create(AttributeProtoSchema, {
        name,
        type: AttributeProto_AttributeType.GRAPH,
        g: create(GraphProtoSchema, { name, node, output }),
      });
    // What was computed in here has no name outside.
    for (const value of this.#names.keys()) {
      const outside = before.get(value);
      if (value.source.kind !== "node") continue;
      if (outside === undefined) this.#names.delete(value);
      else this.#names.set(value, outside);
    }
    return create(NodeProtoSchema, {
      opType: "If",
      name: `${gate.input}${suffix}`,
      input: [gate.input],
      output: gated.map((o) => `${o.name}${suffix}`),
      attribute: [
        graphAttribute(
          "then_branch",
          taken,
          results.map((r) => info(r.inner, r.value.dtype)),
        ),
        graphAttribute(
          "else_branch",
          otherwise,
          results.map((r) => info(r.none, r.value.dtype)),
        ),
      ],
    });
  }

  /** The gates behind `gate`. */
  #within(gate: Gate): Gate[] {
    const inner = this.#gates.filter(({ within }) => within === gate.input);
    return inner.flatMap((one) => [one, ...this.#within(one)]);
  }

  #name(value: Value): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = this.#introduce(value);
    this.#names.set(value, name);
    return name;
  }

  #introduce(value: Value): string {
    const { source } = value;
    invariant(source.kind !== "node", `value ${value.id} is used before it is computed`);
    if (source.kind === "input") return source.name;
    if (source.kind === "constant") return this.#constant(source.data, value.dtype, value.shape);
    invariant(this.#folder !== undefined, "weights without a folder");
    const { file, offset, length } = source.ref;
    const entry = (key: string, v: string) => create(StringStringEntryProtoSchema, { key, value: v });
    const tensor = create(TensorProtoSchema, {
      name: source.name,
      dataType: ONNX_TYPE[value.dtype],
      dims: value.shape.map(BigInt),
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [
        entry("location", path.relative(this.#folder, file).split(path.sep).join("/")),
        entry("offset", String(offset)),
        entry("length", String(length)),
      ],
    });
    invariant(!this.#initializers.has(source.name), `two weights named ${source.name}`);
    this.#initializers.set(source.name, tensor);
    return source.name;
  }

  #constant(data: readonly number[], dtype: DType, shape: Shape): string {
    const key = `${dtype} ${shape.join("x")} ${data.join()}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = `c${this.#constants.size}`;
    const tensor = { name, dataType: ONNX_TYPE[dtype], dims: shape.map(BigInt), rawData: rawBytes(data, dtype) };
    this.#constants.set(key, name);
    this.#initializers.set(name, create(TensorProtoSchema, tensor));
    return name;
  }
}

/** The deepest folder that holds all `files`. ONNX Runtime reads a session's weights from below one folder only. */
export function commonFolder(files: readonly string[]): string | undefined {
  if (files.length === 0) return undefined;
  const paths = [...new Set(files.map((f) => path.dirname(f)))].map((f) => f.split(path.sep));
  const first = paths[0]!;
  let depth = first.length;
  for (const other of paths) {
    let same = 0;
    while (same < depth && other[same] === first[same]) same++;
    depth = same;
  }
  return first.slice(0, depth).join(path.sep) || path.sep;
}
