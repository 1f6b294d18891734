"""Admission and delay follow from what the machine was measured to do."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from streaming.render.capacity import MAX_BUDGET_S, MIN_BUDGET_S, measure
from tests.streaming.support.level_bar import BarPicture, LevelBar


class SlowBar(LevelBar):
    """Takes a given time for a step, and a little more for every caller in it."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def step(self, streams: Sequence[Any], chunks: Sequence[Any]) -> list[BarPicture | None]:
        time.sleep(self._seconds * len(streams))
        return super().step(streams, chunks)


def test_a_quick_renderer_carries_many_with_the_least_delay() -> None:
    capacity = measure(LevelBar())
    assert capacity.callers >= 2
    assert MIN_BUDGET_S <= capacity.budget < MAX_BUDGET_S


def test_a_slow_renderer_carries_few_with_a_longer_delay() -> None:
    capacity = measure(SlowBar(0.015))
    assert 1 <= capacity.callers <= 2
    assert capacity.budget >= 0.03


def test_a_machine_that_is_too_slow_still_takes_one_with_a_bounded_delay() -> None:
    capacity = measure(SlowBar(0.06))
    assert capacity.callers == 1
    assert capacity.budget == pytest.approx(MAX_BUDGET_S)
