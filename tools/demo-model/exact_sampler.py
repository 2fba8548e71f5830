"""How well loss guidance obeys where the noise prediction and the attention are exact.

    python exact_sampler.py [SCENES]

Scenes of one square on a 16 x 16 grid of cells, four channels. All squares that a scene can have, in steps of a third of a cell,
are weighed by how likely they make the noisy latents; that gives the exact noise prediction, the exact attention (the
probability that a cell is covered) and the exact gradient of the loss, the covariance of loss and latents. It tells what
the method can do on so coarse a grid, and so what a trained model falls short of. Euler a, 50 steps, guidance at steps 6 to 48.
"""
import math
import sys

import numpy as np
import torch

from attention_loss import GRID
from scenes import MOST_ASPECT
from schedule import ALPHA_BAR, STEPS

DIVISIONS = 3        # places per cell
DISTANCE = 2.5       # between the latents of thing and background, where latents have a standard deviation of 1
STEPS_TAKEN, LOSS_STEPS = 50, range(6, 49)
SIZES = {"small": (0.2, 0.3), "middle": (0.3, 0.41)}   # edge of a box, as a share of the picture's


class Squares:
    """Rectangles that are products of an interval along each axis, with the likelihoods that scenes.sample_layout gives them."""

    def __init__(self, low, high):
        edges = np.arange(math.ceil(low * GRID / MOST_ASPECT ** 0.5 * DIVISIONS), high * MOST_ASPECT ** 0.5 * GRID * DIVISIONS + 1e-6)
        self.spans = torch.tensor([(x, n / DIVISIONS) for n in edges for x in np.arange(0.02 * GRID, 0.98 * GRID - n / DIVISIONS + 1e-6, 1 / DIVISIONS)])
        self.spans = self.spans.float()
        start, width = self.spans[:, :1], self.spans[:, 1:]
        cell = torch.arange(GRID).float()
        self.cover = (torch.minimum(cell + 1, start + width) - torch.maximum(cell, start)).clamp(0, 1)   # [N, GRID]
        w, h = width.T / GRID, width / GRID
        size = (w * h).sqrt()
        fits = (size >= low) & (size <= high) & (w / h <= MOST_ASPECT) & (h / w <= MOST_ASPECT)
        self.log_prior = torch.where(fits, -size.log() - (0.97 - w).log() - (0.97 - h).log(), torch.tensor(-1e9))
        self.area = self.cover.pow(2).sum(1)[:, None] * self.cover.pow(2).sum(1)[None]

    def posterior(self, x, alpha_bar):
        """Probabilities [B, N, N] of the rectangles (vertical, horizontal span) given noisy latents [B, 4, GRID, GRID]."""
        along = x.sum(1) * DISTANCE / 2 * alpha_bar.sqrt()
        fit = torch.einsum("ni,bij,mj->bnm", self.cover, along, self.cover) - 0.5 * alpha_bar * DISTANCE ** 2 * self.area
        return (fit / (1 - alpha_bar) + self.log_prior).flatten(1).softmax(1).view(len(x), len(self.spans), -1)

    def drawn(self, weights):
        """Sum [B, GRID, GRID] of the rectangles' cells, weighed by `weights` [B, N, N]."""
        return torch.einsum("bnm,ni,mj->bij", weights, self.cover, self.cover)

    def sums(self, cells):
        """Of `cells` [B, GRID, GRID], the sum within each rectangle [B, N, N]."""
        return torch.einsum("ni,bij,mj->bnm", self.cover, cells, self.cover)

    def iou(self, a, b):
        """Of rectangles given as indices into N x N."""
        n, area, shared = len(self.spans), [1.0, 1.0], 1.0
        for one, other in ((a // n, b // n), (a % n, b % n)):
            p, q = self.spans[one], self.spans[other]
            shared = shared * (torch.minimum(p.sum(1), q.sum(1)) - torch.maximum(p[:, 0], q[:, 0])).clamp(min=0)
            area = [area[0] * p[:, 1], area[1] * q[:, 1]]
        return shared / (area[0] + area[1] - shared)


def obey(squares, eta, count):
    """IoU [count] of the squares drawn with guidance strength `eta` and their boxes."""
    random = torch.Generator().manual_seed(1)
    boxes = torch.multinomial(squares.log_prior.flatten().exp(), count, generator=random)
    one = torch.zeros(count, squares.log_prior.numel()).scatter_(1, boxes[:, None], 1).view(count, len(squares.spans), -1)
    sign = 1 - 2 * (squares.drawn(one) > 0.5).float()
    table = ((1 - ALPHA_BAR) / ALPHA_BAR).sqrt().numpy()
    sigmas = np.append(np.interp(np.linspace(STEPS - 1, 0, STEPS_TAKEN), np.arange(STEPS), table), 0)
    z = torch.randn(count, 4, GRID, GRID, generator=random) * sigmas[0]
    for step, (sigma, following) in enumerate(zip(sigmas, sigmas[1:])):
        alpha_bar = torch.tensor(1 / (1 + sigma ** 2)).float()
        x = z * alpha_bar.sqrt()
        p = squares.posterior(x, alpha_bar)
        clean = (squares.drawn(p) * DISTANCE / 2)[:, None]
        epsilon = (x - alpha_bar.sqrt() * clean) / (1 - alpha_bar).sqrt()
        if step in LOSS_STEPS:
            loss = squares.sums(sign)
            covariance = squares.drawn(p * (loss - (p * loss).sum((1, 2), keepdim=True))) * DISTANCE / 2
            epsilon = epsilon + eta * sigma * (covariance * alpha_bar.sqrt() / (1 - alpha_bar))[:, None]
        noise = math.sqrt(following ** 2 * (sigma ** 2 - following ** 2) / sigma ** 2)
        z = z + epsilon * (math.sqrt(following ** 2 - noise ** 2) - sigma) + torch.randn(z.shape, generator=random) * noise
    return squares.iou(p.flatten(1).argmax(1), boxes)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    for name, (low, high) in SIZES.items():
        squares = Squares(low, high)
        for eta in (0, 1, 4, 16):
            iou = obey(squares, eta, count)
            print(f"{name} squares, eta {eta}: {(iou >= 0.5).float().mean():.0%} of {count} in their boxes, mean IoU {iou.mean():.2f}", flush=True)
