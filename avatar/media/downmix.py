"""Several channels to one: their mean, or the loudest of them where the mean cancels it.

A microphone cabled the wrong way round, or a "widened" voice, has the same sound in both channels
with opposite sign: people hear it, and the mean is silence.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BLOCK = 0.010  # s over which loudness is compared; weights glide over as long
MEMORY = 0.8  # of a block's loudness that is left in the next one
CANCELLED, SOUND = 1 / 32, 1 / 8  # power of the mean, in that of the loudest channel
FAINT = 1e-9  # power under which nothing is said about who is louder: -90 dB
CLEARLY_LOUDER = 1.5  # power by which another channel must exceed the one that is heard


@dataclass
class Downmix:
    """A stream's state: how loud each channel was, and what is heard of it.

    Pieces may have any length: what they give together is what one long piece would give.  A
    change in the number of channels begins anew.
    """

    rate: int  # samples a second
    _powers: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _from: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _to: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _loudest: int = 0
    _filled: int = 0  # samples of the block that is not yet whole

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._powers = np.zeros(0)

    def push(self, samples: Samples) -> Samples:
        """(n, channels) -> (n,)."""
        count, channels = samples.shape
        if channels == 1:
            self.reset()
            return samples[:, 0]
        if len(self._powers) != channels + 1:
            self._begin(channels)
        block = max(round(self.rate * BLOCK), 1)
        mixed = np.empty(count, np.float32)
        at = 0
        while at < count:
            piece = samples[at : at + block - self._filled]
            mixed[at : at + len(piece)] = self._mix(piece, block)
            self._sums += _power_sums(piece)
            self._filled += len(piece)
            at += len(piece)
            if self._filled == block:
                self._end_block(self._sums / block)
        return mixed

    def _begin(self, channels: int) -> None:
        self._powers, self._sums = np.zeros(channels + 1), np.zeros(channels + 1)
        self._from = self._to = np.full(channels, 1 / channels)
        self._loudest = self._filled = 0

    def _mix(self, piece: Samples, block: int) -> Samples:
        if self._from is self._to:
            return np.asarray(piece @ self._to.astype(np.float32))
        share = (self._filled + np.arange(1, len(piece) + 1)) / block
        weights = self._from + share[:, None] * (self._to - self._from)
        return np.asarray((piece * weights).sum(axis=1), np.float32)

    def _end_block(self, powers: NDArray[np.float64]) -> None:
        self._filled = 0
        self._sums = np.zeros_like(self._sums)
        self._powers = MEMORY * self._powers + (1 - MEMORY) * powers
        wanted = self._weights()
        self._from, self._to = self._to, self._to if np.array_equal(wanted, self._to) else wanted

    def _weights(self) -> NDArray[np.float64]:
        *channels, mean = self._powers
        loudest = int(np.argmax(channels))
        if channels[loudest] < FAINT:
            return self._to
        if channels[loudest] > CLEARLY_LOUDER * channels[self._loudest]:
            self._loudest = loudest
        ratio = mean / channels[self._loudest] if channels[self._loudest] else 0.0
        trust = float(np.clip((ratio - CANCELLED) / (SOUND - CANCELLED), 0, 1))
        weights = np.full(len(channels), trust / len(channels))
        weights[self._loudest] += 1 - trust
        return weights


def _power_sums(piece: Samples) -> NDArray[np.float64]:
    """Sums of squares of each channel and of their mean."""
    sums = np.einsum("nc,nc->c", piece, piece, dtype=np.float64)
    mean = piece.mean(axis=1, dtype=np.float64)
    return np.append(sums, mean @ mean)
