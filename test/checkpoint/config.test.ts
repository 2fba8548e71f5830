import { describe, expect, test } from "vitest";
import { parseSchedulerConfig, parseTextConfig, parseVaeConfig } from "../../src-main/checkpoint/config.ts";
import { Fields } from "../../src-main/checkpoint/fields.ts";
import { parseUnetConfig, type UnetConfig } from "../../src-main/checkpoint/unetConfig.ts";

const PATH = "/m/config.json";
const fields = (record: Record<string, unknown>): Fields => new Fields(record, PATH);
const unet = (record: Record<string, unknown>): UnetConfig =>
  parseUnetConfig(fields({ _class_name: "UNet2DConditionModel", ...record }));

/** What every refusal of a config has: the file in its details, and a message that names file and field. */
function refusal(field: string, facts: { expected?: string; found?: string } = {}): unknown {
  return expect.objectContaining({
    code: "checkpoint-invalid",
    message: expect.stringMatching(new RegExp(`^${PATH}: .*${field}`)) as string,
    details: expect.objectContaining({ path: PATH, ...facts }) as object,
  });
}

describe("the UNet's config", () => {
  test("of Stable Diffusion 1.4 says little, and means 8 heads of every width", () => {
    // unet/config.json of CompVis/stable-diffusion-v1-4.
    const config = unet({
      _diffusers_version: "0.2.2",
      act_fn: "silu",
      attention_head_dim: 8,
      block_out_channels: [320, 640, 1280, 1280],
      center_input_sample: false,
      cross_attention_dim: 768,
      down_block_types: ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
      downsample_padding: 1,
      flip_sin_to_cos: true,
      freq_shift: 0,
      in_channels: 4,
      layers_per_block: 2,
      mid_block_scale_factor: 1,
      norm_eps: 1e-5,
      norm_num_groups: 32,
      out_channels: 4,
      sample_size: 64,
      up_block_types: ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    });
    expect(config).toEqual({
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
      activation: "silu",
      upcastAttention: false,
      sampleSize: 64,
    });
  });

  test("of Stable Diffusion 2.1 counts heads under the name of their width", () => {
    const config = unet({
      attention_head_dim: [5, 10, 20, 20],
      cross_attention_dim: 1024,
      dual_cross_attention: false,
      num_class_embeds: null,
      only_cross_attention: false,
      sample_size: 96,
      upcast_attention: true,
      use_linear_projection: true,
    });
    expect(config).toMatchObject({ heads: [5, 10, 20, 20], contextWidth: 1024, upcastAttention: true, sampleSize: 96 });
  });

  test("counts heads by num_attention_heads where that is given", () => {
    expect(unet({ num_attention_heads: 4, attention_head_dim: 64 }).heads).toEqual([4, 4, 4, 4]);
    expect(unet({ num_attention_heads: [1, 2, 4, 8] }).heads).toEqual([1, 2, 4, 8]);
    expect(unet({}).heads).toEqual([8, 8, 8, 8]);
  });

  test("with a number of heads that does not divide the channels is refused, where there is attention", () => {
    expect(() => unet({ attention_head_dim: 7 })).toThrow(refusal("attention_head_dim", { found: "7" }));
    expect(() => unet({ attention_head_dim: [8, 8, 8, 7] })).toThrow(refusal("attention_head_dim")); // the middle block
    const plainBottom = { attention_head_dim: [8, 8, 8, 7], mid_block_type: "UNetMidBlock2D" };
    expect(unet(plainBottom)).toMatchObject({ midAttention: false, heads: [8, 8, 8, 7] });
  });

  test("may give layers and depth for each level", () => {
    const config = unet({ layers_per_block: [1, 2, 3, 4], transformer_layers_per_block: [1, 2, 10, 1] });
    expect(config).toMatchObject({ layersPerBlock: [1, 2, 3, 4], transformerDepth: [1, 2, 10, 1] });
  });

  test("may call the activation swish, and give one width for all contexts", () => {
    expect(unet({ act_fn: "swish", cross_attention_dim: [768, 768, 768, 768] })).toMatchObject({ activation: "silu", contextWidth: 768 });
    expect(unet({ sample_size: [64, 64] }).sampleSize).toBe(64);
    expect(unet({ sample_size: [64, 96] }).sampleSize).toBeUndefined();
  });

  test.each([
    [9, "an inpainting model"],
    [8, "an instruction or video model"],
    [5, "a depth-to-image model"],
    [7, "an upscaler"],
    [3, "not a text-to-image model"],
  ])("with %i input channels is refused as %s", (in_channels, what) => {
    expect(() => unet({ in_channels })).toThrow(what);
    expect(() => unet({ in_channels })).toThrow(refusal("in_channels", { expected: "4", found: String(in_channels) }));
  });

  test.each([
    ["class_embed_type", "timestep"],
    ["num_class_embeds", 1000],
    ["addition_embed_type", "text_image"],
    ["only_cross_attention", true],
    ["dual_cross_attention", true],
    ["resnet_time_scale_shift", "scale_shift"],
    ["time_cond_proj_dim", 255],
    ["time_embedding_type", "fourier"],
    ["encoder_hid_dim", 4096],
    ["conv_in_kernel", 1],
    ["center_input_sample", true],
    ["attention_type", "gated"],
    ["mid_block_type", "UNetMidBlock2DSimpleCrossAttn"],
    ["act_fn", "gelu"],
    ["_class_name", "UNetSpatioTemporalConditionModel"],
    ["down_block_types", ["ResnetDownsampleBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]],
    ["up_block_types", ["UpBlock2D"]],
    ["cross_attention_dim", [768, 1024, 768, 768]],
    ["layers_per_block", [2, 2]],
    ["layers_per_block", 0],
    ["layers_per_block", 1e9],
    ["block_out_channels", [320, 640.5]],
    ["block_out_channels", []],
    ["block_out_channels", new Array(9).fill(320)],
    ["norm_num_groups", 33],
    ["norm_eps", "1e-5"],
    ["flip_sin_to_cos", 1],
    ["transformer_layers_per_block", [[1, 1], 1, 1, 1]],
  ])("with %s = %j is refused by that name", (name, value) => {
    expect(() => unet({ [name]: value })).toThrow(refusal(name));
  });
}); // prettier-ignore

describe("the autoencoder's config", () => {
  const vae = (record: Record<string, unknown>): unknown => parseVaeConfig(fields({ _class_name: "AutoencoderKL", ...record }));
  const blocks = (n: number): Record<string, unknown> => ({
    block_out_channels: [128, 256, 512, 512].slice(0, n),
    down_block_types: new Array<string>(n).fill("DownEncoderBlock2D"),
    up_block_types: new Array<string>(n).fill("UpDecoderBlock2D"),
  });

  test("of Stable Diffusion 1.4 lacks the scaling factor, which is 0.18215", () => {
    expect(vae({ ...blocks(4), act_fn: "silu", latent_channels: 4, layers_per_block: 2, sample_size: 512 })).toEqual({
      inChannels: 3,
      outChannels: 3,
      latentChannels: 4,
      blockOutChannels: [128, 256, 512, 512],
      layersPerBlock: 2,
      normGroups: 32,
      scalingFactor: 0.18215,
      sampleSize: 512,
      midAttention: true,
    });
  });

  test.each([
    ["_class_name", "AutoencoderTiny"],
    ["down_block_types", ["AttnDownEncoderBlock2D", "DownEncoderBlock2D"]],
    ["up_block_types", ["UpDecoderBlock2D"]],
    ["shift_factor", 0.1159],
    ["latents_mean", [0, 0, 0, 0]],
    ["use_quant_conv", false],
    ["act_fn", "relu"],
    ["scaling_factor", 0],
    ["norm_num_groups", 96],
    ["latent_channels", -4],
  ])("with %s = %j is refused by that name", (name, value) => {
    expect(() => vae({ ...blocks(2), [name]: value })).toThrow(refusal(name));
  });
}); // prettier-ignore

describe("the text encoder's config", () => {
  const text = (record: Record<string, unknown>): unknown => parseTextConfig(fields({ model_type: "clip_text_model", ...record }));

  test("of Stable Diffusion 2.1 has exact gelu and 23 layers", () => {
    const record = { hidden_act: "gelu", hidden_size: 1024, intermediate_size: 4096, num_attention_heads: 16, num_hidden_layers: 23, max_position_embeddings: 77, vocab_size: 49408, layer_norm_eps: 1e-5 }; // prettier-ignore
    expect(text(record)).toEqual({
      vocabSize: 49_408,
      hiddenSize: 1024,
      intermediateSize: 4096,
      layers: 23,
      heads: 16,
      maxPositions: 77,
      activation: "gelu",
      layerNormEps: 1e-5,
    });
  });

  test.each([
    ["model_type", "t5"],
    ["hidden_act", "relu"],
    ["num_attention_heads", 7],
    ["max_position_embeddings", 2],
    ["vocab_size", "49408"],
  ])("with %s = %j is refused by that name", (name, value) => {
    expect(() => text({ [name]: value })).toThrow(refusal(name));
  });
}); // prettier-ignore

describe("the scheduler's config", () => {
  const scheduler = (record: Record<string, unknown>): unknown => parseSchedulerConfig(fields(record));

  test("of Stable Diffusion 1.4", () => {
    const record = { _class_name: "PNDMScheduler", beta_end: 0.012, beta_schedule: "scaled_linear", beta_start: 0.00085, num_train_timesteps: 1000, set_alpha_to_one: false, skip_prk_steps: true, steps_offset: 1, trained_betas: null, clip_sample: false }; // prettier-ignore
    expect(scheduler(record)).toEqual({
      className: "PNDMScheduler",
      betaStart: 0.00085,
      betaEnd: 0.012,
      betaSchedule: "scaled_linear",
      trainTimesteps: 1000,
      prediction: "epsilon",
      stepsOffset: 1,
      setAlphaToOne: false,
      skipPrkSteps: true,
      clipSample: false,
    });
  });

  test("has diffusers' defaults, which are DDIM's own for DDIM", () => {
    expect(scheduler({ _class_name: "DDIMScheduler" })).toMatchObject({ setAlphaToOne: true, clipSample: true, betaSchedule: "linear" });
    expect(scheduler({ _class_name: "LMSDiscreteScheduler" })).toMatchObject({ setAlphaToOne: false, clipSample: false, stepsOffset: 0 });
    expect(scheduler({ timestep_spacing: "trailing", prediction_type: "v_prediction" })).toMatchObject({ timestepSpacing: "trailing", prediction: "v_prediction" });
  });

  test.each([
    ["_class_name", "FlowMatchEulerDiscreteScheduler"],
    ["beta_schedule", "squaredcos_cap_v2"],
    ["prediction_type", "sample"],
    ["trained_betas", [0.1]],
    ["rescale_betas_zero_snr", 1],
    ["num_train_timesteps", 0],
    ["beta_start", 2],
    ["beta_end", 0.00001],
    ["timestep_spacing", "odd"],
  ])("with %s = %j is refused", (name, value) => {
    expect(() => scheduler({ [name]: value })).toThrow(refusal(name === "_class_name" ? "FlowMatch" : name));
  });
}); // prettier-ignore
