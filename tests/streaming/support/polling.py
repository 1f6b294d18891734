"""Waiting for what comes in its own time: one poller, for tests with an event loop and without."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

INTERVAL_S = 0.02


def load_factor() -> float:
    """1 on a machine with nothing else to do, more where other programs want the same cores."""
    return max(1.0, os.getloadavg()[0] / (2 * len(os.sched_getaffinity(0))))


def wait_until(condition: Callable[[], Any], seconds: float = 20) -> float:
    """Seconds until `condition` held; fails after `seconds` (more on a busy machine)."""
    begun = time.monotonic()
    for pause in _pauses(condition, seconds):
        time.sleep(pause)
    return time.monotonic() - begun


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """The same beside an event loop that goes on."""
    for pause in _pauses(condition, seconds):
        await asyncio.sleep(pause)


def _pauses(condition: Callable[[], Any], seconds: float) -> Iterator[float]:
    limit = seconds * load_factor()
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit:.1f} s"
        yield INTERVAL_S
