"""Several channels to one: their mean, or the loudest of them where the mean cancels it.

A microphone cabled the wrong way round, or a "widened" voice, has the same sound in both channels
with opposite sign: people hear it, and the mean is silence.
"""

from dataclasses import dataclass, field

import numpy as np

from avatar.media.samples import Samples

BLOCK = 0.010  # s over which loudness is compared; weights glide over as long
MEMORY = 0.8  # of a block's loudness that is left in the next one
CANCELLED, SOUND = 1 / 32, 1 / 8  # power of the mean, in that of the loudest channel
FAINT = 1e-9  # power under which nothing is said about who is louder: -90 dB
CLEARLY_LOUDER = 1.5  # power by which another channel must exceed the one that is heard


Weights = tuple[float, ...]  # of the channels; their sum is 1


@dataclass
class Downmix:
    """A stream's state: how loud each channel was, and what is heard of it.

    Pieces may have any length: what they give together is what one long piece would give.  A
    change in the number of channels begins anew.
    """

    rate: int  # samples a second
    _powers: list[float] = field(default_factory=list)  # of each channel and of the mean
    _sums: list[float] = field(default_factory=list)  # of squares, in the block that is not whole
    _filled: int = 0  # samples of that block
    _before: Weights = ()  # at the beginning of that block
    _after: Weights = ()  # and at its end
    _loudest: int = 0

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._powers = []

    def push(self, samples: Samples) -> Samples:
        """(n, channels) -> (n,)."""
        count, channels = samples.shape
        if channels == 1:
            self.reset()
            return samples[:, 0]
        if len(self._powers) != channels + 1:
            self._begin(channels)
        block = max(round(self.rate * BLOCK), 1)
        starts = [0, *range(block - self._filled, count, block)]
        parts = []
        for start, sums in zip(starts, _sums_of_squares(samples, starts), strict=True):
            length = min(block - self._filled, count - start)
            parts.append((start, length, self._filled, self._before, self._after))
            self._sums = [old + new for old, new in zip(self._sums, sums, strict=True)]
            self._filled += length
            if self._filled == block:
                self._end_block(block)
        return _mixed(samples, parts, block)

    def _begin(self, channels: int) -> None:
        self._powers, self._sums = [0.0] * (channels + 1), [0.0] * (channels + 1)
        self._before = self._after = (1 / channels,) * channels
        self._loudest = self._filled = 0

    def _end_block(self, block: int) -> None:
        self._powers = [
            MEMORY * old + (1 - MEMORY) * new / block
            for old, new in zip(self._powers, self._sums, strict=True)
        ]
        self._sums, self._filled = [0.0] * len(self._sums), 0
        self._before, self._after = self._after, self._weights()

    def _weights(self) -> Weights:
        *channels, mean = self._powers
        power = max(channels)
        if power < FAINT:
            return self._after
        if power > CLEARLY_LOUDER * channels[self._loudest]:
            self._loudest = channels.index(power)
        ratio = mean / channels[self._loudest]
        trust = min(max((ratio - CANCELLED) / (SOUND - CANCELLED), 0.0), 1.0)
        weights = [trust / len(channels)] * len(channels)
        weights[self._loudest] += 1 - trust
        return tuple(weights)


Part = tuple[int, int, int, Weights, Weights]
"""Samples of one block: their start, how many, how many came before, the block's weights."""


def _sums_of_squares(samples: Samples, starts: list[int]) -> list[list[float]]:
    """Of each channel and of their mean, from each start to the next."""
    if not len(samples):
        return [[0.0] * (samples.shape[1] + 1)] * len(starts)
    both = np.column_stack([samples, samples.mean(axis=1)]).astype(np.float64)
    sums: list[list[float]] = np.add.reduceat(both**2, starts).tolist()
    return sums


def _mixed(samples: Samples, parts: list[Part], block: int) -> Samples:
    if len({weights for part in parts for weights in part[3:]}) == 1:
        return samples @ np.array(parts[0][3], np.float32)
    mixed = np.empty(len(samples), np.float32)
    for start, length, filled, before, after in parts:
        share = (filled + np.arange(1, length + 1, dtype=np.float32)) / np.float32(block)
        weights = np.array(before) + share[:, None] * (np.array(after) - np.array(before))
        mixed[start : start + length] = (samples[start : start + length] * weights).sum(axis=1)
    return mixed
