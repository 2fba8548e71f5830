/** Writes a checkpoint folder with the structure and size of Stable Diffusion 1.5 and random weights. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TextConfig, VaeConfig } from "../src-main/checkpoint/config.ts";
import type { UnetConfig } from "../src-main/checkpoint/unetConfig.ts";
import { clipTextEncoder } from "../src-main/model/clip.ts";
import { unet } from "../src-main/model/unet.ts";
import { vaeDecoder, vaeEncoder } from "../src-main/model/vae.ts";
import { tensorsOf, writeSafetensors } from "./randomWeights.ts";

const UNET = {
  _class_name: "UNet2DConditionModel",
  in_channels: 4,
  out_channels: 4,
  sample_size: 64,
  block_out_channels: [320, 640, 1280, 1280],
  layers_per_block: 2,
  attention_head_dim: 8,
  cross_attention_dim: 768,
  down_block_types: ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
  up_block_types: ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
  mid_block_type: "UNetMidBlock2DCrossAttn",
  norm_num_groups: 32,
  norm_eps: 1e-5,
  act_fn: "silu",
};
const VAE = {
  _class_name: "AutoencoderKL",
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [128, 256, 512, 512],
  layers_per_block: 2,
  norm_num_groups: 32,
  act_fn: "silu",
  down_block_types: new Array<string>(4).fill("DownEncoderBlock2D"),
  up_block_types: new Array<string>(4).fill("UpDecoderBlock2D"),
  sample_size: 512,
  scaling_factor: 0.18215,
};
const TEXT = {
  architectures: ["CLIPTextModel"],
  model_type: "clip_text_model",
  vocab_size: 49408,
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  max_position_embeddings: 77,
  hidden_act: "quick_gelu",
  layer_norm_eps: 1e-5,
};
const SCHEDULER = {
  _class_name: "PNDMScheduler",
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  num_train_timesteps: 1000,
  skip_prk_steps: true,
  set_alpha_to_one: false,
  steps_offset: 1,
};
const INDEX = {
  _class_name: "StableDiffusionPipeline",
  unet: ["diffusers", "UNet2DConditionModel"],
  vae: ["diffusers", "AutoencoderKL"],
  text_encoder: ["transformers", "CLIPTextModel"],
  tokenizer: ["transformers", "CLIPTokenizer"],
  scheduler: ["diffusers", "PNDMScheduler"],
};

export const SD15_UNET: UnetConfig = {
  inChannels: 4,
  outChannels: 4,
  blockOutChannels: [320, 640, 1280, 1280],
  downAttention: [true, true, true, false],
  upAttention: [false, true, true, true],
  midAttention: true,
  layersPerBlock: [2, 2, 2, 2],
  heads: [8, 8, 8, 8],
  transformerDepth: [1, 1, 1, 1],
  contextWidth: 768,
  normGroups: 32,
  normEps: 1e-5,
  flipSinToCos: true,
  freqShift: 0,
  upcastAttention: false,
  activation: "silu",
};
export const SD15_VAE: VaeConfig = {
  inChannels: 3,
  outChannels: 3,
  latentChannels: 4,
  blockOutChannels: [128, 256, 512, 512],
  layersPerBlock: 2,
  normGroups: 32,
  scalingFactor: 0.18215,
  midAttention: true,
};
export const SD15_TEXT: TextConfig = {
  vocabSize: 49408,
  hiddenSize: 768,
  intermediateSize: 3072,
  layers: 12,
  heads: 12,
  maxPositions: 77,
  activation: "quick_gelu",
  layerNormEps: 1e-5,
};

/** The checkpoint folder for `dtype` below `cache`, written first where it is not there. Takes 4.3 or 2.1 GB. */
export function randomCheckpoint(cache: string, dtype: "float16" | "float32"): string {
  const folder = path.join(cache, `random-sd15-${dtype}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.part`;
  rmSync(partial, { recursive: true, force: true });
  const half = dtype === "float16";
  const put = (name: string, data: unknown) => writeFileSync(path.join(partial, name), JSON.stringify(data));
  for (const part of ["unet", "vae", "text_encoder", "scheduler"])
    mkdirSync(path.join(partial, part), { recursive: true });
  put("model_index.json", INDEX);
  put("unet/config.json", UNET);
  put("vae/config.json", VAE);
  put("text_encoder/config.json", TEXT);
  put("scheduler/scheduler_config.json", SCHEDULER);
  const unetTensors = tensorsOf((m) => {
    const { g } = m;
    const inputs = {
      latent: g.input("x", "float32", [1, 4, 64, 64]),
      time: g.input("t", "float32", [1, 320]),
      context: g.input("c", "float32", [77, 768]),
    };
    unet(m, SD15_UNET, inputs);
  });
  const vaeTensors = tensorsOf((m) => {
    vaeDecoder(m, SD15_VAE, m.g.input("z", "float32", [1, 4, 8, 8]));
    vaeEncoder(m, SD15_VAE, m.g.input("x", "float32", [1, 3, 64, 64]));
  });
  const textTensors = tensorsOf((m) => clipTextEncoder(m, SD15_TEXT, { ids: m.g.input("ids", "int64", [77]) }));
  writeSafetensors(path.join(partial, "unet/diffusion_pytorch_model.safetensors"), unetTensors, half);
  writeSafetensors(path.join(partial, "vae/diffusion_pytorch_model.safetensors"), vaeTensors, half);
  writeSafetensors(path.join(partial, "text_encoder/model.safetensors"), textTensors, half);
  renameSync(partial, folder);
  return folder;
}
