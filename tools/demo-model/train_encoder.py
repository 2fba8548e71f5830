"""Training of the encoder that belongs to `train_decoder`'s decoder: it finds, in a large picture, the latents that the
small autoencoder gives to the same scene. Its levels on top average, and stay so: nothing smaller is in the latents."""
import torch

import data
from autoencoder import AutoencoderKL
from checkpoint import save_work, work_file
from running import Average, Clock, Descent, autocast
from train_decoder import Pairs


def train(args, preset, tokenizer, device):
    pairs = Pairs(args, preset, tokenizer, device, args.batch)
    path = work_file(args.work, preset)
    saved = torch.load(path, map_location=device)
    vae = AutoencoderKL(preset.vae)
    vae.load_state_dict(saved["model"])
    vae = vae.to(device, memory_format=torch.channels_last)
    vae.requires_grad_(False)
    more = len(vae.encoder.down_blocks) - len(pairs.vae.encoder.down_blocks)
    below = vae.encoder.down_blocks[more - 1].downsamplers, vae.encoder.down_blocks[more:], vae.encoder.mid_block
    for part in (*below, vae.encoder.conv_norm_out, vae.encoder.conv_out, vae.quant_conv):
        part.requires_grad_(True)
    average = Average(vae)
    clock = Clock(args.pictures, args.batch, args.cooldown, args.save_seconds)
    descent = Descent(vae.parameters(), args.lr or 2e-3, clock)

    def save():
        save_work(path, {**saved, "model": average.model.state_dict()})

    while clock.goes_on():
        pictures, drawn = next(pairs.source)
        wanted, wanted_log = pairs.encode(drawn)
        with autocast(device):
            mean, logvar = vae.encode(data.to_tensor(pictures, device))
        error = (mean.float() - wanted).pow(2).mean() * pairs.scale ** 2   # of latents with standard deviation 1
        loss = error + 0.01 * (logvar.float() - wanted_log).pow(2).mean()
        descent.step(loss)
        average.update(vae, clock.step)
        clock.tick(loss.item(), error.item())
        clock.report("encoder", ("loss", "error"))
        if clock.save_is_due():
            save()
    save()
    print(f"encoder done: {clock.pictures} pictures", flush=True)
