"""Fixtures of the streaming tests: a clock the test moves, and aiortc set up as the server does."""

from dataclasses import dataclass

import pytest

from streaming import jitter_buffer


@dataclass
class VirtualTime:
    """Monotonic seconds that pass only when a test says so."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture(autouse=True, scope="session")
def _prompt_buffer() -> None:
    jitter_buffer.install()
