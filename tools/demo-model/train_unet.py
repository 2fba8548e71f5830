"""Training of the denoiser and the text encoder, jointly, on encoded scenes."""
import os
import random

import torch

import attention_loss
import data
import presets
from checkpoint import denoiser, load_vae, save_work
from running import Average, Clock, Descent, autocast
from schedule import STEPS, add_noise, loss_weights

POOL = 32768        # encoded scenes kept
POOL_START = 6144   # before the first step
REUSE = 4           # times that a scene is used, on average
FINE = 0.5          # share of the scenes with smaller things and more detail
DROPPED = 0.1       # captions replaced by the empty one, for classifier-free guidance


class HeldOut:
    """Noise-prediction error on scenes, noise and timesteps that are always the same."""

    def __init__(self, pool, size, count=256):
        rng = random.Random(77)
        self.parts = []
        g = torch.Generator().manual_seed(1)
        t = torch.arange(count) * STEPS // count + STEPS // count // 2
        for i in range(0, count, 64):
            z, tokens, _, _ = pool.encode(*data.draw(rng, 64, size))
            noise = torch.randn(z.shape, generator=g).to(z.device)
            self.parts.append((z, tokens, noise, t[i // 64::count // 64].to(z.device)))

    @torch.no_grad()
    def error(self, net):
        errors = [(net["unet"](add_noise(z, noise, t), t, net["text"](tokens)) - noise).pow(2).mean().item()
                  for z, tokens, noise, t in self.parts]
        return sum(errors) / len(errors)


def train(args, preset, tokenizer, device, team):
    torch.manual_seed(args.seed)   # the same first weights in all processes
    share = args.batch // team.size
    if preset.latents_of:
        preset = presets.preset(preset.latents_of, len(tokenizer.vocab))   # its pictures are cheaper to draw and encode
    vae, scale = load_vae(args.work, preset, device)
    vae.to(memory_format=torch.channels_last)
    net = denoiser(preset).to(device, memory_format=torch.channels_last)
    path = os.path.join(args.work, "unet.pt")
    saved = torch.load(path, map_location=device) if os.path.exists(path) else None
    if saved:
        net.load_state_dict(saved["net"])
    average = Average(net)
    if saved:
        average.model.load_state_dict(saved["ema"])
    before = saved["pictures"] if saved else 0
    source = data.batches(preset.size, share, args.workers, args.seed + 100 * team.rank, FINE)
    torch.manual_seed(args.seed + 100 * team.rank)
    pool = data.LatentPool(vae, scale, tokenizer, source, POOL // team.size, device)
    held_out = HeldOut(pool, preset.size)
    weights = loss_weights().to(device)
    empty = torch.tensor(tokenizer(""), device=device)
    while pool.filled < POOL_START // team.size:
        pool.refresh()
    watched = attention_loss.watch(net["unet"]) if args.attention else []
    clock = Clock(args.pictures, args.batch, args.cooldown, args.save_seconds, leads=team.rank == 0)
    descent = Descent(net.parameters(), args.lr or 1e-3, clock, team, weight_decay=1e-3, fused=True)
    if saved and "opt" in saved:
        descent.opt.load_state_dict(saved["opt"])

    def save():
        save_work(path, {"net": net.state_dict(), "ema": average.model.state_dict(), "opt": descent.opt.state_dict(),
                         "pictures": before + clock.pictures})
        print(f"saved at {before + clock.pictures} pictures, held-out error {held_out.error(average.model):.4f}", flush=True)

    while clock.goes_on():
        if clock.step % REUSE == 0:
            pool.refresh()
        z, tokens, masks, positions = pool.pick(share)
        dropped = torch.rand(share, device=device) < DROPPED
        tokens = torch.where(dropped[:, None], empty, tokens)
        # One timestep from each of `share` equal parts of the schedule.
        t = ((torch.arange(share) + torch.rand(share)) * STEPS / share).long().clamp(max=STEPS - 1).to(device)
        noise = torch.randn_like(z)
        with autocast(device):
            predicted = net["unet"](add_noise(z, noise, t), t, net["text"](tokens))
        error = (predicted.float() - noise).pow(2).mean((1, 2, 3))
        attention = attention_loss.loss(watched, masks[~dropped], positions[~dropped], t, ~dropped) if watched else error.new_zeros(())
        descent.step((error * weights[t]).mean() + args.attention * attention)
        if team.rank == 0:
            average.update(net, before // args.batch + clock.step)
        clock.tick(error.mean().item(), attention.item())
        clock.report("denoiser", ("error", "attention"))
        if clock.save_is_due():
            save()
    if team.rank == 0:
        save()
