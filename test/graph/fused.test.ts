/** Programs in the operators that providers have beside ONNX's own: the same numbers, and what ONNX Runtime is given for each provider. */
import { fromBinary } from "@bufbuild/protobuf";
import { type GraphProto, ModelProtoSchema, type NodeProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { fusedFormsOf, OWN_FORM_NAMES } from "../../src-main/engine/sessions/ownOperators.ts";
import { ONE_GATE, withPairs } from "../../src-main/engine/sessions/pairs.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { unetGraph } from "../../src-main/engine/sessions/unetGraph.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { type FusedForms, withFused } from "../../src-main/graph/fused/fused.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../../src-main/graph/gradient/rule.ts";
import { type DType, type Graph, sizeOf, type Value } from "../../src-main/graph/graph.ts";
import { toOnnx } from "../../src-main/graph/onnx/onnx.ts";
import { withoutDeadNodes } from "../../src-main/graph/simplify.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
import { vaeDecoder } from "../../src-main/model/vae.ts";
import { Module } from "../../src-main/model/layers.ts";
import { relativeError } from "../support/closeness.ts";
import { guidedStep } from "../support/guidedStep.ts";
import { normals, positives } from "../support/randomNumbers.ts";

const CPU = { provider: "cpu", memory: "fast", threads: 1 } as const;
const ALL: FusedForms = {
  splitGelu: () => true,
  packedAttention: true,
  channelsLast: { weights: "float32", normalises: () => true },
};
const EACH = OWN_FORM_NAMES.map((form) => [form, { [form]: ALL[form] }] as [string, FusedForms]);

const ops = ({ nodes }: Graph): Partial<Record<string, number>> =>
  Object.fromEntries([...new Set(nodes.map(({ op }) => op))].map((op) => [op, nodes.filter((n) => n.op === op).length])); // prettier-ignore

async function network(folder: string, tokens: number, dtype: DType) {
  const { unet } = await openCheckpoint(folder);
  const form = { columns: tokens, masked: false, program: STEERING };
  return unetGraph(unet.config, unet.weights, { height: 8, width: 12 }, form, dtype, DEFAULT_GRADIENT_OPTIONS);
}

const only = (graph: Graph, ...names: string[]) =>
  withoutDeadNodes({ ...graph, outputs: graph.outputs.filter(({ name }) => names.includes(name)) });

// On the processor, which has none of the operators: there they are spelled in others (graph/onnx/fused.ts).
describe("a guided step is the same but for rounding:", () => {
  let step: ReturnType<typeof guidedStep> | undefined;
  const plainStep = () => (step ??= guidedStep("test/goldens/tiny-sd", 77, CPU));
  test.each([...EACH, ["all of them", ALL] as const])("%s", { timeout: 120_000 }, async (_, forms) => {
    const rewritten = (graph: Graph) => {
      const program = withFused(graph, forms);
      expect(ops(program)).not.toEqual(ops(graph));
      return program;
    };
    const [plain, fused] = [await plainStep(), await guidedStep("test/goldens/tiny-sd", 77, CPU, rewritten)];
    expect(Object.keys(fused)).toEqual(Object.keys(plain));
    for (const [name, numbers] of Object.entries(plain)) {
      expect(Math.hypot(...numbers), name).toBeGreaterThan(0);
      expect(relativeError(fused[name]!, numbers), name).toBeLessThan(name === "gradient" ? 1e-4 : 1e-5);
    }
  });
});

test("several rows in one run are the same, too", { timeout: 240_000 }, async () => {
  const { graph, gates } = withPairs(await network("test/goldens/tiny-sd", 77, "float32"), [1]);
  const feeds = Object.fromEntries(
    graph.inputs.map(({ source, shape }, i) => [source.kind === "input" ? source.name : "", Float32Array.from(positives(shape, i + 1))]), // prettier-ignore
  );
  const outputsOf = async (program: Graph) => {
    const session = await OrtSession.open(program, CPU, gates);
    const outputs = await session.run(feeds, gates.flatMap(({ input }) => (input === ONE_GATE ? [] : [input]))); // prettier-ignore
    await session.close();
    return outputs;
  };
  const [plain, fused] = [await outputsOf(graph), await outputsOf(withFused(graph, ALL))];
  expect(Object.keys(plain)).toContain("pairs1.gradient");
  for (const [name, numbers] of Object.entries(plain)) {
    expect(relativeError(fused[name]!, numbers), name).toBeLessThan(name.endsWith("gradient") ? 1e-4 : 1e-5);
  }
});

test("the decoder is the same", async () => {
  const { vae } = await openCheckpoint("test/goldens/tiny-sd");
  const g = new GraphBuilder();
  const latent = g.input("latent", "float32", [1, vae.config.latentChannels, 6, 4]);
  const graph = g.finish({ picture: vaeDecoder(new Module(g, vae.weights, "float32"), vae.config, latent) });
  const fused = withFused(graph, ALL);
  const outputs: Float32Array[] = [];
  for (const program of [graph, fused]) {
    const session = await OrtSession.open(program, CPU);
    outputs.push((await session.run({ latent: Float32Array.from(normals(latent.shape, 5)) }))["picture"]!);
    await session.close();
  }
  expect(relativeError(outputs[1]!, outputs[0]!)).toBeLessThan(1e-5);
  expect([ops(fused)["Conv"], ops(fused)["GroupNorm"], ops(fused)["Attention"]]).toEqual([undefined, undefined, undefined]); // prettier-ignore
});

test("in a plain step nothing is computed but the operators, and channels are moved no more often than before", async () => {
  const { graph } = await network("test/goldens/tiny-sd", 77, "float32");
  const plain = only(graph, "prediction");
  const [before, after] = [ops(plain), ops(withFused(plain, ALL))];
  const layers = before["Attention"]!;
  expect(after).toMatchObject({ BiasSplitGelu: layers, PackedAttention: layers, NhwcConv: before["Conv"], NhwcGroupNorm: before["GroupNorm"] }); // prettier-ignore
  expect(Object.keys(after)).not.toEqual(expect.arrayContaining(["Attention"]));
  for (const op of ["Conv", "GroupNorm", "Gelu", "Attention", "Upsample"]) expect(after[op], op).toBeUndefined();
  // Two products less by each attention, one less by each GELU; every convolution has its weights turned, once, when it is opened.
  expect(after["Gemm"]).toBe(before["Gemm"]! - 3 * layers);
  expect(after["Transpose"]! - before["Conv"]!).toBeLessThanOrEqual(before["Transpose"]! + 4);
});

test("what a gradient needs of the forward pass is sliced from it, no product is computed again", async () => {
  const { graph } = await network("test/goldens/tiny-sd", 77, "float32");
  const [plain, guided] = [only(graph, "prediction"), only(graph, "prediction", "gradient")];
  const extra = (forms: FusedForms, op: string) =>
    (ops(withFused(guided, forms))[op] ?? 0) - (ops(withFused(plain, forms))[op] ?? 0);
  for (const op of ["Gemm", "MatMul", "NhwcConv", "Attention", "ConvTranspose"]) {
    const before = op === "NhwcConv" ? "Conv" : op;
    expect(extra(ALL, op), op).toBe((ops(guided)[before] ?? 0) - (ops(plain)[before] ?? 0));
  }
});

test("both halves of GEGLU are read from the file as one range, where they are one", async () => {
  const { graph } = await network("test/goldens/tiny-sd", 77, "float32");
  const fused = withFused(only(graph, "prediction"), { splitGelu: () => true });
  const products = fused.nodes.filter(({ op }) => op === "BiasSplitGelu").map(({ inputs }) => inputs);
  for (const [product, bias] of products) {
    const gemm = fused.nodes.find(({ output }) => output === product)!;
    for (const weights of [gemm.inputs[1]!, bias!]) {
      expect(weights.source).toMatchObject({ kind: "weight", ref: { length: 4 * sizeOf(weights.shape) } });
    }
  }
  expect(products.length).toBeGreaterThan(5);
});

test("another product between, another input or another activation is left as it is", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [3, 4]);
  const other = g.input("other", "float32", [3, 4]);
  const layer = (of: Value, seed: number) =>
    g.gemm(of, g.constant(normals([6, 4], seed), "float32", [6, 4]), g.constant(seed, "float32", [6]), { b: true });
  const outputs = {
    inputs: g.mul(layer(x, 1), g.gelu(layer(other, 2))),
    once: g.mul(layer(x, 3), g.gelu(layer(x, 3))),
    sum: g.mul(layer(x, 4), g.gelu(g.add(layer(x, 5), 1))),
    moving: g.mul(g.gemm(x, g.input("w", "float32", [6, 4]), g.input("b", "float32", [6]), { b: true }), g.gelu(layer(x, 6))), // prettier-ignore
  };
  const graph = g.finish(outputs);
  expect(ops(withFused(graph, ALL))).toEqual(ops(withoutDeadNodes(graph)));
});

/** What a provider is given of com.microsoft, by name, with the attributes of the first of each. */
function emitted(graph: Graph, forms: FusedForms) {
  const model = fromBinary(ModelProtoSchema, toOnnx(withFused(graph, forms), [], { attention: "fused", hasOwn: true }).bytes); // prettier-ignore
  const inside = ({ node }: GraphProto): NodeProto[] => node.flatMap((one) => [one, ...one.attribute.flatMap(({ g }) => (g ? inside(g) : []))]); // prettier-ignore
  const own = inside(model.graph!).filter(({ domain }) => domain === "com.microsoft");
  const told = ({ attribute }: NodeProto) =>
    attribute.map(({ name, i, ints }) => (name === "epsilon" ? name : `${name} ${ints.length > 0 ? ints.join("x") : i}`)); // prettier-ignore
  return Object.fromEntries(own.toReversed().map((node) => [node.opType, `${node.input.length}: ${told(node).join(", ")}`])); // prettier-ignore
}

describe("what each provider is given of a network of float16", () => {
  test.each(["cuda", "dml"] as const)("%s", async (provider) => {
    const { graph } = await network("test/goldens/tiny-sd", 77, "float16");
    const forms = fusedFormsOf(provider, OWN_FORM_NAMES)!;
    // CUDA's BiasSplitGelu is for the widths of Stable Diffusion alone.
    expect(forms.splitGelu!(64)).toBe(provider === "dml");
    expect([2560, 5120, 10240].every(forms.splitGelu!)).toBe(true);
    const given = emitted(only(graph, "prediction"), { ...forms, splitGelu: () => true });
    const groups = /groups (\d+)/.exec(given["GroupNorm"] ?? "")?.[1];
    expect(Object.keys(given).sort()).toEqual(["BiasSplitGelu", "GroupNorm", "MultiHeadAttention", "NhwcConv", "QuickGelu"]); // prettier-ignore
    expect(given).toMatchObject({
      BiasSplitGelu: "2: ",
      GroupNorm: `3: groups ${groups!}, epsilon, activation 1, channels_last 1`,
      NhwcConv: "3: strides 1x1, pads 1x1x1x1, kernel_shape 3x3",
    });
    expect(given["MultiHeadAttention"]).toMatch(/^1: num_heads \d+$/);
    const norms = withFused(only(graph, "prediction"), forms).nodes.filter(({ op }) => op === "NhwcGroupNorm");
    const types = norms.map(({ inputs }) => inputs.map(({ dtype }) => dtype).join());
    expect(new Set(types)).toEqual(new Set([provider === "cuda" ? "float16,float32,float32" : "float16,float16,float16"])); // prettier-ignore
  });

  test("WebGPU", async () => {
    const { graph } = await network("test/goldens/tiny-sd", 77, "float32");
    const given = emitted(only(graph, "prediction"), fusedFormsOf("webgpu", OWN_FORM_NAMES)!);
    expect(given["BiasSplitGelu"]).toBe("2: ");
    expect(Object.keys(given)).not.toContain("GroupNorm");
  });

  test("the processor and CoreML have none", () => {
    expect([fusedFormsOf("cpu", OWN_FORM_NAMES), fusedFormsOf("coreml", OWN_FORM_NAMES)]).toEqual([undefined, undefined]); // prettier-ignore
    expect(fusedFormsOf("cuda", [])).toBeUndefined();
  });
});
