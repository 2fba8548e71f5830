/** Checkpoint folders and .safetensors files made for a test, in a temporary folder that goes when the test file ends. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

const root = mkdtempSync(join(tmpdir(), "diorama-checkpoint-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

/** A path in a fresh temporary folder. */
export function temporary(name: string): string {
  const folder = join(root, String(made++));
  mkdirSync(folder);
  return join(folder, name);
}

/** Shape, and type where it is not F32. */
export type Tensors = Record<string, readonly [shape: readonly number[], type?: string]>;

const BYTES: Record<string, number> = { F32: 4, F16: 2, BF16: 2, I64: 8, F8_E4M3: 1, I8: 1 };

/** A file of these tensors in order; byte i of the data is i modulo 251. */
export function safetensors(tensors: Tensors, metadata?: Record<string, string>): Buffer {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let at = 0;
  for (const [key, [shape, dtype = "F32"]] of Object.entries(tensors)) {
    const end = at + shape.reduce((a, b) => a * b, 1) * BYTES[dtype]!;
    Object.defineProperty(header, key, { value: { dtype, shape, data_offsets: [at, end] }, enumerable: true });
    at = end;
  }
  return withHeader(JSON.stringify(header), at);
}

/** A file with this header, whatever it says, and `dataBytes` after it. */
export function withHeader(header: string | Uint8Array, dataBytes: number): Buffer {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Uint8Array.from({ length: dataBytes }, (_, i) => i % 251)]);
}

/** Writes `files`, by path in the folder; values that are no text or bytes become JSON. */
export function writeFolder(folder: string, files: Record<string, unknown>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content),
    );
  }
  return folder;
}

export const CONFIGS = {
  index: { _class_name: "StableDiffusionPipeline", unet: ["diffusers", "UNet2DConditionModel"] },
  unet: { _class_name: "UNet2DConditionModel", cross_attention_dim: 768 },
  vae: {
    _class_name: "AutoencoderKL",
    block_out_channels: [128, 256],
    down_block_types: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  },
  text: { model_type: "clip_text_model", hidden_size: 768, num_attention_heads: 12 },
  scheduler: { _class_name: "PNDMScheduler", beta_start: 0.00085, beta_end: 0.012, beta_schedule: "scaled_linear" },
};

export const UNET: Tensors = { "conv_in.weight": [[4, 3]], "conv_in.bias": [[4]] };
export const VAE: Tensors = { "decoder.mid_block.attentions.0.to_q.weight": [[2, 2]] };
export const TEXT: Tensors = { "embeddings.token_embedding.weight": [[5, 2]] };

/** The files of a checkpoint folder, with a few tensors where a real one has hundreds. */
export function checkpointFiles(): Record<string, unknown> {
  return {
    "model_index.json": CONFIGS.index,
    "unet/config.json": CONFIGS.unet,
    "unet/diffusion_pytorch_model.safetensors": safetensors(UNET),
    "vae/config.json": CONFIGS.vae,
    "vae/diffusion_pytorch_model.safetensors": safetensors(VAE),
    "text_encoder/config.json": CONFIGS.text,
    "text_encoder/model.safetensors": safetensors(TEXT),
    "scheduler/scheduler_config.json": CONFIGS.scheduler,
  };
}

/** That folder, with some files replaced; undefined leaves one out. */
export function checkpointFolder(changes: Record<string, unknown> = {}): string {
  const files = Object.entries({ ...checkpointFiles(), ...changes }).filter(([, content]) => content !== undefined);
  return writeFolder(temporary("checkpoint"), Object.fromEntries(files));
}
