"""Several processes that train one model: each takes its share of the batch, gradients are averaged.

On a processor that is shared with others, processes of one thread each lose much less than one process of
several threads, which waits for its slowest thread in every operation.
"""
import datetime
import os
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


class Team:
    def __init__(self, rank=0, size=1, meeting=None):
        self.rank, self.size = rank, size
        if size > 1:
            dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size,
                                    timeout=datetime.timedelta(days=1))

    def average_gradients(self, params, stop):
        """Average the gradients over the team; returns whether any of its processes wants to stop."""
        if self.size == 1:
            return stop
        grads = [p.grad for p in params if p.grad is not None]
        flat = torch.cat([g.flatten() for g in grads] + [torch.tensor([float(stop)])])
        dist.all_reduce(flat)
        flat /= self.size
        for g, part in zip(grads, flat[:-1].split([g.numel() for g in grads])):
            g.copy_(part.view_as(g))
        return flat[-1].item() > 0


def _member(rank, size, meeting, train, args):
    torch.set_num_threads(args[0].threads or 1)
    train(*args, Team(rank, size, meeting))


def run(size, train, *args):
    """Call `train(*args, team)` in this process and `size` - 1 others."""
    if size == 1:
        return train(*args, Team())
    meeting = os.path.join(tempfile.mkdtemp(), "meeting")
    for rank in range(1, size):
        mp.get_context("spawn").Process(target=_member, args=(rank, size, meeting, train, args), daemon=True).start()
    _member(0, size, meeting, train, args)
