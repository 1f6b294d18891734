"""Whether what moves repeats itself, so that somebody who looks on for a minute notices."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS

Array = NDArray[np.float64]

LAGS = range(2 * FPS, 60 * FPS)  # frames
BLINK_WIDTH = 13  # frames: blinks so near in time count as at the same moment


def largest_repeat(moving: Array) -> float:
    """The largest peak of the autocorrelation of (F, D) over LAGS; 0 if there is none.

    1: it repeats itself exactly.
    """
    around = moving - moving.mean(axis=0)
    power = float((around**2).sum()) or 1.0
    spectrum = np.fft.rfft(around, 2 * len(around), axis=0)
    found = np.fft.irfft(np.abs(spectrum) ** 2, axis=0).sum(axis=1) / power
    inside = found[: min(LAGS.stop, len(around))]
    peaks = [float(inside[lag]) for lag in LAGS if lag + 1 < len(inside) and _is_peak(inside, lag)]
    return max(peaks, default=0.0)


def blink_times(lids: Array) -> Array:
    """From how far the lids are down (F,): a bump (F, 1) where each blink begins."""
    begins = np.array([False] + [before == 0 < now for before, now in pairwise(lids.tolist())])
    return np.convolve(begins.astype(float), np.hanning(BLINK_WIDTH), "same")[:, None]


def _is_peak(values: Array, at: int) -> bool:
    return bool(values[at] >= values[at - 1] and values[at] >= values[at + 1])
