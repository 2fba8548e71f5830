"""Training of a decoder that draws larger pictures from the latents of a smaller autoencoder.

The denoiser then makes the larger pictures as it is. The decoder learns in three phases, since the levels on top cost ten
times as much as the others and need to see least:
  coarse  the levels up to the small picture's size alone; one more convolution draws all pixels of a cell from them
  crops   all levels, but those on top on a window around one of the things
  full    everything, which also settles the statistics of the group norms that the windows had changed
"""
import os
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import data
import presets
import scenes
from checkpoint import load_denoiser, load_vae, save_work, work_file
from grow import grow
from running import Average, Clock, Descent, autocast, parts_at
from sampling import ddim, save_sheet, to_uint8
from schedule import add_noise

PHASES = ("coarse", "crops", "full")
POOL = 3072         # scenes kept, with their latents
REUSE = 4           # times that a scene is used, on average
MOST_NOISE = 0.05   # standard deviation of the noise added to latents, whose own is 1
REDRAWN_FROM = (50, 330)   # timesteps from which the denoiser draws latents anew; earlier in drawing, things move
REDRAWN_STEPS = 4
WINDOW = 24 / 64    # of the picture's edge, in the crops phase
MARGIN = 6          # pixels of a window that do not count, because they lack their surroundings


class Pairs:
    """Large pictures and the latents, somewhat spoilt, of the same scenes drawn small.

    What the denoiser makes is never quite what a picture is encoded as. So that the decoder forgives it, half of the
    latents get white noise, and the others are drawn anew by the denoiser from a noisy latent.
    """

    def __init__(self, args, preset, tokenizer, device, batch, rank=0):
        self.source = data.batches(preset.size, batch, args.workers, args.seed + 100 * rank, fine=1.0)
        self.small = presets.preset(preset.latents_of, len(tokenizer.vocab))
        self.vae, self.scale = load_vae(args.work, self.small, device)
        self.net = load_denoiser(args.work, preset, device)
        self.tokenizer, self.device, self.batch = tokenizer, device, batch
        self.held, self.served, self.redrawn = [], 0, args.redrawn

    @torch.no_grad()
    def encode(self, drawn):
        """Mean and log variance [B, 4, h, w] of scenes, drawn small."""
        pictures = [scenes.render(s.items, s.boxes, s.background, self.small.size) for s in drawn]
        return self.vae.encode(data.to_tensor(np.stack(pictures), self.device))

    def spoil(self, z, drawn):
        chance = torch.rand(2, len(z), 1, 1, 1, device=self.device)
        noisy = z + torch.randn_like(z) * chance[0] * MOST_NOISE
        return torch.where(chance[1] < self.redrawn, self.redraw(z, drawn), noisy) if self.redrawn else noisy

    def redraw(self, z, drawn):
        """What the denoiser makes of `z` with noise: the same things in the same places, in its own hand."""
        start = random.randint(*REDRAWN_FROM)
        noisy = add_noise(z, torch.randn_like(z), torch.full((len(z),), start, device=self.device))
        timesteps = [start * i // REDRAWN_STEPS for i in range(REDRAWN_STEPS, 0, -1)]
        return ddim(self.net, noisy, [s.caption for s in drawn], self.tokenizer, timesteps, random.uniform(1, 5))

    def fresh(self, spoilt=True):
        """(pictures uint8 [B, H, W, 3], latents [B, 4, h, w] as the decoder gets them, lists of boxes)"""
        pictures, drawn = next(self.source)
        z = self.encode(drawn)[0] * self.scale
        return pictures, (self.spoil(z, drawn) if spoilt else z) / self.scale, [s.boxes for s in drawn]

    def pick(self):
        """(pictures [B, 3, H, W] in [-1, 1], latents, lists of boxes)"""
        due = self.served % REUSE == 0
        while due or len(self.held) < POOL // 8:
            self.held = [*self.held, *zip(*self.fresh())][-POOL:]
            due = False
        self.served += 1
        pictures, z, boxes = zip(*random.sample(self.held, self.batch))
        return data.to_tensor(np.stack(pictures), self.device), torch.stack(z), boxes


def resnets(block, h):
    for r in block.resnets:
        h = r(h)
    return h


class PhasedDecoder(nn.Module):
    """The decoder, and what its phases need besides. `times` is how much larger than the small picture it draws."""

    def __init__(self, vae, preset, times):
        super().__init__()
        self.vae, self.times = vae, times
        self.level = len(vae.decoder.up_blocks) - times.bit_length()   # of the small picture's size
        # What draws a cell's pixels in the coarse phase. It begins as the last layers do on a picture merely enlarged.
        channels, groups = preset.vae["block_out_channels"][times.bit_length() - 1], preset.vae["norm_num_groups"]
        self.cell_norm = nn.GroupNorm(groups, channels, 1e-6)
        self.cell = nn.Conv2d(channels, 3 * times * times, 3, padding=1)
        self.cell_norm.load_state_dict(vae.decoder.conv_norm_out.state_dict())
        self.cell.load_state_dict({k: v.repeat_interleave(times * times, 0) for k, v in vae.decoder.conv_out.state_dict().items()})

    @torch.no_grad()
    def leave_coarse(self):
        """Let the last layers begin with what the coarse phase has learned: the mean of a cell's pixels."""
        d = self.vae.decoder
        d.conv_norm_out.load_state_dict(self.cell_norm.state_dict())
        for to, of in ((d.conv_out.weight, self.cell.weight), (d.conv_out.bias, self.cell.bias)):
            to.copy_(of.unflatten(0, (3, -1)).mean(1))

    def forward(self, z, phase, corners=()):
        """Picture of z; in the crops phase its windows at `corners`, in pixels of the small picture."""
        if phase == "full":
            return self.vae.decode(z)
        d = self.vae.decoder
        h = d.middle(d.conv_in(self.vae.post_quant_conv(z)))
        for b in d.up_blocks[:self.level]:
            h = b.upsamplers[0](resnets(b, h))
        h = resnets(d.up_blocks[self.level], h)
        if phase == "coarse":
            return F.pixel_shuffle(self.cell(F.silu(self.cell_norm(h))), self.times)
        h = windows(h, corners, 1)
        h = d.up_blocks[self.level].upsamplers[0](h)
        for b in d.up_blocks[self.level + 1:]:
            h = resnets(b, h)
            if hasattr(b, "upsamplers"):
                h = b.upsamplers[0](h)
        return d.conv_out(F.silu(d.conv_norm_out(h)))


def corners_around(boxes, edge):
    """For each picture of `edge` pixels the top left corner of a window around one of its boxes, about in its middle.

    Small things are chosen more often, as the inverse of their area: they are what the autoencoder is slow to learn."""
    last = edge - round(edge * WINDOW)
    place = lambda a, b: min(last, max(0, round(edge * ((a + b - WINDOW) / 2 + random.uniform(-0.1, 0.1)))))
    rarity = lambda x0, y0, x1, y1: 1 / ((x1 - x0) * (y1 - y0))
    chosen = [random.choices(of_one, [rarity(*b) for b in of_one])[0] for of_one in boxes]
    return [(place(y0, y1), place(x0, x1)) for x0, y0, x1, y1 in chosen]


def windows(x, corners, times):
    """The window of each of `x` [B, C, H, W] at its corner, which is counted in `times` pixels."""
    edge = round(x.shape[-1] * WINDOW)
    cut = [one[:, top * times:top * times + edge, left * times:left * times + edge] for one, (top, left) in zip(x, corners)]
    return torch.stack(cut).contiguous(memory_format=torch.channels_last)


def inner(x):
    """Without the margin of a window, which lacks its surroundings."""
    return x[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]


def train(args, preset, tokenizer, device, team):
    torch.manual_seed(args.seed + team.rank)
    random.seed(args.seed + team.rank)
    share = args.batch // team.size
    pairs = Pairs(args, preset, tokenizer, device, share, team.rank)
    path = work_file(args.work, preset)
    saved = torch.load(path, map_location=device) if os.path.exists(path) else None
    vae = grow(pairs.vae, preset)
    times = preset.size // pairs.small.size
    net = PhasedDecoder(vae, preset, times).to(device, memory_format=torch.channels_last)
    net.requires_grad_(True)
    vae.encoder.requires_grad_(False)
    vae.quant_conv.requires_grad_(False)
    if saved:
        vae.load_state_dict(saved["model"])
        if "phase" in saved:   # not in an imported one
            net.cell.load_state_dict(saved["cell"])
            net.cell_norm.load_state_dict(saved["cell_norm"])
            if saved["phase"] == "coarse" and args.phase != "coarse":
                net.leave_coarse()
    average = Average(net)
    clock = Clock(args.pictures, args.batch, args.cooldown, args.save_seconds, leads=team.rank == 0)
    descent = Descent(net.parameters(), args.lr or 2e-3, clock, team)

    def save():
        model = average.model
        save_work(path, {"model": model.vae.state_dict(), "cell": model.cell.state_dict(), "cell_norm": model.cell_norm.state_dict(),
                         "phase": args.phase, "scale": pairs.scale})

    while clock.goes_on():
        x, z, boxes = pairs.pick()
        corners = corners_around(boxes, pairs.small.size)
        with autocast(device):
            y = net(z, args.phase, corners)
        y = y.float()
        if args.phase == "crops":
            x, y = inner(windows(x, corners, times)), inner(y)
        # Where the place of an edge is uncertain, this is smallest for a sharp edge in the likeliest place. Squares would be
        # smallest for a blur, and so would differences between neighbours.
        loss = (y - x).abs().mean()
        descent.step(loss)
        average.update(net, clock.step)
        clock.tick(loss.item())
        clock.report("decoder, " + args.phase, ("mean absolute error",))
        if clock.save_is_due():
            save()
    if team.rank:
        return
    save()
    show(average.model, pairs, args.phase, os.path.join(args.work, "reconstructions.png"))
    print(f"decoder done: {clock.pictures} pictures", flush=True)


@torch.no_grad()
def show(net, pairs, phase, path):
    pictures, z, _ = pairs.fresh(spoilt=False)
    x = data.to_tensor(pictures, pairs.device)
    y = net(z, "coarse" if phase == "coarse" else "full")
    save_sheet(to_uint8(torch.cat(parts_at(x, y, 8))), path, 8)
    print(f"mean absolute error of {len(x)} scenes from unspoilt latents: {(y - x).abs().mean():.4f}")
