/** The autoencoder between pictures and latents: diffusers' AutoencoderKL. */
import type { VaeConfig } from "../checkpoint/config.ts";
import type { Value } from "../graph/graph.ts";
import type { Module } from "./layers.ts";
import { conv2d, flatten, groupNorm, linear, linearToColumns, residualBlock, silu } from "./layers.ts";

const EPSILON = 1e-6;

/** Latent [1, latentChannels, h, w], already divided by the scaling factor, to a picture [1, 3, h * 2^n, w * 2^n] in about [-1, 1]. */
export function vaeDecoder(m: Module, config: VaeConfig, latent: Value): Value {
  const { g } = m;
  const decoder = m.at("decoder");
  const norm = { groups: config.normGroups, epsilon: EPSILON };
  const channels = config.blockOutChannels.toReversed();
  let h = conv2d(m.at("post_quant_conv"), latent, config.latentChannels, { kernel: 1, padding: 0 });
  h = middle(decoder, config, conv2d(decoder.at("conv_in"), h, channels[0]!));
  channels.forEach((out, i) => {
    const block = decoder.at(`up_blocks.${i}`);
    for (let j = 0; j <= config.layersPerBlock; j++) h = residualBlock(block.at(`resnets.${j}`), h, out, norm);
    if (i < channels.length - 1) h = conv2d(block.at("upsamplers.0.conv"), g.upsample(h), out);
  });
  return conv2d(
    decoder.at("conv_out"),
    silu(m, groupNorm(decoder.at("conv_norm_out"), h, config.normGroups, EPSILON)),
    config.outChannels,
  );
}

/** Picture [1, 3, height, width] in [-1, 1] to the mean of its latent distribution, before the scaling factor. */
export function vaeEncoder(m: Module, config: VaeConfig, picture: Value): Value {
  return m.g.slice(vaeMoments(m, config, picture), 1, 0, config.latentChannels);
}

/** The whole distribution, [1, 2 * latentChannels, h, w]: the means, and then the logarithms of the variances. */
export function vaeMoments(m: Module, config: VaeConfig, picture: Value): Value {
  const encoder = m.at("encoder");
  const norm = { groups: config.normGroups, epsilon: EPSILON };
  let h = conv2d(encoder.at("conv_in"), picture, config.blockOutChannels[0]!);
  config.blockOutChannels.forEach((out, i) => {
    const block = encoder.at(`down_blocks.${i}`);
    for (let j = 0; j < config.layersPerBlock; j++) h = residualBlock(block.at(`resnets.${j}`), h, out, norm);
    // The encoder pads only below and to the right.
    const halve = { stride: 2, padding: [0, 0, 1, 1] } as const;
    if (i < config.blockOutChannels.length - 1) h = conv2d(block.at("downsamplers.0.conv"), h, out, halve);
  });
  h = middle(encoder, config, h);
  h = silu(m, groupNorm(encoder.at("conv_norm_out"), h, config.normGroups, EPSILON));
  const moments = conv2d(encoder.at("conv_out"), h, 2 * config.latentChannels);
  return conv2d(m.at("quant_conv"), moments, 2 * config.latentChannels, { kernel: 1, padding: 0 });
}

function middle(m: Module, config: VaeConfig, x: Value): Value {
  const mid = m.at("mid_block");
  const norm = { groups: config.normGroups, epsilon: EPSILON };
  const h = residualBlock(mid.at("resnets.0"), x, x.shape[1]!, norm);
  const attended = config.midAttention ? attention(mid.at("attentions.0"), config, h) : h;
  return residualBlock(mid.at("resnets.1"), attended, x.shape[1]!, norm);
}

/** One head over all cells of the latent. */
function attention(m: Module, config: VaeConfig, x: Value): Value {
  const { g } = m;
  const c = x.shape[1]!;
  const rows = g.transpose(flatten(m, groupNorm(m.at("group_norm"), x, config.normGroups, EPSILON)), [1, 0]);
  const [q, k, v] = ["to_q", "to_k", "to_v"].map((name) =>
    g.reshape(linear(m.at(name), rows, c), [1, rows.shape[0]!, c]),
  );
  const mixed = g.reshape(g.attention(q!, k!, v!, 1), [rows.shape[0]!, c]);
  return g.add(g.reshape(linearToColumns(m.at("to_out.0"), mixed, c), x.shape), x);
}
