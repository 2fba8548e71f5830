"""A larger autoencoder out of a trained smaller one: levels are put on top, and at first it does what the small one did.

The new decoder draws the small decoder's picture, each pixel enlarged to a square, and learns detail from there. The new
encoder begins as the small encoder of the averaged picture, but for the small one's first convolution, which has no exact
place in it: it has to be trained.
"""
import torch
from torch import nn

from autoencoder import AutoencoderKL


def silence(block):
    """Let the residual blocks of new levels begin as the identity."""
    for r in block.resnets:
        nn.init.zeros_(r.conv2.weight)
        nn.init.zeros_(r.conv2.bias)


def pass_through(conv):
    """Let a 3 x 3 convolution begin as the identity."""
    nn.init.zeros_(conv.bias)
    nn.init.dirac_(conv.weight)


def average_cells(conv):
    """Let a strided convolution begin as the mean of 2 x 2 pixels."""
    nn.init.zeros_(conv.bias)
    nn.init.zeros_(conv.weight)
    with torch.no_grad():
        for c in range(min(conv.weight.shape[:2])):
            conv.weight[c, c, :2, :2] = 0.25


def grow(small, preset):
    """AutoencoderKL of `preset`, whose levels below the new ones are those of `small`."""
    vae = AutoencoderKL(preset.vae)
    levels = len(small.decoder.up_blocks)
    more = len(vae.decoder.up_blocks) - levels
    old, new = small.decoder.state_dict(), vae.decoder.state_dict()
    vae.decoder.load_state_dict({**new, **old})   # the levels of a decoder are counted from the latents on
    pass_through(vae.decoder.up_blocks[levels - 1].upsamplers[0].conv)
    for b in vae.decoder.up_blocks[levels:]:
        silence(b)
        if hasattr(b, "upsamplers"):
            pass_through(b.upsamplers[0].conv)
    old, new = small.encoder.state_dict(), vae.encoder.state_dict()
    for name, value in old.items():
        head, _, rest = name.partition(".")
        if head == "down_blocks":
            level, rest = rest.split(".", 1)
            name = f"down_blocks.{int(level) + more}.{rest}"
        if head != "conv_in":
            new[name] = value
    vae.encoder.load_state_dict(new)
    pass_through(vae.encoder.conv_in)
    for b in vae.encoder.down_blocks[:more]:
        silence(b)
        average_cells(b.downsamplers[0].conv)
    first, last = small.encoder.conv_in, vae.encoder.down_blocks[more - 1].downsamplers[0].conv
    with torch.no_grad():
        last.weight.zero_()
        last.weight[:, :first.in_channels] = first.weight
        last.bias.copy_(first.bias)
    vae.quant_conv.load_state_dict(small.quant_conv.state_dict())
    vae.post_quant_conv.load_state_dict(small.post_quant_conv.state_dict())
    return vae
