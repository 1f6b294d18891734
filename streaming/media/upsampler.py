"""Telephone sound (8 kHz, G.711) at the 48 kHz that positions are counted in."""

import numpy as np

from avatar.media.samples import Samples
from streaming.media.clock import VOICE_RATE

REACH = 12  # samples of the source on either side: 1.5 ms of delay at 8 kHz
EDGE = 0.9  # of the source's own band: what is passed on


class Upsampler:
    """Raises the rate of a stream by a whole factor, piece by piece, as if it were one piece."""

    def __init__(self, rate: int) -> None:
        """`rate`: Hz, a divisor of 48000. Raises ValueError if it is none."""
        self._factor, rest = divmod(VOICE_RATE, rate)
        if rest:
            raise ValueError(f"sound of {rate} Hz")
        place = np.arange(-REACH * self._factor, REACH * self._factor + 1) / self._factor
        taps = np.sinc(place * EDGE) * np.kaiser(len(place), 7.0)
        self._taps: Samples = (taps * self._factor / taps.sum()).astype(np.float32)
        self._past: Samples = np.zeros(2 * REACH, np.float32)
        self._next: int | None = None

    def take(self, samples: Samples, stamp: int) -> tuple[Samples, int]:
        """Samples from time stamp `stamp` on -> those of 48 kHz, and their time stamp in these.

        What comes out stands `REACH` samples of the source before what goes in.
        """
        if stamp != self._next:
            self._past = np.zeros(2 * REACH, np.float32)
        self._next = stamp + len(samples)
        whole = np.concatenate([self._past, samples])
        self._past = whole[-2 * REACH :]
        spread = np.zeros(len(whole) * self._factor, np.float32)
        spread[:: self._factor] = whole
        raised: Samples = np.convolve(spread, self._taps, "valid")[: len(samples) * self._factor]
        return raised, (stamp - REACH) * self._factor
