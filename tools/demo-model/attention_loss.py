"""A loss that puts cross-attention where things are likely to be.

In a large model the attention of a word comes to lie on the thing that the word names, just from predicting noise;
a model this small needs more pictures for that than a processor can show it. The scenes' boxes are known, so
they are told to it: each cell of a box shall attend to the two words of its thing, half to each, and every other
cell to the other tokens.

The loss is the cross-entropy of each cell, a proper scoring rule: it is least where the attention of a cell is the probability that the
thing is there, given the noisy latents. A sum over attention maps is then an expected value, and its gradient what loss guidance wants
it to be, also where much noise leaves open where anything is. A loss that merely rewards attention inside the boxes lacks this (README.md, Choices).
"""
import torch
import torch.nn.functional as F

from schedule import ALPHA_BAR

MOST = 6    # things in a scene
GRID = 16   # cells a side of the masks
LEAST = 0.25   # weight where there is nothing but noise
TINY = 1e-5


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
    """Cross-entropy in nats, mean over layers, cells and pictures; 0 where each cell of a box attends to its thing's two words
    equally. masks uint8 [B, MOST, GRID, GRID] and positions [B, MOST, 2] of those of the batch that are `kept` (their
    captions were not dropped), t of the whole batch. Counts less the more noise there is, since more of it cannot be helped."""
    weight = LEAST + (1 - LEAST) * ALPHA_BAR.to(t.device)[t[kept]].sqrt()
    covered = masks.float() / 255
    covered = covered / covered.sum(1, keepdim=True).clamp(min=1)            # where boxes overlap, shares of the cell
    there = (positions.flatten(1) > 0)[:, None]
    total = 0.0
    for layer in layers:
        p = layer.seen[kept]                                                 # [B, pixels, tokens]
        m = F.adaptive_avg_pool2d(covered, int(p.shape[1] ** 0.5)).flatten(2)   # [B, MOST, pixels]
        index = positions.flatten(1)[:, None].expand(-1, p.shape[1], -1)     # [B, pixels, 2 MOST]
        words = p.gather(2, index) * there
        others = (1 - words.sum(2)).clamp(min=0)
        words = words.unflatten(2, (MOST, 2)).permute(0, 2, 3, 1)            # [B, MOST, 2, pixels]
        named = -((2 * words + 2 * TINY).log().mean(2) * m).sum(1)
        unnamed = -(others + TINY).log() * (1 - m.sum(1))
        total = total + ((named + unnamed).mean(1) * weight).mean()
    return total / len(layers)
