"""When a face blinks: at times of its own, more often while it speaks."""

from collections.abc import Sequence

import numpy as np

from avatar.audio import FPS

PAUSE_S = (2.0, 10.0)  # from one blink to the next
MEDIAN_S, SPEAKING_MEDIAN_S = 4.5, 3.0
SPREAD = 0.45  # standard deviation of the pause's logarithm


class BlinkTimes:
    """One stream's; draws each pause anew."""

    def __init__(self, blinks: Sequence[range], random: np.random.Generator) -> None:
        """blinks: the pictures of each that the speaker has."""
        self._blinks, self._random = blinks, random
        self._showing = iter(range(0))
        self._waited = 0  # frames since the last blink
        self._draw()

    def next(self, speaking: bool) -> int | None:
        """The picture of the eyes in the next frame; None: they are open."""
        shown = next(self._showing, None)
        if shown is not None:
            return shown
        self._waited += 1
        median = SPEAKING_MEDIAN_S if speaking else MEDIAN_S
        if self._waited < FPS * float(np.clip(median * self._factor, *PAUSE_S)):
            return None
        self._waited = 0
        self._showing = iter(self._blinks[self._random.integers(len(self._blinks))])
        self._draw()
        return next(self._showing)

    def _draw(self) -> None:
        self._factor = float(np.exp(self._random.normal(0, SPREAD)))
