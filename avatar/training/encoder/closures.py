"""Do lips close on p, b, m and open on open vowels, by each voice's own measure?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME
from avatar.models.log_mel import HOP
from avatar.training.encoder.phones import LIP_CLOSING, OPEN_VOWELS, PHONE_INDEX

FRAME = SAMPLES_PER_FRAME // HOP  # 10 ms frames in a video frame
CLOSED = 0.15  # of a voice's median open vowel: an aperture below it counts as closed
OPEN = 0.5  # of the same: an open vowel above it counts as open
LEAST = 5  # closures that a voice must have to count

Array = NDArray[np.float32]


@dataclass(frozen=True)
class SpokenLips:
    """An utterance and what a pair of lips did to it."""

    voice: str
    phones: NDArray[np.uint8]
    """(T,) what was said at 100 Hz, indices into PHONES."""
    aperture: Array
    """(ceil(T / 4),) at 25 fps, in any unit."""


@dataclass(frozen=True)
class Closures:
    """Means over the voices that say enough of p, b, m."""

    voices: int
    closed_on_pbm: float
    closed_on_pbm_of_the_worst_voice: float
    open_on_open_vowels: float


def closures(spoken: Iterable[SpokenLips]) -> Closures:
    """Judge lips by the phones that were said."""
    closed, opened = [], []
    for rows in by_voice(spoken).values():
        lows = [low for row in rows for low in _extremes(row, LIP_CLOSING, np.min)]
        median = open_vowel(rows)
        if len(lows) < LEAST or median is None:
            continue
        closed.append(np.mean(np.array(lows) < CLOSED * median))
        peaks = [peak for row in rows for peak in _extremes(row, OPEN_VOWELS, np.max)]
        opened.append(np.mean(np.array(peaks) > OPEN * median))
    if not closed:
        return Closures(0, float("nan"), float("nan"), float("nan"))
    means = float(np.mean(closed)), float(np.min(closed)), float(np.mean(opened))
    return Closures(len(closed), *means)


def by_voice(spoken: Iterable[SpokenLips]) -> dict[str, list[SpokenLips]]:
    """The utterances of each voice."""
    voices: dict[str, list[SpokenLips]] = defaultdict(list)
    for row in spoken:
        voices[row.voice].append(row)
    return voices


def open_vowel(rows: list[SpokenLips]) -> float | None:
    """The median aperture of a voice's open vowels; None if it says none."""
    peaks = [peak for row in rows for peak in _extremes(row, OPEN_VOWELS, np.max)]
    return float(np.median(peaks)) if peaks else None


def _extremes(
    row: SpokenLips, names: frozenset[str], extreme: Callable[[Array], float]
) -> list[float]:
    """The least or greatest aperture among the video frames that each such phone touches."""
    wanted = np.isin(row.phones, [PHONE_INDEX[name] for name in names])
    edges = np.flatnonzero(np.diff(np.r_[False, wanted, False].astype(np.int8)))
    touched = [row.aperture[a // FRAME : -(-b // FRAME)] for a, b in edges.reshape(-1, 2)]
    return [float(extreme(part)) for part in touched if len(part)]
