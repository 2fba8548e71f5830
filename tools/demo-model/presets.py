"""Sizes of the demo model, as the config.json files of a Stable Diffusion 1.x checkpoint folder."""
from dataclasses import dataclass

MAX_TOKENS = 32
NAMES = ("tiny", "sharp", "small", "base")


@dataclass
class Preset:
    size: int    # picture edge in pixels
    vae: dict
    unet: dict
    text: dict
    latents_of: str | None = None   # the preset whose autoencoder decides what latents are, if that is another one,
    latents_size: int | None = None   # and the edge of its pictures


def _pick(name, tiny, small, base):
    return {"tiny": tiny, "sharp": tiny, "small": small, "base": base}[name]


def preset(name, vocab_size):
    size = 256 if name == "sharp" else _pick(name, 64, 128, 256)
    vae_channels = [16, 16, 16, 32, 64] if name == "sharp" else _pick(name, [16, 32, 64], [16, 32, 64, 64], [32, 64, 96, 96])
    unet_channels = _pick(name, [32, 64, 96], [64, 128, 128], [64, 128, 160, 160])
    context = _pick(name, 96, 128, 128)
    vae_levels, unet_levels = len(vae_channels), len(unet_channels)
    vae = dict(
        _class_name="AutoencoderKL", in_channels=3, out_channels=3, latent_channels=4, layers_per_block=1,
        block_out_channels=vae_channels, norm_num_groups=_pick(name, 8, 16, 16), act_fn="silu",
        down_block_types=["DownEncoderBlock2D"] * vae_levels, up_block_types=["UpDecoderBlock2D"] * vae_levels,
        sample_size=size)
    unet = dict(
        _class_name="UNet2DConditionModel", in_channels=4, out_channels=4, sample_size=size >> (vae_levels - 1),
        block_out_channels=unet_channels, layers_per_block=1, attention_head_dim=4, cross_attention_dim=context,
        down_block_types=["CrossAttnDownBlock2D"] * (unet_levels - 1) + ["DownBlock2D"],
        up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * (unet_levels - 1),
        mid_block_type="UNetMidBlock2DCrossAttn", norm_num_groups=_pick(name, 16, 32, 32), norm_eps=1e-5,
        act_fn="silu", center_input_sample=False, downsample_padding=1, flip_sin_to_cos=True, freq_shift=0,
        mid_block_scale_factor=1)
    text = dict(
        architectures=["CLIPTextModel"], model_type="clip_text_model", vocab_size=vocab_size, hidden_size=context,
        intermediate_size=4 * context, num_hidden_layers=_pick(name, 3, 3, 4), num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS, hidden_act="quick_gelu", layer_norm_eps=1e-5)
    return Preset(size, vae, unet, text, *(("tiny", 64) if name == "sharp" else ()))
