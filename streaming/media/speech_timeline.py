"""Pushed speech once it has its place on the clock: what is heard at a position."""

import numpy as np

from avatar.media.samples import Samples
from streaming.media.clock import VOICE_RATE

RING_SAMPLES = 4 * VOICE_RATE  # far more than any delay, and constant
FADE_SAMPLES = 480  # 10 ms: speech that is broken off fades over them, so that nothing clicks


class SpeechTimeline:
    """Sound by position, laid out frame after frame; silence where nothing was laid."""

    def __init__(self) -> None:
        self._ring: Samples = np.zeros(RING_SAMPLES, np.float32)
        self._speech = np.zeros(RING_SAMPLES, bool)
        self._end = 0

    def lay(self, start: int, samples: Samples, speech: int) -> None:
        """`samples` from position `start` on, the first `speech` of which somebody pushed.

        What lay between is silence.
        """
        gap = np.arange(max(self._end, start - RING_SAMPLES), start)
        self._ring[gap % RING_SAMPLES] = 0.0
        self._end = start + len(samples)
        place = np.arange(start, self._end) % RING_SAMPLES
        self._ring[place] = samples
        self._speech[place] = np.arange(len(samples)) < speech

    def read(self, start: int, count: int) -> Samples:
        """What is heard at positions [start, start + count)."""
        place = np.arange(start, start + count)
        laid = (place >= max(0, self._end - RING_SAMPLES)) & (place < self._end)
        heard: Samples = np.where(laid, self._ring[place % RING_SAMPLES], np.float32(0.0))
        return heard

    def is_speech(self, start: int, count: int) -> bool:
        """Whether somebody pushed any of what is heard at positions [start, start + count)."""
        place = np.arange(max(start, self._end - RING_SAMPLES), min(start + count, self._end))
        return bool(self._speech[place % RING_SAMPLES].any())

    def fade_before(self, end: int) -> None:
        """Let the sound die away to nothing at position `end`."""
        self._fade(max(0, end - FADE_SAMPLES), end)

    def fade_samples(self, position: int) -> int:
        """How long the fade is with which speech is broken off at `position`."""
        return min(FADE_SAMPLES, max(self._end - position, 0))

    def break_off(self, position: int) -> int:
        """Nothing is heard after `position` and a short fade; the end of that fade."""
        end = position + self.fade_samples(position)
        self._fade(position, end)
        rest = np.arange(end, self._end) % RING_SAMPLES
        self._ring[rest], self._speech[rest] = 0.0, False
        return end

    def _fade(self, start: int, end: int) -> None:
        place = np.arange(start, end) % RING_SAMPLES
        self._ring[place] *= np.linspace(1.0, 0.0, len(place), dtype=np.float32)
