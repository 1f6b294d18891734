"""Changes of log-mels (B, T, mels) that stand for other people, rooms, devices and calls."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from avatar.models.log_mel import FLOOR, HIGHEST, LOWEST

NATS = math.log(10) / 10  # in a decibel
TRUSTED = 0.0  # decibels of speech over noise at which it is half trusted
PASSAGE = 2.5  # decibels over which trust goes from there to full
SILENCE = math.log(FLOOR)


def at_tempo(
    mels: NDArray[np.float16],
    phones: NDArray[np.uint8],
    mouth: NDArray[np.float16],
    tempo: float,
    frames: int,
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """`frames` frames of all three, spoken `tempo` times as fast."""
    where = np.arange(frames) * tempo
    before = where.astype(np.int64)
    share = (where - before).astype(np.float32)[:, None]
    nearest = np.round(where).astype(np.int64)

    def between(values: NDArray[np.float16]) -> NDArray[np.float32]:
        wide = values.astype(np.float32)
        blended: NDArray[np.float32] = wide[before] * (1 - share) + wide[before + 1] * share
        return blended

    return between(mels), phones[nearest], between(mouth)


def warp_vocal_tract(mels: Tensor, random: torch.Generator) -> Tensor:
    """Longer or shorter vocal tracts: formants 20% down to 25% up, a half of them unchanged."""
    size, _, bands = mels.shape
    scale = torch.exp(torch.empty(size).uniform_(math.log(0.8), math.log(1.25), generator=random))
    scale = torch.where(torch.rand(size, generator=random) < 0.5, 1.0, scale)
    low, high = (2595 * math.log10(1 + edge / 700) for edge in (LOWEST, HIGHEST))
    mel = low + (high - low) * torch.arange(1, bands + 1) / (bands + 1)
    hertz = 700 * (10 ** (mel / 2595) - 1) / scale[:, None]  # (B, mels) where each band comes from
    where = (2595 * torch.log10(1 + hertz / 700) - low) / (high - low) * (bands + 1) - 1
    where = where.clamp(0, bands - 1.001)
    before = where.long()
    share = (where - before)[:, None]
    index = before[:, None].expand(mels.shape)
    return mels.gather(2, index) * (1 - share) + mels.gather(2, index + 1) * share


def colour(mels: Tensor, decibels: float, random: torch.Generator) -> Tensor:
    """A microphone's response: a smooth random curve over the bands."""
    size, _, bands = mels.shape
    order = torch.arange(1, 6)
    angle = math.pi * order[:, None] * (torch.arange(bands) + 0.5) / bands
    weights = torch.randn(size, 5, generator=random) * decibels * NATS / order.sqrt()
    return floored(mels + (weights @ torch.cos(angle))[:, None])


def gain(mels: Tensor, decibels: float, random: torch.Generator) -> Tensor:
    """Louder or quieter as a whole, seldom beyond three times `decibels`."""
    change = torch.randn(len(mels), 1, 1, generator=random) * decibels * NATS
    return floored(mels + change.clamp(-3 * decibels * NATS, 2 * decibels * NATS))


def floored(mels: Tensor) -> Tensor:
    """Never below the floor, as the log-mel itself."""
    return mels.clamp_min(SILENCE)


def level(mels: Tensor) -> Tensor:
    """Decibels of the louder frames of each sound: (B,)."""
    power = mels.exp().mean(-1)  # (B, T)
    return power.quantile(0.8, dim=1).clamp_min(FLOOR).log() / NATS


def mix(mels: Tensor, noise: Tensor, snr: Tensor, absent: Tensor) -> tuple[Tensor, Tensor]:
    """Add `noise` `snr` (B,) decibels below the speech; where `absent`, it alone is heard.

    Returns the mix and how far the speech in it can be trusted (B,): powers add, phases are
    left to chance.
    """
    change = (level(mels) - level(noise) - snr) * NATS
    change = torch.where(absent, 0.0, change)
    speech = torch.where(absent[:, None, None], 0.0, mels.exp())
    mixed = torch.log(speech + (noise + change[:, None, None]).exp() + FLOOR)
    trust = torch.sigmoid((snr - TRUSTED) / PASSAGE)
    return mixed, torch.where(absent, 0.0, trust)


def lose(mels: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Packets of 20 ms lost in a tenth of the sounds: faded repeats, then silence.

    Returns the sound and (B, T) where more than 60 ms in a row are gone.
    """
    size, frames, _ = mels.shape
    lost = torch.zeros(size, frames, dtype=torch.bool)
    heard = mels.clone()
    for row in torch.nonzero(torch.rand(size, generator=random) < 0.1)[:, 0].tolist():
        for _ in range(int(torch.randint(1, 6, (), generator=random))):
            length = 2 * int(torch.randint(1, 25, (), generator=random))
            first = int(torch.randint(1, frames - length, (), generator=random))
            fade = torch.arange(1, length + 1)[:, None] * 1.2
            heard[row, first : first + length] = floored(heard[row, first - 1] - fade)
            lost[row, first + 6 : first + length] = True
    return heard, lost


def hide(mels: Tensor, random: torch.Generator) -> Tensor:
    """Mask a band of mels in a third of the sounds (Park et al., SpecAugment, 2019)."""
    size, _, bands = mels.shape
    width = torch.randint(1, 9, (size, 1), generator=random)
    first = torch.randint(0, bands - 8, (size, 1), generator=random)
    band = torch.arange(bands)
    hidden = (band >= first) & (band < first + width)
    hidden &= torch.rand(size, 1, generator=random) < 0.33
    return torch.where(hidden[:, None], mels.mean((1, 2), keepdim=True), mels)


def near(where: Tensor, frames: int) -> Tensor:
    """(B, T) bool, widened by `frames` on both sides."""
    wide = F.max_pool1d(where.float()[:, None], 2 * frames + 1, stride=1, padding=frames)
    return wide[:, 0] > 0
