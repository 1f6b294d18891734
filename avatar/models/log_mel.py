"""Causal log-mel at 100 Hz: a window ends where its hop ends, so no sample is awaited."""

import torch
from torch import Tensor, nn

from avatar.audio import SAMPLE_RATE

HOP = SAMPLE_RATE // 100  # 160 samples: 10 ms
WINDOW = SAMPLE_RATE // 40  # 400 samples: 25 ms
FFT = 512
TAIL = WINDOW - HOP  # samples of the past that the next window needs
LOWEST, HIGHEST = 60.0, 7600.0  # Hz
FLOOR = 1e-8  # mean power: -80 dB of full scale; anything quieter is silence


class LogMel(nn.Module):
    """Natural log of the mean power in each mel band.

    A full-scale white noise of variance s reads log(s) in every band. The floor is fixed, so
    digital silence reads log(FLOOR) whatever came before.
    """

    window: Tensor
    bands: Tensor

    def __init__(self, mels: int) -> None:
        super().__init__()
        with torch.device("cpu"):  # where there is no memory, PyTorch is slow to work them out
            window, bands = torch.hann_window(WINDOW), mel_bands(mels)
        self.register_buffer("window", window / window.square().sum().sqrt(), persistent=False)
        self.register_buffer("bands", bands, persistent=False)

    def forward(self, samples: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 160 n), the TAIL samples before them (B, 240) -> (B, n, mels), the next tail."""
        sound = torch.cat([tail, samples], dim=1)
        frames = sound.unfold(1, WINDOW, HOP) * self.window  # (B, n, 400)
        spectrum = torch.view_as_real(torch.fft.rfft(frames, FFT)).square().sum(-1)
        return torch.log(spectrum @ self.bands + FLOOR), sound[:, -TAIL:]


def mel_bands(mels: int) -> Tensor:
    """Triangles on the mel scale, each summing to one: (FFT / 2 + 1, mels)."""
    edges = _hertz(torch.linspace(_mel(LOWEST), _mel(HIGHEST), mels + 2))
    centres = torch.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1)[:, None]
    # A triangle narrower than a bin would miss them all: it is widened to reach its neighbours.
    bin_width = SAMPLE_RATE / FFT
    left = torch.minimum(edges[:-2], edges[1:-1] - bin_width)
    right = torch.maximum(edges[2:], edges[1:-1] + bin_width)
    rising = (centres - left) / (edges[1:-1] - left)
    falling = (right - centres) / (right - edges[1:-1])
    triangles = torch.minimum(rising, falling).clamp_min(0)
    return triangles / triangles.sum(0)


def _mel(hertz: float) -> float:
    return float(2595 * torch.log10(torch.tensor(1 + hertz / 700)))


def _hertz(mel: Tensor) -> Tensor:
    return 700 * (10 ** (mel / 2595) - 1)
