"""Drawing pictures with a trained model, and sheets of them."""
import numpy as np
import torch
from PIL import Image

from schedule import ALPHA_BAR, STEPS


@torch.no_grad()
def ddim(net, z, captions, tokenizer, timesteps, guidance):
    """Latents of pictures of `captions`, by DDIM with classifier-free guidance, from latents with the first timestep's noise."""
    device, n = z.device, len(z)
    context = net["text"](torch.tensor([tokenizer(t) for t in [""] * n + list(captions)], device=device))
    for t, after in zip(timesteps, [*timesteps[1:], None]):
        e = net["unet"](torch.cat([z, z]), torch.full((2 * n,), int(t), device=device), context)
        e = e[:n] + guidance * (e[n:] - e[:n])
        a = ALPHA_BAR[t]
        b = torch.tensor(1.0) if after is None else ALPHA_BAR[after]
        clean = (z - (1 - a).sqrt() * e) / a.sqrt()
        z = b.sqrt() * clean + (1 - b).sqrt() * e
    return z


@torch.no_grad()
def sample(net, vae, scale, tokenizer, prompts, size, steps=50, guidance=5.0, seed=0, batch=32):
    """[N, 3, H, W] pictures in [-1, 1], one for each prompt.

    `size` is the edge of the latent; the noise of the n-th picture depends on nothing but `seed` and n.
    """
    device = next(net.parameters()).device
    noise = torch.randn(len(prompts), 4, size, size, generator=torch.Generator().manual_seed(seed))
    timesteps = np.linspace(STEPS - 1, 0, steps).round().astype(int)
    pictures = []
    for at in range(0, len(prompts), batch):
        z = ddim(net, noise[at:at + batch].to(device), prompts[at:at + batch], tokenizer, timesteps, guidance)
        pictures += [vae.decode(part / scale) for part in z.split(8)]
    return torch.cat(pictures)


def to_uint8(x):
    """[N, 3, H, W] in [-1, 1] -> uint8 [N, H, W, 3]."""
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def save_sheet(pictures, path, columns, zoom=1):
    """Save uint8 [N, H, W, 3] pictures side by side, `columns` to a row."""
    blank = [np.zeros_like(pictures[0])] * (-len(pictures) % columns)
    tiles = list(pictures) + blank
    rows = [np.concatenate(tiles[i:i + columns], 1) for i in range(0, len(tiles), columns)]
    im = Image.fromarray(np.concatenate(rows, 0))
    im.resize((im.width * zoom, im.height * zoom), Image.NEAREST).save(path)
