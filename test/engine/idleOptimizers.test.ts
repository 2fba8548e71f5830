/** What ONNX Runtime makes of every network is the same program without the optimizers that are left out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { type GraphProto, ModelProtoSchema } from "onnx-buf";
import * as ort from "onnxruntime-node";
import { expect, test, vi } from "vitest";
import { openTiny } from "../../src-main/checkpoint/autoencoder.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { LoraShelf } from "../../src-main/engine/loraShelf.ts";
import { IDLE_OPTIMIZERS } from "../../src-main/engine/sessions/idleOptimizers.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
import { chunksOf } from "../../src-main/model/tokenizer/encoding.ts";
import { createTokenizers } from "../../src-main/model/tokenizer/tokenizer.ts";
import { temporaryFolder } from "../support/projects.ts";

const DISABLED = "optimization.disable_specified_optimizers";
const nothing = () => undefined;

/** The models, with their options, of all that a picture with LoRAs and a preview by the tiny autoencoder opens. */
async function opened(folder: string, memory: "fast" | "low", loras: readonly string[]) {
  const create = vi.spyOn(ort.InferenceSession, "create");
  const checkpoint = await openCheckpoint(folder);
  const tokenizers = await createTokenizers(checkpoint);
  const tokens = tokenizers[0].maxTokens;
  const { latentChannels } = checkpoint.vae.config;
  const tiny = latentChannels === 4 ? await openTiny("test/goldens/tiny-taesd.safetensors") : undefined;
  const networks = new Networks(checkpoint, { provider: "cpu", memory, threads: 1 }, "float32", tokens, tiny);
  const shelf = new LoraShelf(checkpoint, nothing);
  const used = loras.map((name) => ({ name, path: `test/goldens/lora/${name}.safetensors`, strength: 0.7, on: true }));
  await networks.use(await shelf.take(used.map((lora) => ({ lora, strength: 0.7, textStrength: 0.7 }))));
  await networks.encode(chunksOf(tokenizers, "a cat"));
  const size = { width: 12, height: 8 };
  const latent = new Float32Array(latentChannels * 12 * 8);
  await networks.unet(size, 2 * tokens, STEERING, nothing); // as all that a single chunk asks for is there, and a mask
  await networks.decode(latent, size);
  if (tiny) await networks.decodeTiny(latent, size);
  await networks.close();
  const calls = create.mock.calls as unknown as [Uint8Array, ort.InferenceSession.SessionOptions][];
  create.mockRestore();
  return calls;
}

/** The program that ONNX Runtime makes of a model. */
async function optimized(model: Uint8Array, options: ort.InferenceSession.SessionOptions, disabled: string[]) {
  const optimizedModelFilePath = join(temporaryFolder(), "optimized.onnx");
  const extra = { ...options.extra, [DISABLED]: disabled.join(";") };
  const session = await ort.InferenceSession.create(model, { ...options, extra, optimizedModelFilePath });
  await session.release();
  return program(fromBinary(ModelProtoSchema, readFileSync(optimizedModelFilePath)).graph!);
}

/** Its nodes in order, its weights by name: their order in the file is left to chance, and so are the attributes' of ReorderOutput. */
function program({ node, initializer }: GraphProto): { nodes: string[]; weights: Record<string, Buffer> } {
  const weights = Object.fromEntries(initializer.map(({ name, rawData }) => [name, Buffer.from(rawData)]));
  const nodes = node.flatMap(({ opType, input, output, attribute }) => {
    const plain = opType === "ReorderOutput" ? [] : attribute.filter(({ g }) => g === undefined);
    const told = plain.map(({ name, i, f, ints }) => `${name} ${i} ${f} ${ints.join()}`).sort();
    const branches = attribute.flatMap(({ g }) => (g ? program(g).nodes : []));
    return [`${output.join()} = ${opType}(${input.join()}) ${told.join()}`, ...branches];
  });
  return { nodes, weights };
}

// Each form once in one of the memory modes, the most common in both: 2.x has no operator that these have not.
test.each<[string, string[], ("fast" | "low")[]]>([
  ["test/goldens/tiny-sd", ["lora-kohya", "lora-locon"], ["fast", "low"]],
  ["test/goldens/single-file/tiny-sdxl", ["lora-sdxl-kohya"], ["low"]],
  ["resources/models/demo", [], ["fast"]],
])("%s", { timeout: 120_000 }, async (folder, loras, modes) => {
  for (const memory of modes) {
    const models = await opened(folder, memory, loras);
    expect(models.length, memory).toBeGreaterThanOrEqual(4);
    for (const [model, options] of models) {
      const disabled = String(options.extra![DISABLED]).split(";");
      expect(disabled).toEqual(expect.arrayContaining([...IDLE_OPTIMIZERS]));
      const others = disabled.filter((name) => !IDLE_OPTIMIZERS.includes(name));
      const [without, all] = [await optimized(model, options, disabled), await optimized(model, options, others)];
      expect(without.nodes.length).toBeGreaterThan(20);
      expect(without.nodes, memory).toEqual(all.nodes);
      for (const [name, bytes] of Object.entries(all.weights)) {
        expect(without.weights[name]?.equals(bytes), name).toBe(true);
      }
    }
  }
});
