"""What the training loops share: the averaged weights, the learning rate, progress, saving and stopping."""
import contextlib
import copy
import signal
import time

import torch

from team import Team


def autocast(device):
    return torch.autocast("cuda", torch.bfloat16) if device == "cuda" else contextlib.nullcontext()


def parts_at(x, y, width):
    """Rows of `width` of x, each followed by the same of y."""
    return [part for i in range(0, len(x), width) for part in (x[i:i + width], y[i:i + width])]


class Average:
    """Exponential moving average of a model's weights."""

    def __init__(self, model, decay=0.999):
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model, step):
        keep = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), 1 - keep)


class Clock:
    """Counts pictures, not time, so that a run that is paused or shares its machine ends where it should.

    The learning rate rises over 200 steps, stays, and falls to zero over the last `cooldown` pictures.
    SIGTERM or SIGINT ends the run after the step at hand, saved. Of several processes one `leads`: it alone
    heeds signals, reports and saves.
    """

    def __init__(self, pictures, batch, cooldown, save_seconds, leads=True):
        self.total, self.batch, self.cooldown, self.save_seconds = pictures, batch, cooldown, save_seconds
        self.step = self.pictures = 0
        self.started = time.time()
        self.cpu_started = self.saved_at = time.process_time()
        self.means = None
        self.stopped = self.stop_asked = False
        self.leads = leads
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop if leads else signal.SIG_IGN)

    def _stop(self, *_):
        self.stop_asked = True

    def goes_on(self):
        return not self.stopped and self.pictures < self.total

    def lr_factor(self):
        rise = min(1.0, (self.step + 1) / 200)
        fall = min(1.0, (self.total - self.pictures) / self.cooldown) if self.cooldown else 1.0
        return rise * fall

    def tick(self, *values):
        self.step += 1
        self.pictures += self.batch
        old = self.means or values
        self.means = [0.99 * a + 0.01 * b for a, b in zip(old, values)]

    def report(self, what, labels):
        if self.leads and self.step % 100 == 0:
            values = " ".join(f"{k} {v:.4f}" for k, v in zip(labels, self.means))
            rate = self.pictures / (time.time() - self.started)
            cpu_rate = self.pictures / (time.process_time() - self.cpu_started)
            print(f"{what}: {self.pictures} pictures, {values}, {rate:.0f}/s, {cpu_rate:.0f} a processor second", flush=True)

    def save_is_due(self):
        """True every `save_seconds` of processor time."""
        now = time.process_time()
        due = self.leads and now - self.saved_at > self.save_seconds
        if due:
            self.saved_at = now
        return due


class Descent:
    """AdamW at the clock's learning rate, along gradients that the team averages and whose norm is at most 1."""

    def __init__(self, parameters, rate, clock, team=None, weight_decay=1e-4, fused=False):
        self.params = [p for p in parameters if p.requires_grad]
        self.rate, self.clock, self.team = rate, clock, team or Team()
        self.opt = torch.optim.AdamW(self.params, lr=rate, betas=(0.9, 0.99), weight_decay=weight_decay, fused=fused)

    def step(self, loss):
        for group in self.opt.param_groups:
            group["lr"] = self.rate * self.clock.lr_factor()
        self.opt.zero_grad(set_to_none=True)
        loss.backward()
        self.clock.stopped = self.team.average_gradients(self.params, self.clock.stop_asked)
        torch.nn.utils.clip_grad_norm_(self.params, 1.0)
        self.opt.step()
