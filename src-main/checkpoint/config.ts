/**
 * The config.json files of a diffusers checkpoint, typed: autoencoder, text encoder and noise schedule (the UNet's is in
 * unetConfig.ts). Absent fields have the defaults of diffusers 0.25.1 and transformers; what the engine cannot do is
 * refused by name.
 */
import type { Fields } from "./fields.ts";
import { refuse } from "./header.ts";

export interface VaeConfig {
  inChannels: number;
  outChannels: number;
  latentChannels: number;
  /** Channels per level; level 0 has the picture's resolution. */
  blockOutChannels: number[];
  /** Resnets of an encoder block; decoder blocks have one more. */
  layersPerBlock: number;
  normGroups: number;
  /** Latents are multiplied by this after encoding and divided before decoding. */
  scalingFactor: number;
  /** Side of the pictures that it was trained on. */
  sampleSize?: number;
  midAttention: boolean;
}

export interface TextConfig {
  vocabSize: number;
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  /** Text positions, start and end marks included. */
  maxPositions: number;
  /** `gelu` is the exact one, by the error function. */
  activation: "quick_gelu" | "gelu";
  layerNormEps: number;
}

export interface SchedulerConfig {
  /** The sampler that the checkpoint's makers used, by diffusers' class name. */
  className: string;
  betaStart: number;
  betaEnd: number;
  betaSchedule: "scaled_linear" | "linear";
  trainTimesteps: number;
  prediction: "epsilon" | "v_prediction";
  stepsOffset: number;
  setAlphaToOne: boolean;
  skipPrkSteps: boolean;
  clipSample: boolean;
  timestepSpacing?: "linspace" | "leading" | "trailing";
  /** Whether the last timestep is pure noise. */
  zeroSnr?: boolean;
}

const MOST = 65_536;

export function parseVaeConfig(fields: Fields): VaeConfig {
  fields.oneOf("_class_name", "AutoencoderKL", ["AutoencoderKL"]);
  const blockOutChannels = fields.counts("block_out_channels", [64], { most: MOST });
  if (blockOutChannels.length > 8) fields.wrong("block_out_channels", "at most 8 levels", blockOutChannels);
  for (const [name, type] of [
    ["down_block_types", "DownEncoderBlock2D"],
    ["up_block_types", "UpDecoderBlock2D"],
  ] as const) {
    const types = fields.texts(name, [type]);
    if (types.length !== blockOutChannels.length || types.some((each) => each !== type)) {
      fields.wrong(name, `${blockOutChannels.length} times ${type}`, types);
    }
  }
  fields.only("shift_factor", 0);
  fields.only("latents_mean", undefined);
  fields.only("latents_std", undefined);
  fields.only("use_quant_conv", true);
  fields.only("use_post_quant_conv", true);
  if (fields.get("act_fn") !== "swish") fields.only("act_fn", "silu"); // two names of one function
  const normGroups = fields.count("norm_num_groups", 32, { most: MOST });
  for (const channels of blockOutChannels) {
    if (channels % normGroups !== 0) fields.wrong("norm_num_groups", `a divisor of ${channels} channels`, normGroups);
  }
  const sampleSize = fields.get("sample_size");
  return {
    inChannels: fields.count("in_channels", 3, { most: 64 }),
    outChannels: fields.count("out_channels", 3, { most: 64 }),
    latentChannels: fields.count("latent_channels", 4, { most: 64 }),
    blockOutChannels,
    layersPerBlock: fields.count("layers_per_block", 1, { most: 16 }),
    normGroups,
    scalingFactor: fields.number("scaling_factor", 0.18215, { least: 1e-6, most: 1e6 }),
    ...(typeof sampleSize === "number" ? { sampleSize: fields.count("sample_size", undefined, { most: MOST }) } : {}),
    midAttention: fields.flag("mid_block_add_attention", true),
  };
}

export function parseTextConfig(fields: Fields): TextConfig {
  fields.oneOf("model_type", "clip_text_model", ["clip_text_model"]);
  const hiddenSize = fields.count("hidden_size", 512, { most: MOST });
  const heads = fields.count("num_attention_heads", 8, { most: 1024 });
  if (hiddenSize % heads !== 0) fields.wrong("num_attention_heads", `a divisor of hidden_size, ${hiddenSize}`, heads);
  return {
    vocabSize: fields.count("vocab_size", 49_408, { most: 10_000_000 }),
    hiddenSize,
    intermediateSize: fields.count("intermediate_size", 2048, { most: MOST }),
    layers: fields.count("num_hidden_layers", 12, { most: 256 }),
    heads,
    maxPositions: fields.count("max_position_embeddings", 77, { least: 3, most: 4096 }),
    activation: fields.oneOf("hidden_act", "quick_gelu", ["quick_gelu", "gelu"]),
    layerNormEps: fields.number("layer_norm_eps", 1e-5, { least: 0, most: 1 }),
  };
}

export function parseSchedulerConfig(fields: Fields): SchedulerConfig {
  const className = fields.text("_class_name", "PNDMScheduler");
  if (className.startsWith("FlowMatch"))
    refuse(
      fields.path,
      undefined,
      `${className} is for flow-matching models such as Stable Diffusion 3 and Flux, which are not supported`,
    );
  fields.only("trained_betas", undefined);
  const betaStart = fields.number("beta_start", 0.0001, { least: 1e-9, most: 0.999 });
  const spacing = fields.get("timestep_spacing");
  return {
    className,
    betaStart,
    betaEnd: fields.number("beta_end", 0.02, { least: betaStart, most: 0.999 }),
    betaSchedule: fields.oneOf("beta_schedule", "linear", ["scaled_linear", "linear"]),
    trainTimesteps: fields.count("num_train_timesteps", 1000, { least: 2, most: 100_000 }),
    prediction: fields.oneOf("prediction_type", "epsilon", ["epsilon", "v_prediction"]),
    stepsOffset: fields.count("steps_offset", 0, { least: 0, most: 1000 }),
    // These two differ between diffusers' classes.
    setAlphaToOne: fields.flag("set_alpha_to_one", className === "DDIMScheduler"),
    skipPrkSteps: fields.flag("skip_prk_steps", false),
    clipSample: fields.flag("clip_sample", className === "DDIMScheduler"),
    ...(spacing === undefined
      ? {}
      : { timestepSpacing: fields.oneOf("timestep_spacing", undefined, ["linspace", "leading", "trailing"]) }),
    ...(fields.flag("rescale_betas_zero_snr", false) ? { zeroSnr: true } : {}),
  };
}
