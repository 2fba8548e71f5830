/** A graph opened by ONNX Runtime. */
import * as ort from "onnxruntime-node";
import { AppError, invariant, messageOf } from "../../wire/errors.ts";
import type { MemoryMode } from "../../api/engine.ts";
import type { ProviderName } from "../../scene/scene.ts";
import { chooseTiles } from "../../graph/convolution/choice.ts";
import { convolutionsOf, withFastConvolutions } from "../../graph/convolution/rewrite.ts";
import type { Graph } from "../../graph/graph.ts";
import type { AttentionForm } from "../../graph/onnx/form.ts";
import { toOnnx, type Gate } from "../../graph/onnx/onnx.ts";
import { toOrtProviders } from "../providers.ts";
import { IDLE_OPTIMIZERS } from "./idleOptimizers.ts";

export interface SessionOptions {
  provider: ProviderName;
  deviceId?: number;
  memory: MemoryMode;
  /** Threads of the CPU provider; one per core when left out. */
  threads?: number;
  /** Where ONNX Runtime writes a profile of every run, for the benchmark. */
  profile?: string;
}

/** Numbers for one input of the graph. */
export type Feed = Float32Array | BigInt64Array;

export type Outputs = Record<string, Float32Array<ArrayBuffer>>;

/**
 * Providers whose fused attention is used. CoreML has none, and WebGPU's is off by 8% from 64 rows on (onnxruntime-node
 * 1.30 on SwiftShader; test/engine/webgpuStep.test.ts fails with it).
 */
const ATTENTION: Record<ProviderName, AttentionForm> = {
  cpu: "fused",
  cuda: "fused",
  dml: "fused",
  webgpu: { block: 1 << 25 }, // 128 MiB of float32: what every adapter can bind
  coreml: { block: 1 << 25 },
};

export class OrtSession {
  readonly #session: ort.InferenceSession;
  readonly #shapes: Map<string, readonly number[]>;
  readonly #gates: readonly Gate[];

  private constructor(session: ort.InferenceSession, graph: Graph, gates: readonly Gate[]) {
    this.#session = session;
    this.#shapes = new Map(graph.inputs.map((v) => [v.source.kind === "input" ? v.source.name : "", v.shape]));
    this.#gates = gates;
  }

  /** Opens `graph`; the outputs of `gates` are computed only in runs that ask for them. Throws `provider-unavailable`. */
  static async open(graph: Graph, options: SessionOptions, gates: Gate | readonly Gate[] = []): Promise<OrtSession> {
    const program = hasCopiedWeights(options) ? withFastConvolutions(graph, chooseTiles(convolutionsOf(graph))) : graph;
    const model = toOnnx(program, gates, {
      attention: ATTENTION[options.provider],
      fixedValues: remakesFixedValues(options) ? "remade" : "kept",
    });
    return new OrtSession(await create(model.bytes, options, model.weightFolder), graph, [gates].flat());
  }

  /**
   * Runs the program on one value per input. Blocks this thread until it is done. Gated outputs are left out unless `open` is true for
   * all gates, or names the input of theirs and of the gate that it is behind.
   */
  async run(feeds: Readonly<Record<string, Feed>>, open: boolean | readonly string[] = false): Promise<Outputs> {
    const tensors: Record<string, ort.Tensor> = {};
    for (const [name, shape] of this.#shapes) {
      const feed = feeds[name];
      invariant(feed !== undefined, `no value for the input ${name}`);
      tensors[name] = feed instanceof BigInt64Array ? new ort.Tensor("int64", feed, shape) : new ort.Tensor("float32", feed, shape); // prettier-ignore
    }
    const isOpen = (input: string) => (typeof open === "boolean" ? open : open.includes(input));
    for (const { input } of this.#gates) tensors[input] = new ort.Tensor("bool", [isOpen(input)], [1]);
    const isReached = ({ input, within }: Gate) => isOpen(input) && (within === undefined || isOpen(within));
    const closed = this.#gates.flatMap((gate) => (isReached(gate) ? [] : gate.outputs));
    const results = await this.#run(tensors);
    const outputs: Outputs = {};
    for (const [name, value] of Object.entries(results)) {
      if (closed.includes(name)) continue;
      invariant(value.data instanceof Float32Array, `output ${name} is ${value.type}`);
      outputs[name] = value.data as Float32Array<ArrayBuffer>;
    }
    return outputs;
  }

  /** Frees it; a run afterwards throws. */
  async close(): Promise<void> {
    await this.#session.release();
  }

  endProfiling(): void {
    this.#session.endProfiling();
  }

  async #run(tensors: Record<string, ort.Tensor>): Promise<ort.InferenceSession.OnnxValueMapType> {
    try {
      return await this.#session.run(tensors);
    } catch (error) {
      throw explained(error, "ONNX Runtime stopped in the middle of a run");
    }
  }
}

/** The fast mode of the processor packs weights into forms of its own anyway. */
function hasCopiedWeights({ memory, provider }: SessionOptions): boolean {
  return memory === "fast" && provider === "cpu";
}

/** 16-bit weights that the processor computes with in 32 bits would otherwise lie in memory twice as large, all of them. */
function remakesFixedValues({ memory, provider }: SessionOptions): boolean {
  return memory === "low" && provider === "cpu";
}

function ortOptions(options: SessionOptions, weightFolder?: string): ort.InferenceSession.SessionOptions {
  const chosen = toOrtProviders(options.provider, options.deviceId);
  const extra: Record<string, unknown> = { ...chosen.extra };
  const disabled = options.provider === "cpu" ? [...IDLE_OPTIMIZERS] : [];
  if (weightFolder !== undefined) extra["session.model_external_initializers_file_folder_path"] = weightFolder;
  if (process.env["DIORAMA_SPIN"] === "0") extra["session.intra_op.allow_spinning"] = "0";
  if (options.memory === "low") {
    // Weights stay mapped from the checkpoint instead of being packed into a copy that the kernels read faster.
    extra["session.disable_prepacking"] = "1";
    disabled.push("NchwcTransformer");
    if (remakesFixedValues(options)) disabled.push("ConstantFolding", "FuseFp16InitializerToFp32NodeTransformer");
  }
  if (disabled.length > 0) extra["optimization.disable_specified_optimizers"] = disabled.join(";");
  // Without an arena every activation goes back to the system when the last node that needs it has run.
  const arena = options.memory === "low" ? { enableCpuMemArena: false } : {};
  const threads = options.threads !== undefined ? { intraOpNumThreads: options.threads } : {};
  const profile = options.profile !== undefined ? { enableProfiling: true, profileFilePrefix: options.profile } : {};
  // A memory pattern is one more block of the size of all activations, beside what the first run took.
  return { ...chosen, enableMemPattern: false, graphOptimizationLevel: "all", logSeverityLevel: 3, extra, ...arena, ...threads, ...profile }; // prettier-ignore
}

async function create(model: Uint8Array, options: SessionOptions, folder?: string): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, ortOptions(options, folder));
  } catch (error) {
    if (options.provider === "cpu") throw explained(error, "ONNX Runtime could not open the network");
    const problem = `${options.provider} could not open the network: ${messageOf(error)} Choose the provider cpu, or run the doctor to see what works here.`;
    throw new AppError("provider-unavailable", problem, { provider: options.provider, alternatives: ["cpu"] }, { cause: error }); // prettier-ignore
  }
}

function explained(error: unknown, what: string): AppError {
  const reason = messageOf(error);
  if (/bad_alloc|out of memory|failed to allocate|OutOfMemory|0x8007000E/i.test(reason)) {
    const advice = "Choose a smaller picture, the low memory mode, or close other programs.";
    return new AppError("out-of-memory", `${what}: memory ran out. ${advice}`, {}, { cause: error });
  }
  return new AppError("internal", `${what}: ${reason}`, {}, { cause: error });
}
