/**
 * unet/config.json of a diffusers checkpoint. Defaults are those of `UNet2DConditionModel.__init__`
 * (diffusers 0.25.1, models/unet_2d_condition.py), where a field is absent.
 */
import type { Fields } from "./fields.ts";
import { refuse } from "./header.ts";

export interface UnetConfig {
  inChannels: number;
  outChannels: number;
  /** Channels per level; level 0 is the finest. */
  blockOutChannels: number[];
  /** Whether `down_blocks.i` has attention; i is also the level. */
  downAttention: boolean[];
  /** Whether `up_blocks.i` has attention; i counts from the coarsest, so the level is `levels - 1 - i`. */
  upAttention: boolean[];
  /** False: `mid_block` is a single resnet, `UNetMidBlock2D`. */
  midAttention: boolean;
  /** Resnets of a down block, per level; up blocks have one more. */
  layersPerBlock: number[];
  /** Attention heads, per level; the middle block has the last level's. */
  heads: number[];
  /** Transformer blocks in each attention, per level; the middle block has the last level's. */
  transformerDepth: number[];
  /** Width of the text embedding. */
  contextWidth: number;
  /**
   * Stable Diffusion XL's second condition, added to the timestep's embedding: `width` numbers, the pooled text and then
   * `timeWidth` sinusoidal features each of six numbers (original size, corner of the crop, wanted size).
   */
  addition?: { width: number; timeWidth: number };
  /** Width of the features of the guidance scale that a latent consistency model reads (guidanceFeatures), in place of a second pass. */
  guidanceWidth?: number;
  normGroups: number;
  normEps: number;
  flipSinToCos: boolean;
  freqShift: number;
  activation: "silu";
  /** Whether attention wants float32 where the rest runs in float16, as Stable Diffusion 2.1 does. */
  upcastAttention: boolean;
  /** Side of the latent that the network was trained on. */
  sampleSize?: number;
}

const MOST_CHANNELS = 16_384;

/** Fields with the one value that the engine's network has. Undefined: must be absent. */
const ONLY = {
  center_input_sample: false,
  downsample_padding: 1,
  mid_block_scale_factor: 1,
  mid_block_only_cross_attention: false,
  only_cross_attention: false,
  dual_cross_attention: false,
  cross_attention_norm: undefined,
  encoder_hid_dim: undefined,
  encoder_hid_dim_type: undefined,
  class_embed_type: undefined,
  num_class_embeds: undefined,
  class_embeddings_concat: false,
  resnet_time_scale_shift: "default",
  resnet_skip_time_act: false,
  resnet_out_scale_factor: 1,
  time_embedding_type: "positional",
  time_embedding_dim: undefined,
  time_embedding_act_fn: undefined,
  timestep_post_act: undefined,
  conv_in_kernel: 3,
  conv_out_kernel: 3,
  attention_type: "default",
  reverse_transformer_layers_per_block: undefined,
} as const satisfies Record<string, string | number | boolean | undefined>;

export function parseUnetConfig(fields: Fields): UnetConfig {
  fields.oneOf("_class_name", "UNet2DConditionModel", ["UNet2DConditionModel"]);
  const inChannels = fields.count("in_channels", 4, { most: 64 });
  if (inChannels !== 4)
    refuse(fields.path, undefined, describeInputs(inChannels), { expected: "4", found: String(inChannels) });

  const downTypes = fields.texts("down_block_types", [
    "CrossAttnDownBlock2D",
    "CrossAttnDownBlock2D",
    "CrossAttnDownBlock2D",
    "DownBlock2D",
  ]);
  const upTypes = fields.texts("up_block_types", [
    "UpBlock2D",
    "CrossAttnUpBlock2D",
    "CrossAttnUpBlock2D",
    "CrossAttnUpBlock2D",
  ]);
  const blockOutChannels = fields.counts("block_out_channels", [320, 640, 1280, 1280], { most: MOST_CHANNELS });
  const levels = blockOutChannels.length;
  if (levels > 8) fields.wrong("block_out_channels", "at most 8 levels", blockOutChannels);
  const downAttention = attention(fields, "down_block_types", downTypes, levels, "CrossAttnDownBlock2D", "DownBlock2D");
  const upAttention = attention(fields, "up_block_types", upTypes, levels, "CrossAttnUpBlock2D", "UpBlock2D");
  const midType = fields.oneOf("mid_block_type", "UNetMidBlock2DCrossAttn", [
    "UNetMidBlock2DCrossAttn",
    "UNetMidBlock2D",
  ]);
  for (const [name, usual] of Object.entries(ONLY)) fields.only(name, usual);

  const normGroups = fields.count("norm_num_groups", 32, { most: MOST_CHANNELS });
  for (const channels of blockOutChannels) {
    if (channels % normGroups !== 0) fields.wrong("norm_num_groups", `a divisor of ${channels} channels`, normGroups);
  }
  const midAttention = midType === "UNetMidBlock2DCrossAttn";
  const heads = parseHeads(fields, blockOutChannels, (level) => {
    return (
      downAttention[level] === true ||
      upAttention[levels - 1 - level] === true ||
      (midAttention && level === levels - 1)
    );
  });
  const sampleSize = parseSampleSize(fields);
  const addition = parseAddition(fields);
  const guidanceWidth = parseGuidanceWidth(fields);
  return {
    inChannels,
    outChannels: fields.count("out_channels", 4, { most: 64 }),
    blockOutChannels,
    downAttention,
    upAttention,
    midAttention,
    layersPerBlock: fields.countPerLevel("layers_per_block", 2, levels, 16),
    heads,
    transformerDepth: fields.countPerLevel("transformer_layers_per_block", 1, levels, 64),
    contextWidth: parseContextWidth(fields),
    ...(addition ? { addition } : {}),
    ...(guidanceWidth === undefined ? {} : { guidanceWidth }),
    normGroups,
    normEps: fields.number("norm_eps", 1e-5, { least: 0, most: 1 }),
    flipSinToCos: fields.flag("flip_sin_to_cos", true),
    freqShift: fields.number("freq_shift", 0, { least: -8, most: 8 }),
    activation: fields.get("act_fn") === "swish" ? "silu" : fields.oneOf("act_fn", "silu", ["silu"]), // two names of one function
    upcastAttention: fields.flag("upcast_attention", false),
    ...(sampleSize === undefined ? {} : { sampleSize }),
  };
}

function describeInputs(channels: number): string {
  const kind =
    { 5: "a depth-to-image model", 7: "an upscaler", 8: "an instruction or video model", 9: "an inpainting model" }[
      channels
    ] ?? "not a text-to-image model";
  return `in_channels is ${channels}: this is ${kind}, which is not supported; text-to-image models have 4`;
}

function attention(
  fields: Fields,
  name: string,
  types: string[],
  levels: number,
  withAttention: string,
  without: string,
): boolean[] {
  if (types.length !== levels) fields.wrong(name, `${levels} blocks, one for each of block_out_channels`, types);
  return types.map((type) => {
    if (type !== withAttention && type !== without) fields.wrong(name, `${withAttention} or ${without}`, type);
    return type === withAttention;
  });
}

/**
 * Heads per level. diffusers' trap: `attention_head_dim` holds the *number* of heads, 8 for every level of 1.x and
 * [5, 10, 20, 20] for 2.x, unless `num_attention_heads` is given (huggingface/diffusers#2011). The tensors cannot tell,
 * as queries are [C, C] either way.
 */
function parseHeads(fields: Fields, channels: readonly number[], hasAttention: (level: number) => boolean): number[] {
  const name = fields.get("num_attention_heads") === undefined ? "attention_head_dim" : "num_attention_heads";
  const heads = fields.countPerLevel(name, 8, channels.length, MOST_CHANNELS);
  for (const [level, count] of heads.entries()) {
    if (hasAttention(level) && channels[level]! % count !== 0) {
      fields.wrong(name, `a number of heads that divides ${channels[level]!} channels`, count);
    }
  }
  return heads;
}

function parseContextWidth(fields: Fields): number {
  const name = "cross_attention_dim";
  const value = fields.get(name) ?? 1280;
  if (typeof value === "number") return fields.count(name, 1280, { most: MOST_CHANNELS });
  const [first, ...rest] = fields.counts(name, undefined, { most: MOST_CHANNELS });
  if (first === undefined || rest.some((width) => width !== first))
    fields.wrong(name, "one width for all levels", value);
  return first;
}

/** `text_time` of Stable Diffusion XL. */
function parseAddition(fields: Fields): UnetConfig["addition"] {
  const type = fields.get("addition_embed_type");
  if (type === undefined) {
    fields.only("projection_class_embeddings_input_dim", undefined);
    return undefined;
  }
  fields.oneOf("addition_embed_type", undefined, ["text_time"]);
  const timeWidth = fields.count("addition_time_embed_dim", 256, { least: 2, most: MOST_CHANNELS });
  const width = fields.count("projection_class_embeddings_input_dim", undefined, { most: 4 * MOST_CHANNELS });
  if (timeWidth % 2 !== 0) fields.wrong("addition_time_embed_dim", "an even number", timeWidth);
  if (width <= 6 * timeWidth) {
    const expected = `more than 6 times addition_time_embed_dim (5 in the refiner, which is not supported)`;
    fields.wrong("projection_class_embeddings_input_dim", expected, width);
  }
  return { width, timeWidth };
}

/** `time_cond_proj_dim` of latent consistency models. */
function parseGuidanceWidth(fields: Fields): number | undefined {
  const name = "time_cond_proj_dim";
  if (fields.get(name) === undefined) return undefined;
  const width = fields.count(name, undefined, { least: 4, most: MOST_CHANNELS });
  if (width % 2 !== 0) fields.wrong(name, "an even number", width);
  return width;
}

/** A number, or [height, width] in newer files; only a square says what sizes the network is good at. */
function parseSampleSize(fields: Fields): number | undefined {
  const name = "sample_size";
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (typeof value === "number") return fields.count(name, undefined, { most: 4096 });
  const [height, width] = fields.counts(name, undefined, { most: 4096 });
  return height === width ? height : undefined;
}
