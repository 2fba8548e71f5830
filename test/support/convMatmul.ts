/** Runs a 3x3 convolution and a matrix product on the provider named by the first argument, and prints the result as JSON. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { ProviderName } from "../../src-main/scene/scene.ts";
import { toOrtProviders } from "../../src-main/engine/providers.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { toOnnx } from "../../src-main/graph/onnx/onnx.ts";

const wave = (count: number, pace: number) => Array.from({ length: count }, (_, i) => Math.sin(i * pace));

const g = new GraphBuilder();
const x = g.input("x", "float32", [1, 3, 8, 8]);
const kernel = g.constant(wave(4 * 3 * 9, 0.7), "float32", [4, 3, 3, 3]);
const matrix = g.constant(wave(8 * 5, 0.3), "float32", [8, 5]);
const y = g.matmul(g.conv(x, kernel, undefined, { strides: [1, 1], pads: [1, 1, 1, 1] }), matrix); // [1, 4, 8, 5]

const { extra, ...options } = toOrtProviders(process.argv[2] as ProviderName);
const session = await InferenceSession.create(toOnnx(g.finish({ y })).bytes, {
  ...options,
  extra: process.argv[2] === "cpu" ? extra : { ...extra, "session.disable_cpu_ep_fallback": "1" },
});
const result = await session.run({ x: new Tensor("float32", wave(3 * 64, 0.11), [1, 3, 8, 8]) });
process.stdout.write(JSON.stringify(Array.from(result["y"]?.data as Float32Array)));
