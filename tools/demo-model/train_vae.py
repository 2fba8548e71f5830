"""Training of the autoencoder, or of its decoder alone, which leaves the latents as they are."""
import os

import torch

import data
from autoencoder import AutoencoderKL
from checkpoint import save_work, work_file
from running import Average, Clock, Descent, autocast, parts_at
from sampling import save_sheet, to_uint8


def reconstruction_loss(y, x):
    edges = sum((torch.diff(y, dim=d) - torch.diff(x, dim=d)).abs().mean() for d in (2, 3))
    return (y - x).abs().mean() + 2 * (y - x).pow(2).mean() + 0.5 * edges


@torch.no_grad()
def latent_scale(vae, source, device):
    """1 / standard deviation of the latents."""
    return 1 / torch.cat([vae.encode(data.to_tensor(next(source)[0], device))[0] for _ in range(16)]).std().item()


def train(args, preset, device):
    path = work_file(args.work, preset)
    saved = torch.load(path, map_location=device) if os.path.exists(path) else None
    vae = AutoencoderKL(preset.vae).to(device, memory_format=torch.channels_last)
    if saved:
        vae.load_state_dict(saved["model"])
    elif args.decoder_only:
        raise SystemExit("there is no autoencoder yet whose decoder could be trained")
    if args.decoder_only:
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
    average = Average(vae)
    source = data.batches(preset.size, args.batch, args.workers, args.seed)
    clock = Clock(args.pictures, args.batch, args.cooldown, args.save_seconds)
    descent = Descent(vae.parameters(), args.lr or 1.5e-3, clock)

    def save(scale):
        save_work(path, {"model": average.model.state_dict(), "scale": scale})

    scale = saved["scale"] if saved else 1.0
    while clock.goes_on():
        x = data.to_tensor(next(source)[0], device)
        with autocast(device):
            with torch.set_grad_enabled(not args.decoder_only):
                mean, logvar = vae.encode(x)
            y = vae.decode(mean + torch.randn_like(mean) * (0.5 * logvar).exp())
        y, mean, logvar = y.float(), mean.float(), logvar.float()
        loss = rec = reconstruction_loss(y, x)
        if not args.decoder_only:
            loss = rec + 1e-4 * 0.5 * (mean ** 2 + logvar.exp() - 1 - logvar).mean()
        descent.step(loss)
        average.update(vae, clock.step)
        clock.tick(rec.item(), (y - x).abs().mean().item())
        clock.report("autoencoder", ("loss", "mae"))
        if clock.save_is_due():
            save(scale)
    if not args.decoder_only:
        scale = latent_scale(average.model, source, device)
    save(scale)
    x = data.to_tensor(next(source)[0], device)[:16]
    with torch.no_grad():
        y = average.model.decode(average.model.encode(x)[0])
    save_sheet(to_uint8(torch.cat(parts_at(x, y, 8))), os.path.join(args.work, "reconstructions.png"), 8, zoom=2)
    print(f"autoencoder done: {clock.pictures} pictures, scale {scale:.4f}")
