"""The denoiser: `UNet2DConditionModel` of Stable Diffusion 1.x, any size."""
import torch
import torch.nn.functional as F
from torch import nn

from layers import Block, Downsample2D, ResnetBlock2D, Transformer2DModel, Upsample2D, timestep_embedding


class TimestepEmbedding(nn.Module):
    def __init__(self, cin, dim):
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(cin, dim), nn.Linear(dim, dim)

    def forward(self, x):
        return self.linear_2(F.silu(self.linear_1(x)))


class UNet2DConditionModel(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        ch, n, heads = cfg["block_out_channels"], cfg["layers_per_block"], cfg["attention_head_dim"]
        g, ctx, eps = cfg["norm_num_groups"], cfg["cross_attention_dim"], cfg["norm_eps"]
        temb = ch[0] * 4
        self.conv_in = nn.Conv2d(cfg["in_channels"], ch[0], 3, padding=1)
        self.time_embedding = TimestepEmbedding(ch[0], temb)
        res = lambda a, b: ResnetBlock2D(a, b, temb, g, eps)
        att = lambda c: Transformer2DModel(c, ctx, heads, g)
        down, cin, skips = [], ch[0], [ch[0]]
        for i, kind in enumerate(cfg["down_block_types"]):
            last, cross = i == len(ch) - 1, kind.startswith("CrossAttn")
            rs = [res(cin if j == 0 else ch[i], ch[i]) for j in range(n)]
            down.append(Block(rs, [att(ch[i]) for _ in range(n)] if cross else None,
                              down=None if last else Downsample2D(ch[i], 1)))
            skips += [ch[i]] * (n if last else n + 1)
            cin = ch[i]
        self.down_blocks = nn.ModuleList(down)
        self.mid_block = Block([res(ch[-1], ch[-1]), res(ch[-1], ch[-1])], [att(ch[-1])])
        up, rev = [], list(reversed(ch))
        for i, kind in enumerate(cfg["up_block_types"]):
            last, cross = i == len(ch) - 1, kind.startswith("CrossAttn")
            rs = []
            for j in range(n + 1):
                rs.append(res(cin + skips.pop(), rev[i]))
                cin = rev[i]
            up.append(Block(rs, [att(rev[i]) for _ in range(n + 1)] if cross else None,
                            up=None if last else Upsample2D(rev[i])))
        self.up_blocks = nn.ModuleList(up)
        self.conv_norm_out = nn.GroupNorm(g, ch[0], eps)
        self.conv_out = nn.Conv2d(ch[0], cfg["out_channels"], 3, padding=1)

    def forward(self, x, t, context):
        temb = self.time_embedding(timestep_embedding(t, self.cfg["block_out_channels"][0]).to(x.dtype))
        h = self.conv_in(x)
        skips = [h]
        for b in self.down_blocks:
            for j, r in enumerate(b.resnets):
                h = r(h, temb)
                if hasattr(b, "attentions"):
                    h = b.attentions[j](h, context)
                skips.append(h)
            if hasattr(b, "downsamplers"):
                h = b.downsamplers[0](h)
                skips.append(h)
        h = self.mid_block.resnets[0](h, temb)
        h = self.mid_block.attentions[0](h, context)
        h = self.mid_block.resnets[1](h, temb)
        for b in self.up_blocks:
            for j, r in enumerate(b.resnets):
                h = r(torch.cat([h, skips.pop()], 1), temb)
                if hasattr(b, "attentions"):
                    h = b.attentions[j](h, context)
            if hasattr(b, "upsamplers"):
                h = b.upsamplers[0](h)
        return self.conv_out(F.silu(self.conv_norm_out(h)))
