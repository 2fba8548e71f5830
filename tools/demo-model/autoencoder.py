"""The autoencoder: `AutoencoderKL` of Stable Diffusion 1.x, any size."""
import torch.nn.functional as F
from torch import nn

from layers import Block, Downsample2D, ResnetBlock2D, Upsample2D


class VaeAttention(nn.Module):
    def __init__(self, c, groups):
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, c, 1e-6)
        self.to_q, self.to_k, self.to_v = nn.Linear(c, c), nn.Linear(c, c), nn.Linear(c, c)
        self.to_out = nn.ModuleList([nn.Linear(c, c)])

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.group_norm(x).flatten(2).transpose(1, 2)
        q, k, v = self.to_q(y), self.to_k(y), self.to_v(y)
        y = self.to_out[0](((q @ k.transpose(1, 2)) * c ** -0.5).softmax(-1) @ v)
        return x + y.transpose(1, 2).reshape(b, c, h, w)


class Coder(nn.Module):
    """Encoder (`up=False`) or decoder (`up=True`) half of the autoencoder."""

    def __init__(self, cin, cout, ch, n, groups, up):
        super().__init__()
        res = lambda a, b: ResnetBlock2D(a, b, 0, groups, 1e-6)
        order = list(reversed(ch)) if up else list(ch)
        self.up, c = up, order[0]
        self.conv_in = nn.Conv2d(cin, c, 3, padding=1)
        self.mid_block = Block([res(ch[-1], ch[-1]), res(ch[-1], ch[-1])], [VaeAttention(ch[-1], groups)])
        blocks = []
        for i, k in enumerate(order):
            rs = []
            for _ in range(n + 1 if up else n):
                rs.append(res(c, k))
                c = k
            last = i == len(order) - 1
            blocks.append(Block(rs, down=None if up or last else Downsample2D(k, 0),
                                up=Upsample2D(k) if up and not last else None))
        setattr(self, "up_blocks" if up else "down_blocks", nn.ModuleList(blocks))
        self.conv_norm_out = nn.GroupNorm(groups, c, 1e-6)
        self.conv_out = nn.Conv2d(c, cout, 3, padding=1)

    def middle(self, h):
        m = self.mid_block
        return m.resnets[1](m.attentions[0](m.resnets[0](h)))

    def forward(self, x):
        h = self.conv_in(x)
        if self.up:
            h = self.middle(h)
        for b in self.up_blocks if self.up else self.down_blocks:
            for r in b.resnets:
                h = r(h)
            if hasattr(b, "downsamplers"):
                h = b.downsamplers[0](h)
            if hasattr(b, "upsamplers"):
                h = b.upsamplers[0](h)
        if not self.up:
            h = self.middle(h)
        return self.conv_out(F.silu(self.conv_norm_out(h)))


class AutoencoderKL(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        z, ch, n, g = cfg["latent_channels"], cfg["block_out_channels"], cfg["layers_per_block"], cfg["norm_num_groups"]
        self.encoder = Coder(3, z * 2, ch, n, g, up=False)
        self.decoder = Coder(z, 3, ch, n, g, up=True)
        self.quant_conv = nn.Conv2d(z * 2, z * 2, 1)
        self.post_quant_conv = nn.Conv2d(z, z, 1)

    def encode(self, x):
        """[B, 3, H, W] in [-1, 1] -> mean, logvar, each [B, z, H/f, W/f]."""
        mean, logvar = self.quant_conv(self.encoder(x)).chunk(2, 1)
        return mean, logvar.clamp(-30, 20)

    def decode(self, z):
        return self.decoder(self.post_quant_conv(z))
