"""What counts as growth over a long run, and what is noise."""

import numpy as np
import pytest

from streaming.benchmark.live_report import DelaySpread, LiveReport
from streaming.benchmark.soak_report import SoakReport, trend

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


def call(mouth: float = 180.0, voice: float = 220.0, skew: float = 40.0) -> LiveReport:
    return LiveReport(
        seconds=600.0,
        fps=25.0,
        freezes=0,
        longest_gap_ms=50.0,
        unread_pictures=0,
        mouth_delay=DelaySpread(mouth, mouth + 30, 0.0),
        voice_delay=DelaySpread(voice, voice + 10, 0.0),
        skew=DelaySpread(skew / 2, skew, 0.0),
        events=700,
        concealed_ms=0.0,
        frames_dropped=0,
        server_cpu=0.4,
        server_mb=900.0,
        server_mb_per_minute=0.0,
        load_average=1.0,
    )


def report(*parts: LiveReport | None) -> SoakReport:
    return SoakReport(3600.0, 300, 0, {}, {}, call(), list(parts), [])


def test_a_call_that_stays_as_prompt_is_in_time() -> None:
    assert report(call(), call(mouth=300.0), call(mouth=170.0, voice=250.0)).in_time


@pytest.mark.parametrize("last", [call(mouth=230.0), call(voice=270.0), call(skew=90.0), None])
def test_a_call_that_becomes_late_or_cannot_be_judged_is_not(last: LiveReport | None) -> None:
    assert not report(call(), call(), last).in_time
