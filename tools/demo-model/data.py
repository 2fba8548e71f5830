"""Scenes as tensors: pictures for the autoencoder, a pool of encoded pictures for the denoiser."""
import multiprocessing as mp
import random

import numpy as np
import torch

import scenes


def draw(rng, count, size):
    """uint8 [count, size, size, 3] pictures and their captions."""
    got = [scenes.sample_scene(rng, size) for _ in range(count)]
    return np.stack([g.image for g in got]), [g.caption for g in got]


def _worker(seed, count, size, queue):
    torch.set_num_threads(1)
    rng = random.Random(seed)
    while True:
        queue.put(draw(rng, count, size))


def batches(size, count, workers, seed):
    """Endless (pictures, captions), drawn by `workers` processes or, with none, in this one."""
    if workers == 0:
        rng = random.Random(seed)
        while True:
            yield draw(rng, count, size)
    queue = mp.Queue(maxsize=workers * 3)
    for w in range(workers):
        mp.Process(target=_worker, args=(seed * 1000 + w, count, size, queue), daemon=True).start()
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
        self.latents = self.tokens = None

    @torch.no_grad()
    def encode(self, pictures, captions):
        z = self.vae.encode(to_tensor(pictures, self.device))[0] * self.scale
        return z, torch.tensor([self.tokenizer(c) for c in captions], device=self.device)

    def refresh(self):
        z, tokens = self.encode(*next(self.source))
        if self.latents is None:
            self.capacity -= self.capacity % len(z)
            self.latents = z.new_empty((self.capacity, *z.shape[1:]))
            self.tokens = tokens.new_empty((self.capacity, tokens.shape[1]))
        self.latents[self.at:self.at + len(z)] = z
        self.tokens[self.at:self.at + len(z)] = tokens
        self.at = (self.at + len(z)) % self.capacity
        self.filled = min(self.capacity, self.filled + len(z))

    def pick(self, count):
        i = torch.randint(0, self.filled, (count,), device=self.device)
        return self.latents[i], self.tokens[i]
