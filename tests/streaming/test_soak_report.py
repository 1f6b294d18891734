"""What counts as growth over a long run, and what is noise."""

import numpy as np
import pytest

from streaming.soak_report import trend

TIMES = [12.0 * number for number in range(300)]


def noisy(per_hour: float, noise: float) -> list[float]:
    wobble = np.random.default_rng(0).normal(0, noise, len(TIMES))
    return [float(v) for v in 200 + per_hour * np.array(TIMES) / 3600 + wobble]


def test_noise_alone_is_steady() -> None:
    found = trend(TIMES, noisy(0.0, 2.0))
    assert found.steady
    assert found.noise == pytest.approx(2.0, rel=0.1)
    assert abs(found.per_hour) < 1.5


def test_a_leak_of_a_hundred_kilobytes_a_visit_is_found() -> None:
    found = trend(TIMES, noisy(30.0, 2.0))
    assert not found.steady
    assert found.per_hour == pytest.approx(30.0, abs=1.5)
    assert found.last - found.first > 15


def test_one_thing_left_behind_now_and_then_is_found() -> None:
    assert not trend(TIMES, [20.0 + number // 100 for number in range(300)]).steady


def test_what_fills_at_the_start_does_not_count() -> None:
    values = [100.0 + min(number, 40) for number in range(300)]
    assert trend(TIMES, values).steady


def test_what_shrinks_is_steady() -> None:
    assert trend(TIMES, noisy(-50.0, 1.0)).steady
