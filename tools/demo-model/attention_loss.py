"""A loss that puts cross-attention where things are.

In a large model the attention of a word comes to lie on the thing that the word names, just from predicting noise;
a model this small needs more pictures for that than a processor can show it. The scenes' boxes are known, so
they are told to it: each cell of a box shall attend to the two words of its thing, and those words shall be
attended to from inside the box alone. Little noise counts most, since much noise hides where anything is.
"""
import torch
import torch.nn.functional as F

from schedule import ALPHA_BAR

MOST = 4    # things in a scene
GRID = 16   # cells a side of the masks


def cover(box):
    """uint8 [GRID, GRID]: the share of each cell that a box (x0, y0, x1, y1) covers, in 1/255."""
    edge = torch.arange(GRID).float()
    along = lambda a, b: (torch.minimum(edge + 1, torch.tensor(b * GRID)) - torch.maximum(edge, torch.tensor(a * GRID))).clamp(0, 1)
    x0, y0, x1, y1 = box
    return (along(y0, y1)[:, None] * along(x0, x1)[None] * 255).to(torch.uint8)


def targets(scene, tokenizer):
    """(masks uint8 [MOST, GRID, GRID], positions int64 [MOST, 2]) of a scene's things: covered share of each cell
    in 1/255, and the token positions of colour and icon (0, the start mark, where there is no such thing)."""
    masks = torch.zeros(MOST, GRID, GRID, dtype=torch.uint8)
    positions = torch.zeros(MOST, 2, dtype=torch.int64)
    ids = tokenizer(scene.caption)
    for i, ((colour, _), box) in enumerate(zip(scene.items, scene.boxes)):
        at = ids.index(tokenizer(colour)[1])   # colours differ within a scene, and the icon's word follows
        positions[i] = torch.tensor([at, at + 1])
        masks[i] = cover(box)
    return masks, positions


def watch(unet):
    """The cross-attention layers of `unet`, from now on keeping their probabilities."""
    layers = [m for name, m in unet.named_modules() if name.endswith("attn2")]
    for m in layers:
        m.watched = True
    return layers


def loss(layers, masks, positions, t, kept):
    """Mean over layers. masks uint8 [B, MOST, GRID, GRID] and positions [B, MOST, 2] of those of the batch that are
    `kept` (their captions were not dropped), t of the whole batch."""
    weight = ALPHA_BAR.to(t.device)[t[kept]].sqrt()
    there = (positions[:, :, 0] > 0).float()
    m16 = masks.float() / 255
    total = 0.0
    for layer in layers:
        p = layer.seen[kept]                                                       # [B, pixels, tokens]
        side = int(p.shape[1] ** 0.5)
        m = F.adaptive_avg_pool2d(m16, side).flatten(2)                      # [B, MOST, pixels]
        index = positions.flatten(1)[:, None].expand(-1, p.shape[1], -1)     # [B, pixels, 2 MOST]
        own = p.gather(2, index).unflatten(2, (MOST, 2)).permute(0, 2, 3, 1) # [B, MOST, 2, pixels]
        inside = -((own.sum(2) + 1e-6).log() * m).sum(-1) / (m.sum(-1) + 1e-6)
        share = (own * m[:, :, None]).sum(-1) / (own.sum(-1) + 1e-6)         # [B, MOST, 2]
        per_thing = inside + 2 * (1 - share).mean(-1)
        total = total + ((per_thing * there).sum(1) / there.sum(1) * weight).mean()
    return total / len(layers)
