"""Monotonic seconds that a test moves itself."""

from dataclasses import dataclass


@dataclass
class VirtualTime:
    """They pass only when a test says so."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now
