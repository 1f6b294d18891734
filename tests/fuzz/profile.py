"""How long the fuzzing goes on, and what it must never do.

    FUZZ_EXAMPLES=5000 python -m pytest tests/fuzz

runs every test with that many examples; without it there are just enough to see that they work.
"""

import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

from avatar.errors import AvatarError

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
HANG = 30  # seconds one example may take on a busy machine
GROWTH = 300 * 1024  # kB that a whole run may take beyond what it began with

Test = TypeVar("Test", bound=Callable[..., Any])


def fuzz(test: Test) -> Test:
    """Run a property as often as the profile says."""
    settled: Test = settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )(test)
    return settled


def check_words(error: AvatarError) -> None:
    """Fails unless an error is one line that a person can read."""
    assert str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 2000


@contextmanager
def no_hang() -> Iterator[None]:
    """Fails if the block takes too long."""

    def hung(_: int, __: object) -> None:
        raise AssertionError(f"still at it after {HANG} s")

    before = signal.signal(signal.SIGALRM, hung)
    signal.alarm(HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def memory_bounded() -> Iterator[None]:
    """Fails if the most memory this process ever had grows too far."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH
