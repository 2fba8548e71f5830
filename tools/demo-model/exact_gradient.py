"""How near the denoiser's gradient of the layout loss comes to the exact one, where there is much noise.

    python exact_gradient.py DIR [SCENES]

DIR holds the working files of `tiny`'s latents (see README.md). With L the layout loss of a thing's true place, z the
latents of a scene and x noisy ones, the exact gradient of E[L | x] with respect to x is
Cov(L, z | x) sqrt(alpha-bar) / (1 - alpha-bar). The expectation runs over layouts of the same caption, each weighed by how
likely it makes x; the agreement of two halves of them says how far the estimate is to be believed.
"""
import random
import sys

import numpy as np
import torch
import torch.nn.functional as F

import attention_loss
import data
import presets
import scenes
from checkpoint import denoiser, load_vae
from schedule import ALPHA_BAR, add_noise
from tokenizer import ClipTokenizer

LAYOUTS, NOISES, TIMESTEPS = 4000, 6, (999, 950, 900)
GRID = attention_loss.GRID


def encode(vae, scale, pictures, at_once=250):
    with torch.no_grad():
        parts = [np.stack(pictures[k:k + at_once]) for k in range(0, len(pictures), at_once)]
        return torch.cat([vae.encode(data.to_tensor(p, "cpu"))[0] * scale for p in parts])


def layout_loss(layers, positions, mask):
    """The method's loss for one thing: mean over layers and heads, the phrase's tokens sharing its weight.
    positions [2] of its tokens, mask 0 or 1 [GRID, GRID]."""
    contrast = 1 - 2 * mask
    total = 0.0
    for layer in layers:
        p = layer.seen[:, :, positions].mean(2)   # [B, pixels]
        side = int(p.shape[1] ** 0.5)
        maps = F.interpolate(p.unflatten(1, (1, side, side)), size=(GRID, GRID), mode="bilinear")
        total = total + (maps[:, 0] * contrast).sum()
    return total / len(layers)


def exact(x, latents, losses, ab):
    """Gradient of E[L | x], x [N, ...], from `latents` [K, ...] and their `losses` [K]."""
    log_weights = -torch.stack([((v - ab.sqrt() * latents) ** 2).flatten(1).sum(1) for v in x]) / (2 * (1 - ab))
    w = log_weights.softmax(1)
    return ((w * (losses - (w @ losses)[:, None])) @ latents.flatten(1)).view_as(x) * ab.sqrt() / (1 - ab)


def main(work, count):
    tokenizer = ClipTokenizer.train(scenes.vocabulary_words(), presets.MAX_TOKENS)
    preset = presets.preset("tiny", len(tokenizer.vocab))
    vae, scale = load_vae(work, preset, "cpu")
    net = denoiser(preset)
    net.load_state_dict(torch.load(f"{work}/unet.pt", map_location="cpu")["ema"])
    layers = attention_loss.watch(net["unet"].requires_grad_(False))
    rng = random.Random(3)
    cosine = lambda a, b: F.cosine_similarity(a.flatten(1), b.flatten(1)).mean().item()
    rows = {t: [] for t in TIMESTEPS}
    for n in range(count):
        there = scenes.sample_scene(rng, preset.size)
        boxes = [scenes.sample_layout(rng, len(there.items)) for _ in range(LAYOUTS)]
        pictures = [scenes.render(there.items, b, there.background, preset.size) for b in boxes]
        masks, positions = attention_loss.targets(there, tokenizer)
        mask = (masks[0].float() / 255 > 0.5).float()
        others = torch.stack([attention_loss.cover(b[0]) for b in boxes])
        # A cell of a thing attends to its two words in equal shares, as trained.
        losses = ((others.float() / 255) * (1 - 2 * mask)).flatten(1).sum(1) / 2
        latents = encode(vae, scale, pictures)
        z = encode(vae, scale, [there.image])
        context = net["text"](torch.tensor([tokenizer(there.caption)])).expand(NOISES, -1, -1)
        for t in TIMESTEPS:
            noise = torch.randn((NOISES, *z.shape[1:]), generator=torch.Generator().manual_seed(t + n))
            step = torch.full((NOISES,), t)
            x = add_noise(z, noise, step).requires_grad_(True)
            net["unet"](x, step, context)
            gradient, = torch.autograd.grad(layout_loss(layers, positions[0], mask), x)
            x = x.detach()
            half = LAYOUTS // 2
            parts = [exact(x, latents[s], losses[s], ALPHA_BAR[t]) for s in (slice(half), slice(half, None))]
            rows[t].append((cosine(gradient, exact(x, latents, losses, ALPHA_BAR[t])), cosine(*parts)))
    for t, got in rows.items():
        model, halves = np.mean(got, 0)
        print(f"timestep {t}: cosine of the model's gradient with the exact one {model:.2f}, of two halves of the layouts {halves:.2f}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6)
