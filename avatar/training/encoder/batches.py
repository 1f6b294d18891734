"""Windows of log-mels with targets, drawn from the shards and changed on the fly.

Vocal tracts, speaking rates, microphones, levels and noises are changed on the log-mels, where
each costs a few operations; what needs samples (Opus, rooms) was done when the shards were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from avatar.training.encoder import mel_changes as change
from avatar.training.encoder.phones import SILENCE
from avatar.training.encoder.shards import Shard

FRAMES = 480  # log-mel frames of a window: 4.8 s
NOISE_ONLY = 0.12  # share of windows without any speech
SILENT = 0.1  # share of noises that are digital silence, or white noise once amplified
NEAR = 6  # frames (60 ms) beside a phone that still count as speech


Mels = NDArray[np.float32]


@dataclass(frozen=True)
class Batch:
    """What goes in and what shall come out, both at 100 Hz and in step."""

    mels: Tensor
    """(B, T, mels)."""
    phones: Tensor
    """(B, T) int64; UNKNOWN where nobody knows."""
    mouth: Tensor
    """(B, T, tracks + 1): articulation, then the energy; NaN where nobody knows."""
    reliability: Tensor
    """(B, T) in 0..1."""

    def to(self, device: torch.device) -> Batch:
        """The same batch there."""
        return Batch(*(part.to(device) for part in vars(self).values()))


class Mixer:
    """Draws batches; `weights[i]` is the share of windows that begin in speech shard i."""

    def __init__(
        self,
        speech: Sequence[Shard],
        weights: Sequence[float],
        noises: Sequence[Shard],
        random: Generator,
    ) -> None:
        self.speech, self.noises, self.random = speech, noises, random
        self.weights = np.array(weights) / np.sum(weights)
        self.torch_random = torch.Generator().manual_seed(int(random.integers(2**31)))

    def draw(self, size: int) -> Batch:
        """`size` windows of FRAMES frames."""
        rows = [self._window() for _ in range(size)]
        mels, phones, mouth = (np.stack(column) for column in zip(*rows, strict=True))
        noise = np.stack([self._noise() for _ in range(size)])
        return self._changed(
            torch.from_numpy(mels).float(),
            torch.from_numpy(phones).long(),
            torch.from_numpy(mouth).float(),
            torch.from_numpy(noise).float(),
        )

    def _window(self) -> tuple[Mels, NDArray[np.uint8], Mels]:
        """Utterances of one shard one after the other, at a random tempo."""
        shard = self.speech[int(self.random.choice(len(self.speech), p=self.weights))]
        tempo = float(np.exp(self.random.uniform(-0.22, 0.22))) if self.random.random() < 0.6 else 1
        needed = int(FRAMES * tempo) + 2
        index = int(self.random.integers(len(shard.starts) - 1))
        first, end = shard.starts[index], shard.starts[-1]
        # Often from the beginning: a stream begins so; else from anywhere in the utterance.
        if self.random.random() < 0.6:
            first = int(self.random.integers(first, shard.starts[index + 1]))
        first = max(0, min(first, end - needed))
        span = slice(first, first + needed)
        return change.at_tempo(
            shard.mels[span], shard.phones[span], shard.mouth[span], tempo, FRAMES
        )

    def _noise(self) -> NDArray[np.float16]:
        shard = self.noises[int(self.random.integers(len(self.noises)))]
        index = int(self.random.integers(len(shard.starts) - 1))
        first = int(self.random.integers(shard.starts[index], shard.starts[index + 1] - FRAMES))
        return shard.mels[first : first + FRAMES]

    def _changed(self, mels: Tensor, phones: Tensor, mouth: Tensor, noise: Tensor) -> Batch:
        random = self.torch_random
        size = len(mels)
        mels = change.warp_vocal_tract(mels, random)
        mels = change.colour(mels, 3.0, random)
        silent = torch.rand(size, 1, 1, generator=random) < SILENT
        noise = torch.where(silent, change.SILENCE, noise)
        noise = change.colour(change.warp_vocal_tract(noise, random), 3.0, random)
        chance = torch.rand(size, generator=random)
        absent = chance < NOISE_ONLY
        clean = (chance >= NOISE_ONLY) & (chance < 0.45)
        snr = torch.where(chance > 0.92, -15.0, 0.0) + 25 * torch.rand(size, generator=random)
        snr = torch.where(clean, 60.0, snr)
        mels, trust = change.mix(mels, noise, snr, absent)
        mels = change.gain(mels, 8.0, random)
        mels, lost = change.lose(mels, random)
        mels = change.hide(mels, random)
        speaking = change.near(phones != SILENCE, NEAR).float()
        reliability = speaking * trust[:, None] * (~lost).float()
        phones = torch.where(absent[:, None], SILENCE, phones)
        mouth = torch.where(absent[:, None, None], 0.0, mouth)
        return Batch(mels, phones, mouth, reliability)
