"""How long steps of the renderer take now, against what was measured when it started."""

import math
from collections import deque
from collections.abc import Sequence

from streaming.render.capacity import FRAME_S, StepCost, step_seconds

STEPS_KEPT = 50  # a second or two: what the next is likely to take
STEPS_REMEMBERED = 500  # ten seconds or more: how long they take in bad moments
SLOWER = 0.1  # part of the steps that may take longer than what is admitted for
MOST_FILLED = 0.95  # of the time: the rest is for hearing what is not drawn, and for messages
BUSY = 0.3  # of the time: a renderer that works less shows nothing of how it does under load


class StepPace:
    """Looks at the last steps; a machine may be slower than it was, or quicker."""

    def __init__(self, measured: Sequence[StepCost]) -> None:
        """`measured`: steps for 1, 2, 4 ... callers, when the renderer started."""
        self._measured = measured
        self._planned: list[float] = []  # seconds of a step for 1, 2, 3 ... callers
        self._steps: deque[tuple[int, float, float]] = deque(maxlen=STEPS_KEPT)
        self._ratios: deque[float] = deque(maxlen=STEPS_REMEMBERED)  # to what was planned
        self._ratio = 1.0
        self._each = math.inf  # seconds a picture, lately

    def note(self, callers: int, seconds: float) -> None:
        """A step for so many has taken so long."""
        self._steps.append((callers, seconds, self._plan(callers)))
        ordinary = sorted(self._steps, key=lambda step: step[1] / step[0])
        del ordinary[-max(1, len(ordinary) // 10) :]  # held up by something else
        pictures, took, planned = map(sum, zip(*(ordinary or self._steps), strict=True))
        self._each = took / pictures
        self._ratio = took / planned if planned else 1.0
        self._ratios.append(seconds / self._plan(callers) if planned else 1.0)

    def seconds(self, callers: int) -> float:
        """What a step for so many is likely to take."""
        return self._plan(callers) * self._ratio

    def filled(self, callers: int, longest: float = math.inf) -> float:
        """Part of its time that the renderer needs for so many at 25 pictures a second.

        longest: seconds of a step, if there is time for more than one caller in it.
        """
        sizes = [1, *(step.callers for step in self._measured if step.callers <= callers)]
        fitting = [size for size in sizes if size == 1 or self.seconds(size) <= longest]
        quickest = min(self.seconds(size) / size for size in fitting)
        return callers * min(quickest, self._each) / FRAME_S

    def share(self, callers: int, longest: float) -> float:
        """Part of the pictures of so many callers that it can draw in such steps."""
        filled = self.filled(callers, longest)
        return min(1.0, MOST_FILLED / filled) if filled else 1.0

    def slowdown(self, callers: int) -> float:
        """How much longer steps take than was measured, while so many call; 1: nobody knows.

        In the worse of the last second and the last ten, but for a tenth of the steps: it rises at
        once and falls once bad moments have become rare.
        """
        if self.filled(callers) <= BUSY:
            return 1.0
        ratios = list(self._ratios)
        return max(_but_slowest(ratios), _but_slowest(ratios[-STEPS_KEPT:]))

    def _plan(self, callers: int) -> float:
        while len(self._planned) < callers:
            self._planned.append(step_seconds(self._measured, len(self._planned) + 1))
        return self._planned[callers - 1]


def _but_slowest(ratios: list[float]) -> float:
    """The highest, but for those that may be higher; 1 if there is none."""
    return sorted(ratios)[-1 - int(SLOWER * len(ratios))] if ratios else 1.0
