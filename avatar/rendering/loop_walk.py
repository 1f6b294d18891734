"""The reference loop without its length: forth and back through it, slowing down to turn.

Played again and again, a loop of ten seconds is soon recognised.  A head at rest moves backwards as
it does forwards, so each frame is shown beside a neighbour, and nothing has to be drawn anew.
"""

import numpy as np

from avatar.audio import FPS

MEAN_STRETCH_S, LONGEST_STRETCH_S = 3.0, 8.0  # between two turns, drawn anew each time
RAMP_FRAMES = 8  # from standing still to the speed of the loop


class LoopWalk:
    """One stream's way through the loop."""

    def __init__(self, length: int, random: np.random.Generator) -> None:
        """`length` of the loop in frames."""
        self._length, self._random = length, random
        self._place, self._speed, self._wanted = 0.0, 1.0, 1
        self._left = self._stretch()

    def next(self) -> int:
        """The position in the loop that is shown next."""
        shown = round(self._place) % self._length
        self._left -= 1
        if self._left <= 0:
            self._wanted = -self._wanted
            self._left = 2 * RAMP_FRAMES + self._stretch()
        change = self._wanted - self._speed
        self._speed += min(max(change, -1 / RAMP_FRAMES), 1 / RAMP_FRAMES)
        self._place = (self._place + self._speed) % self._length
        return shown

    def _stretch(self) -> int:
        seconds = min(self._random.exponential(MEAN_STRETCH_S), LONGEST_STRETCH_S)
        return round(FPS * seconds)
