"""Fixtures of the streaming tests: a clock the test moves, and aiortc set up as the server does."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from streaming.webrtc.aiortc_patches.install import install

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Calls pass in real time, on machines that pause now and then: one more attempt, and said."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))
            item.add_marker(pytest.mark.realtime)


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
def _changed_aiortc() -> None:
    install()
