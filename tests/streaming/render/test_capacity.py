"""Admission and delay follow from what the machine was measured to do."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from streaming.render.capacity import (
    EVENT_LOOP_S,
    EVENT_LOOP_SHARE,
    FRAME_S,
    HEADROOM,
    MAX_BUDGET_S,
    MIN_BUDGET_S,
    Capacity,
    StepCost,
)
from streaming.render.capacity_trials import measure
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


def machine(cores: int, step_ms: float, event_loops: int = 1, processor: float = 1.0) -> Capacity:
    """Whose steps take `step_ms` for each caller, and of that a share of processor time."""
    steps = tuple(
        StepCost(callers, callers * step_ms / 1000, callers * step_ms / 1000 * processor)
        for callers in (1, 2, 4, 8, 16, 32, 64, 128)
    )
    return Capacity(step_ms / 1000, 0.002, 0.015, steps, cores, event_loops)


ONE_LOOP = int(FRAME_S * EVENT_LOOP_SHARE / EVENT_LOOP_S)  # calls that fill it


def test_an_event_loop_is_one_core_however_many_there_are() -> None:
    assert machine(16, 0.1).callers == ONE_LOOP
    assert machine(64, 0.1).callers == ONE_LOOP


def test_more_event_loops_carry_more_until_something_else_is_scarce() -> None:
    assert 2 * ONE_LOOP <= machine(16, 0.1, event_loops=2).callers <= 2 * ONE_LOOP + 1
    everything = machine(16, 0.1, event_loops=16).callers
    assert 2 * ONE_LOOP < everything < 16 * ONE_LOOP, "the cores are shared with VP8"
    wanted = machine(16, 0.1).event_loops_wanted()
    assert machine(16, 0.1, event_loops=wanted).callers == everything
    assert machine(16, 0.1, event_loops=wanted - 1).callers < everything


def test_a_renderer_has_its_own_step_whoever_does_the_rest() -> None:
    slow = machine(64, 4.0, event_loops=64, processor=0.0)
    assert slow.callers == int(FRAME_S * HEADROOM / 0.004)


def test_two_cores_that_render_themselves_need_no_second_event_loop() -> None:
    assert machine(2, 6.0).event_loops_wanted() == 1


def test_no_event_loop_is_there_for_calls_that_may_not_come() -> None:
    assert machine(16, 0.1).event_loops_wanted(most=ONE_LOOP) == 1
    assert machine(16, 0.1).event_loops_wanted(most=ONE_LOOP + 1) == 2
    assert machine(16, 0.1).event_loops_wanted(most=999) == machine(16, 0.1).event_loops_wanted()


def test_a_machine_that_has_become_slower_carries_fewer_with_a_longer_delay() -> None:
    before = machine(4, 8.0, processor=0.0)
    after = replace(before, slowdown=2.0)
    assert before.callers == 4
    assert after.callers == 2
    assert after.budget_among(1) == pytest.approx(2 * before.budget_among(1))


def test_who_comes_later_may_have_to_wait_for_all_who_came_before() -> None:
    capacity = machine(4, 8.0)
    budgets = [capacity.budget_among(callers) for callers in (1, 2, 3, 20)]
    assert budgets == pytest.approx([0.018, 0.026, 0.034, MAX_BUDGET_S])


def test_where_steps_are_shared_nobody_waits_for_more_than_two_of_them() -> None:
    steps = tuple(StepCost(callers, 0.010, 0.0) for callers in (1, 32))
    capacity = Capacity(0.010, 0.002, 0.022, steps, cores=16)
    assert capacity.budget_among(32) == pytest.approx(0.022)
    assert capacity.budget_among(64) == pytest.approx(0.042)


GOOD = {1: 8.1, 2: 14.9, 4: 25.8, 8: 47.5}
SLOW = {1: 18.4, 2: 24.7, 4: 42.4}
SHAKY = {1: 22.5, 2: 38.6, 4: 80.0}


def two_cores(
    steps_ms: dict[int, float], encode_ms: float, interpreter: float, slowdown: float = 1.0
) -> Capacity:
    """As such steps, in ms by callers, were read off machines with two cores."""
    steps = tuple(StepCost(callers, ms / 1000, ms / 1000) for callers, ms in steps_ms.items())
    return Capacity(steps_ms[1] / 1000, encode_ms / 1000, 0.03, steps, 2, 1, interpreter, slowdown)


def test_a_good_machine_is_filled_and_half_as_many_again_are_too_many() -> None:
    capacity = two_cores(GOOD, encode_ms=1.8, interpreter=0.6)
    assert capacity.callers == 4
    assert 6 * GOOD[4] / 4 / 1000 > 0.95 * FRAME_S, "nothing is left for messages and memory"


def test_a_batch_that_takes_too_long_to_be_waited_for_makes_room_for_nobody() -> None:
    cheap_in_fours = two_cores(SLOW, encode_ms=1.0, interpreter=0.5)
    assert 3 * SLOW[4] / 4 / 1000 < HEADROOM * FRAME_S, "three would fit by that"
    assert 2 * SLOW[4] / 1000 > MAX_BUDGET_S
    assert cheap_in_fours.callers == 2


def test_two_calls_that_did_not_hold_are_one_too_many() -> None:
    """What two of them were measured to take where each had 15 to 17 pictures a second."""
    assert two_cores(SHAKY, encode_ms=4.0, interpreter=1.0).callers == 1


def test_python_that_takes_twice_as_long_halves_what_an_event_loop_carries() -> None:
    quick, slow = machine(16, 0.1), replace(machine(16, 0.1), interpreter=2.0)
    assert slow.callers == quick.callers // 2
    assert slow.viewer > quick.viewer
