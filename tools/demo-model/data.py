"""Scenes as tensors: pictures for the autoencoder, a pool of encoded pictures for the denoiser."""
import multiprocessing as mp
import random

import numpy as np
import torch

import attention_loss
import scenes


def draw(rng, count, size, fine=0.0):
    """uint8 [count, size, size, 3] pictures and their scenes, a share `fine` of them fine ones."""
    got = [scenes.sample_scene(rng, size, rng.random() < fine) for _ in range(count)]
    return np.stack([g.image for g in got]), got


def _worker(seed, count, size, fine, queue):
    torch.set_num_threads(1)
    rng = random.Random(seed)
    while True:
        queue.put(draw(rng, count, size, fine))


def batches(size, count, workers, seed, fine=0.0):
    """Endless (pictures, scenes), drawn by `workers` processes or, with none, in this one."""
    if workers == 0:
        rng = random.Random(seed)
        while True:
            yield draw(rng, count, size, fine)
    queue = mp.Queue(maxsize=workers * 3)
    for w in range(workers):
        mp.Process(target=_worker, args=(seed * 1000 + w, count, size, fine, queue), daemon=True).start()
    while True:
        yield queue.get()


def to_tensor(pictures, device):
    x = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
    return x.contiguous(memory_format=torch.channels_last)


class LatentPool:
    """The last `capacity` scenes, encoded. Each is used several times, since encoding costs as much as
    a quarter of a training step; `refresh` puts a new batch in the place of the oldest."""

    def __init__(self, vae, scale, tokenizer, source, capacity, device):
        self.vae, self.scale, self.tokenizer, self.source, self.device = vae, scale, tokenizer, source, device
        self.capacity, self.at, self.filled = capacity, 0, 0
        self.held = None

    @torch.no_grad()
    def encode(self, pictures, drawn):
        """(latents, token ids, masks and token positions of the things; see attention_loss.targets)."""
        z = self.vae.encode(to_tensor(pictures, self.device))[0] * self.scale
        tokens = torch.tensor([self.tokenizer(s.caption) for s in drawn], device=self.device)
        masks, positions = zip(*(attention_loss.targets(s, self.tokenizer) for s in drawn))
        return z, tokens, torch.stack(masks).to(self.device), torch.stack(positions).to(self.device)

    def refresh(self):
        fresh = self.encode(*next(self.source))
        count = len(fresh[0])
        if self.held is None:
            self.capacity -= self.capacity % count
            self.held = [x.new_empty((self.capacity, *x.shape[1:])) for x in fresh]
        for held, x in zip(self.held, fresh):
            held[self.at:self.at + count] = x
        self.at = (self.at + count) % self.capacity
        self.filled = min(self.capacity, self.filled + count)

    def pick(self, count):
        i = torch.randint(0, self.filled, (count,), device=self.device)
        return [x[i] for x in self.held]
