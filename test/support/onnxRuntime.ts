/** Runs a program on ONNX Runtime's CPU provider, on one thread, with numbers of any type. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { DType, Graph } from "../../src-main/graph/graph.ts";
import { floatsOf, halvesOf } from "../../src-main/graph/float16.ts";
import type { Gate, OnnxOptions } from "../../src-main/graph/onnx/onnx.ts";
import { toOnnx } from "../../src-main/graph/onnx/onnx.ts";
import type { Feeds, Numbers } from "./interpreter.ts";
import { numbers } from "./interpreter.ts";

export interface GateSetting extends Gate {
  on: boolean;
}

export async function runOnnx(
  graph: Graph,
  feeds: Feeds,
  gate: GateSetting | readonly GateSetting[] = [],
  options?: OnnxOptions,
): Promise<Record<string, Numbers>> {
  const gates = [gate].flat();
  const model = toOnnx(graph, gates, options);
  const folder = model.weightFolder;
  const session = await InferenceSession.create(model.bytes, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    ...(folder === undefined ? {} : { extra: { "session.model_external_initializers_file_folder_path": folder } }),
  });
  try {
    const tensors = graph.inputs.map((v) => {
      const name = v.source.kind === "input" ? v.source.name : "";
      return [name, toTensor(v.dtype, feeds[name]!)] as const;
    });
    const switches = gates.map(({ input, on }) => [input, new Tensor("bool", [on], [1])] as const);
    const results = await session.run(Object.fromEntries([...tensors, ...switches]));
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromTensor(tensor)]));
  } finally {
    await session.release();
  }
}

function toTensor(dtype: DType, { shape, data }: Numbers): Tensor {
  switch (dtype) {
    case "float32":
      return new Tensor("float32", Float32Array.from(data), shape);
    case "float16":
      return new Tensor("float16", halvesOf(data), shape);
    case "int64":
      return new Tensor("int64", BigInt64Array.from([...data], BigInt), shape);
    case "int32":
      return new Tensor("int32", Int32Array.from(data), shape);
    case "bool":
      return new Tensor("bool", Uint8Array.from(data), shape);
    case "bfloat16":
      throw new Error("ONNX Runtime takes no bfloat16 from JavaScript");
  }
}

/** float16 comes as a `Uint16Array`, or as a `Float16Array` from newer versions. */
function fromTensor({ type, data, dims }: Tensor): Numbers {
  if (type === "float16" && data instanceof Uint16Array) return numbers(dims, floatsOf(data));
  return numbers(dims, Array.from(data as ArrayLike<number | bigint>, Number));
}
