"""Times of a step and of its stages."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """How a time is distributed, in milliseconds."""

    p50: float
    p95: float
    p99: float


class Stopwatch:
    """Told when stages end, remembers how long each took."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._last = time.perf_counter()

    def start(self) -> None:
        """A step begins."""
        self._last = time.perf_counter()

    def mark(self, stage: str) -> None:
        """The stage that began at the last mark has ended."""
        now = time.perf_counter()
        self.seconds[stage].append(now - self._last)
        self._last = now

    def forget(self) -> None:
        """Drop what was measured so far."""
        self.seconds.clear()


def spread(seconds: Sequence[float]) -> Spread:
    """Percentiles of times in seconds, in milliseconds."""
    p50, p95, p99 = np.percentile(np.array(seconds) * 1000, [50, 95, 99])
    return Spread(round(float(p50), 3), round(float(p95), 3), round(float(p99), 3))
