/** A graph opened by ONNX Runtime. */
import * as ort from "onnxruntime-node";
import { AppError, invariant } from "../../api/errors.ts";
import type { MemoryMode } from "../../api/engine.ts";
import type { ProviderName } from "../../api/scene.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Gate } from "../../graph/onnx.ts";
import { toOnnx } from "../../graph/onnx.ts";

export interface SessionOptions {
  provider: ProviderName;
  deviceId?: number;
  memory: MemoryMode;
  /** Where ONNX Runtime writes a profile of every run, for the benchmark. */
  profile?: string;
}

/** Numbers for one input; whole numbers and truth values are converted to what the graph's input is. */
export type Feed = Float32Array | BigInt64Array | boolean;

export class Session {
  readonly #session: ort.InferenceSession;
  readonly #shapes: Map<string, readonly number[]>;
  readonly #gate: Gate | undefined;

  private constructor(session: ort.InferenceSession, graph: Graph, gate?: Gate) {
    this.#session = session;
    this.#shapes = new Map(graph.inputs.map((v) => [v.source.kind === "input" ? v.source.name : "", v.shape]));
    this.#gate = gate;
  }

  /** Opens `graph`; the outputs of `gate` are computed only in runs that ask for them. */
  static async open(graph: Graph, options: SessionOptions, gate?: Gate): Promise<Session> {
    const model = toOnnx(graph, gate);
    return new Session(await create(model.bytes, ortOptions(options, model.weightFolder)), graph, gate);
  }

  /**
   * Runs the program on one value per input. Blocks this thread until it is done. The gated outputs are left out unless
   * `gated` is true.
   */
  async run(feeds: Readonly<Record<string, Feed>>, gated = false): Promise<Record<string, Float32Array<ArrayBuffer>>> {
    const tensors: Record<string, ort.Tensor> = {};
    for (const [name, shape] of this.#shapes) {
      const feed = feeds[name];
      invariant(feed !== undefined, `no value for the input ${name}`);
      tensors[name] = tensor(feed, shape);
    }
    if (this.#gate) tensors[this.#gate.input] = tensor(gated, [1]);
    const results = await this.#session.run(tensors);
    const outputs: Record<string, Float32Array<ArrayBuffer>> = {};
    for (const [name, value] of Object.entries(results)) {
      if (!gated && this.#gate?.outputs.includes(name)) continue;
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
}

function tensor(feed: Feed, shape: readonly number[]): ort.Tensor {
  if (typeof feed === "boolean") return new ort.Tensor("bool", [feed], shape);
  return feed instanceof BigInt64Array ? new ort.Tensor("int64", feed, shape) : new ort.Tensor("float32", feed, shape);
}

function ortOptions(options: SessionOptions, weightFolder?: string): ort.InferenceSession.SessionOptions {
  const extra: Record<string, string> = {};
  if (weightFolder !== undefined) extra["session.model_external_initializers_file_folder_path"] = weightFolder;
  if (options.memory === "low") {
    extra["session.disable_prepacking"] = "1";
    extra["optimization.disable_specified_optimizers"] = "NchwcTransformer";
  }
  const profile = options.profile !== undefined ? { enableProfiling: true, profileFilePrefix: options.profile } : {};
  return {
    executionProviders: [options.provider],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra,
    ...profile,
  };
}

async function create(bytes: Uint8Array, options: ort.InferenceSession.SessionOptions): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError("internal", `ONNX Runtime refused the graph: ${reason}`, {}, { cause: error });
  }
}
