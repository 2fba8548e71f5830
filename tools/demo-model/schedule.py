"""The noise schedule of Stable Diffusion 1.x and the loss weights used to train with it."""
import torch

STEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012
BETAS = torch.linspace(BETA_START ** 0.5, BETA_END ** 0.5, STEPS, dtype=torch.float64) ** 2
ALPHA_BAR = torch.cumprod(1 - BETAS, 0).float()

CONFIG = dict(
    _class_name="LMSDiscreteScheduler", beta_start=BETA_START, beta_end=BETA_END, beta_schedule="scaled_linear",
    num_train_timesteps=STEPS, prediction_type="epsilon")


def loss_weights(low=5.0, high=10.0):
    """Weight of the noise-prediction error at each timestep, mean 1.

    Where there is little noise, min-SNR: the weight falls as `low` / SNR. Where there is much, the plain error
    hardly rewards colours and background, which are decided there, so the weight grows as 1 + 1 / SNR up to `high`.
    """
    snr = ALPHA_BAR / (1 - ALPHA_BAR)
    w = (1 + 1 / snr).clamp(max=high) * (low / snr).clamp(max=1)
    return w / w.mean()


def add_noise(z, noise, t):
    a = ALPHA_BAR.to(z.device)[t][:, None, None, None]
    return a.sqrt() * z + (1 - a).sqrt() * noise
