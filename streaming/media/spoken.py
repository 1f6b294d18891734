"""Pushed speech once it has its place on the clock: what is heard at a position."""

import numpy as np

from streaming.media.clock import VOICE_RATE
from streaming.media.downsampling import Samples

RING = 4 * VOICE_RATE  # samples kept: far more than any delay, and constant
FADE = 480  # samples (10 ms): speech that is broken off fades over them, so that nothing clicks


class Spoken:
    """Sound by position, laid out frame after frame; silence where nothing was laid."""

    def __init__(self) -> None:
        self._ring: Samples = np.zeros(RING, np.float32)
        self._end = 0

    def lay(self, start: int, samples: Samples) -> None:
        """`samples` from position `start` on; what lay between is silence."""
        gap = np.arange(max(self._end, start - RING), start)
        self._ring[gap % RING] = 0.0
        self._end = start + len(samples)
        self._ring[np.arange(start, self._end) % RING] = samples

    def read(self, start: int, count: int) -> Samples:
        """What is heard at positions [start, start + count)."""
        place = np.arange(start, start + count)
        laid = (place >= max(0, self._end - RING)) & (place < self._end)
        heard: Samples = np.where(laid, self._ring[place % RING], np.float32(0.0))
        return heard

    def fade_before(self, end: int) -> None:
        """Let the sound die away to nothing at position `end`."""
        self._fade(max(0, end - FADE), end)

    def break_off(self, position: int) -> int:
        """Nothing is heard after `position` and a short fade; the end of that fade."""
        end = min(position + FADE, max(self._end, position))
        self._fade(position, end)
        self._ring[np.arange(end, self._end) % RING] = 0.0
        return end

    def _fade(self, start: int, end: int) -> None:
        place = np.arange(start, end) % RING
        self._ring[place] *= np.linspace(1.0, 0.0, len(place), dtype=np.float32)
