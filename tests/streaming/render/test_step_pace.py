"""What is known of a machine's speed while calls run."""

from dataclasses import replace

import pytest

from streaming.render.capacity import Capacity, StepCost
from streaming.render.step_pace import STEPS_KEPT, STEPS_REMEMBERED, StepPace

MEASURED = (StepCost(1, 0.014, 0.014), StepCost(2, 0.025, 0.025))
CAPACITY = Capacity(0.014, 0.002, 0.03, MEASURED, cores=2, interpreter=0.5)


def limit(pace: StepPace, callers: int) -> int:
    return replace(CAPACITY, slowdown=pace.slowdown(callers)).callers


def draw(pace: StepPace, steps: int, ms: float, slow_ms: float = 0.0, each: int = 0) -> None:
    """Steps of one caller; every so many takes `slow_ms`."""
    for number in range(1, steps + 1):
        pace.note(1, (slow_ms if each and number % each == 0 else ms) / 1000)


def test_at_first_the_limit_is_what_was_measured() -> None:
    assert limit(StepPace(MEASURED), 2) == CAPACITY.callers == 2


def test_the_limit_falls_as_soon_as_steps_take_longer() -> None:
    pace = StepPace(MEASURED)
    draw(pace, STEPS_REMEMBERED, 14.0)
    assert limit(pace, 2) == 2
    draw(pace, STEPS_KEPT, 22.0)
    assert limit(pace, 2) == 1


def test_it_rises_again_only_when_bad_moments_have_become_rare() -> None:
    pace = StepPace(MEASURED)
    draw(pace, 100, 22.0)
    draw(pace, STEPS_KEPT, 14.0)
    assert limit(pace, 2) == 1, "they were there a few seconds ago"
    draw(pace, STEPS_REMEMBERED, 14.0)
    assert limit(pace, 2) == 2


def test_the_spread_counts_though_the_mean_would_do() -> None:
    pace = StepPace(MEASURED)
    draw(pace, STEPS_REMEMBERED, 14.0, slow_ms=28.0, each=8)
    assert pace.seconds(1) == pytest.approx(0.014, rel=0.1)
    assert pace.slowdown(2) == pytest.approx(2.0)
    assert limit(pace, 2) == 1


def test_a_rare_hiccup_turns_nobody_away() -> None:
    pace = StepPace(MEASURED)
    draw(pace, STEPS_REMEMBERED, 14.0, slow_ms=100.0, each=25)
    assert pace.slowdown(2) == pytest.approx(1.0)
    assert limit(pace, 2) == 2


def test_one_caller_who_takes_half_of_the_time_shows_how_a_second_would_fare() -> None:
    pace = StepPace(MEASURED)
    draw(pace, STEPS_KEPT, 19.0)
    assert limit(pace, 1) == 1
