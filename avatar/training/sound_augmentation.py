"""What a speaker's own recording does not have: other gains, tones of rooms, a little noise."""

import torch
from torch import Tensor
from torch.nn import functional

GAIN_DB = 6.0
NOISE_SNR_DB = (25.0, 60.0)
TONE_TAPS = 33
TONE_DEPTH = 0.1


def augment(sound: Tensor, rng: torch.Generator) -> Tensor:
    """Sound (B, samples) -> the same with a random gain, tone and noise for each row."""
    batch = len(sound)
    gain = 10 ** ((torch.rand(batch, 1, generator=rng) * 2 - 1) * GAIN_DB / 20)
    kernel = torch.randn(batch, 1, TONE_TAPS, generator=rng) * TONE_DEPTH
    kernel = kernel * torch.hann_window(TONE_TAPS) ** 4
    kernel[:, :, TONE_TAPS // 2] = 1
    toned = functional.conv1d(sound[None], kernel, padding=TONE_TAPS // 2, groups=batch)[0]
    low, high = NOISE_SNR_DB
    snr = low + (high - low) * torch.rand(batch, 1, generator=rng)
    level = toned.square().mean(dim=1, keepdim=True).sqrt() * 10 ** (-snr / 20)
    noise = torch.randn(sound.shape, generator=rng)
    return (toned + level * noise) * gain
