/** A graph opened by ONNX Runtime. */
import * as ort from "onnxruntime-node";
import { AppError, invariant, messageOf } from "../../wire/errors.ts";
import type { MemoryMode } from "../../api/engine.ts";
import type { ProviderName } from "../../scene/scene.ts";
import { chooseTiles, remadeTile } from "../../graph/convolution/choice.ts";
import { convolutionsOf, withFastConvolutions } from "../../graph/convolution/rewrite.ts";
import { withFused } from "../../graph/fused/fused.ts";
import type { Graph } from "../../graph/graph.ts";
import type { AttentionForm } from "../../graph/onnx/form.ts";
import { toOnnx, type Gate } from "../../graph/onnx/onnx.ts";
import { toOrtProviders } from "../providers.ts";
import { IDLE_OPTIMIZERS } from "./idleOptimizers.ts";
import { fusedFormsOf, type OwnForm } from "./ownOperators.ts";

export interface SessionOptions {
  provider: ProviderName;
  deviceId?: number;
  memory: MemoryMode;
  /** Threads of the CPU provider; one per core when left out. */
  threads?: number;
  /** Where ONNX Runtime writes a profile of every run, for the benchmark. */
  profile?: string;
  /** The provider's own operators that are used where a program fits them; none where left out. */
  forms?: readonly OwnForm[];
  /** Told why a session goes without them. */
  note?: (text: string) => void;
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

/** What a session that does not work is opened as instead. */
type Reopen = (reason: unknown) => Promise<ort.InferenceSession>;

export class OrtSession {
  #session: ort.InferenceSession;
  /** That in the provider's own operators, which is replaced where it does not work. */
  readonly #own: ort.InferenceSession | undefined;
  readonly #plain: Reopen | undefined;
  #replaced: Promise<void> | undefined;
  readonly #shapes: Map<string, readonly number[]>;
  readonly #gates: readonly Gate[];

  private constructor(session: ort.InferenceSession, graph: Graph, gates: readonly Gate[], plain?: Reopen) {
    this.#session = session;
    this.#own = plain && session;
    this.#plain = plain;
    this.#shapes = new Map(graph.inputs.map((v) => [v.source.kind === "input" ? v.source.name : "", v.shape]));
    this.#gates = gates;
  }

  /**
   * Opens `graph`; the outputs of `gates` are computed only in runs that ask for them. Where the provider's own operators do not open, or later
   * fail in a run, it is opened in plain ones. Throws `provider-unavailable`.
   */
  static async open(graph: Graph, options: SessionOptions, gates: Gate | readonly Gate[] = []): Promise<OrtSession> {
    const all = [gates].flat();
    const plain = () => opened(graph, options, all);
    const forms = fusedFormsOf(options.provider, options.forms ?? []);
    if (!forms) return new OrtSession(await plain(), graph, all);
    const without = (reason: unknown) => {
      options.note?.(`${options.provider} goes without its own operators: ${messageOf(reason)}`);
      return plain();
    };
    try {
      const own = await opened(withFused(graph, forms), options, all, true);
      return new OrtSession(own, graph, all, without);
    } catch (error) {
      return new OrtSession(await without(error), graph, all);
    }
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
    await this.#replaced;
    const session = this.#session;
    try {
      return await session.run(tensors);
    } catch (error) {
      if (!this.#plain || session !== this.#own) throw explained(error, "ONNX Runtime stopped in the middle of a run");
      // Of several runs at once the first that fails replaces it.
      this.#replaced ??= this.#replace(this.#plain, error);
      return this.#run(tensors);
    }
  }

  async #replace(open: Reopen, reason: unknown): Promise<void> {
    await this.#session.release(); // before the other takes memory
    this.#session = await open(reason);
  }
}

async function opened(graph: Graph, options: SessionOptions, gates: readonly Gate[], hasOwn = false) {
  const model = toOnnx(convolvedFast(graph, options), gates, {
    attention: ATTENTION[options.provider],
    groups: options.provider === "cpu" ? "rows" : "instances",
    hasOwn,
    fixedValues: remakesFixedValues(options) ? "remade" : "kept",
    recomputes: options.provider === "cpu",
  });
  return create(model.bytes, options, model.weightFolder);
}

/** As the processor convolves fastest. Its fast mode packs weights into forms of its own anyway; the other may keep none. */
function convolvedFast(graph: Graph, options: SessionOptions): Graph {
  if (options.provider !== "cpu") return graph;
  if (remakesFixedValues(options)) return withFastConvolutions(graph, remadeTile, { flips: false });
  const tiles = chooseTiles(convolutionsOf(graph));
  return withFastConvolutions(graph, ({ weights }) => tiles.get(weights));
}

/** In the low memory mode weights that are widened or transformed are made anew in every run, and not kept beside those of the file. */
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
  const threads = options.threads !== undefined ? { intraOpNumThreads: options.threads } : {};
  const profile = options.profile !== undefined ? { enableProfiling: true, profileFilePrefix: options.profile } : {};
  // A memory pattern is one more block of the size of all activations, beside what the first run took.
  return { ...chosen, enableMemPattern: false, graphOptimizationLevel: "all", logSeverityLevel: 3, extra, ...threads, ...profile }; // prettier-ignore
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
