"""Training of the encoder for small pictures and the decoder for large ones together.

The decoder shows the encoder what it cannot tell from the latents. The latents are held near where they were, and their
scale is kept, so that a denoiser that was trained on them before has little to learn anew.
"""
import copy
import os
import random

import numpy as np
import torch

import data
import presets
import scenes
from checkpoint import load_vae, save_work, work_file
from grow import grow
from running import Average, Clock, Descent, autocast
from train_decoder import PhasedDecoder, corners_around, inner, windows

POOL = 2048          # scenes kept, drawn large and small
REUSE = 4            # times that a scene is used, on average
MOST_NOISE = 0.12    # standard deviation of the noise added to latents, whose own is about 1
ANCHOR = 0.01        # weight of the squared distance of latents from where they were


class Twins:
    """Scenes drawn large and small."""

    def __init__(self, args, preset, batch, rank):
        self.source = data.batches(preset.size, batch, args.workers, args.seed + 100 * rank, fine=1.0)
        self.batch, self.small = batch, preset.latents_size
        self.held, self.served = [], 0

    def fresh(self):
        pictures, drawn = next(self.source)
        return [(p, scenes.render(s.items, s.boxes, s.background, self.small), s.boxes) for p, s in zip(pictures, drawn)]

    def pick(self):
        """(large uint8 [B, H, W, 3], small ones, lists of boxes)"""
        due = self.served % REUSE == 0
        while due or len(self.held) < POOL // 8:
            self.held = [*self.held, *self.fresh()][-POOL:]
            due = False
        self.served += 1
        large, small, boxes = zip(*random.sample(self.held, self.batch))
        return np.stack(large), np.stack(small), boxes


def train(args, preset, tokenizer, device, team):
    torch.manual_seed(args.seed + team.rank)
    random.seed(args.seed + team.rank)
    share = args.batch // team.size
    small_preset = presets.preset(preset.latents_of, len(tokenizer.vocab))
    small, scale = load_vae(args.work, small_preset, device)
    before = copy.deepcopy(small)
    saved = torch.load(work_file(args.work, preset), map_location=device)
    vae = grow(small, preset)
    vae.load_state_dict(saved["model"])
    net = PhasedDecoder(vae, preset, preset.size // small_preset.size).to(device, memory_format=torch.channels_last)
    small.to(memory_format=torch.channels_last)
    for part in (net, small):
        part.requires_grad_(True)
    for part in (vae.encoder, vae.quant_conv, small.decoder, small.post_quant_conv):
        part.requires_grad_(False)
    averages = Average(net), Average(small)
    twins = Twins(args, preset, share, team.rank)
    clock = Clock(args.pictures, args.batch, args.cooldown, args.save_seconds, leads=team.rank == 0)
    descent = Descent([*net.parameters(), *small.parameters()], args.lr or 1e-3, clock, team)

    def save():
        averaged, encoder = (a.model for a in averages)
        save_work(work_file(args.work, small_preset), {"model": encoder.state_dict(), "scale": scale})
        save_work(work_file(args.work, preset), {**saved, "model": averaged.vae.state_dict(), "scale": scale})

    while clock.goes_on():
        large, little, boxes = twins.pick()
        x, little = data.to_tensor(large, device), data.to_tensor(little, device)
        corners = corners_around(boxes, small_preset.size)
        with autocast(device):
            z, logvar = small.encode(little)
            with torch.no_grad():
                z_before, logvar_before = before.encode(little)
            spoilt = z + torch.randn_like(z) * torch.rand(len(z), 1, 1, 1, device=device) * MOST_NOISE / scale
            y = net(spoilt, args.phase, corners)
        y = y.float()
        if args.phase == "crops":
            x, y = inner(windows(x, corners, net.times)), inner(y)
        error = (y - x).abs().mean()
        drift = (z.float() - z_before).pow(2).mean() * scale ** 2
        loss = error + ANCHOR * drift + 1e-4 * (logvar.float() - logvar_before).pow(2).mean()
        descent.step(loss)
        for average, part in zip(averages, (net, small)):
            average.update(part, clock.step)
        clock.tick(error.item(), drift.item())
        clock.report("joint, " + args.phase, ("mean absolute error", "drift"))
        if clock.save_is_due():
            save()
    if team.rank:
        return
    save()
    print(f"joint done: {clock.pictures} pictures", flush=True)

