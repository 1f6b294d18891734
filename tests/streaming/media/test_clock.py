import asyncio
from time import monotonic
from time import time as now

import numpy as np
import pytest

from streaming.media.clock import DEAD_BAND, MAX_SLEW, VOICE_RATE, SessionClock
from tests.streaming.support.virtual_time import VirtualTime


def started(time: VirtualTime, delay: float = 0.15) -> SessionClock:
    clock = SessionClock(delay, time)
    clock.start(time.now)
    return clock


def test_a_position_leaves_exactly_the_delay_after_it_was_due(time: VirtualTime) -> None:
    clock = started(time)
    assert clock.capture(VOICE_RATE) == pytest.approx(101.0)
    assert clock.present(VOICE_RATE) - clock.capture(VOICE_RATE) == pytest.approx(0.15)


def test_only_the_first_start_counts(time: VirtualTime) -> None:
    clock = started(time)
    clock.start(time.now + 5)
    assert clock.capture(0) == 100.0


async def test_both_tracks_wait_for_the_same_start(time: VirtualTime) -> None:
    clock = SessionClock(0.15, time)
    waiting = [asyncio.create_task(clock.wait_started()) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in waiting)
    clock.start(time.now)
    await asyncio.wait_for(asyncio.gather(*waiting), 1)


@pytest.mark.parametrize("lead", [-0.1, 0.1])
def test_drift_of_the_source_is_followed_but_never_faster_than_the_ear_allows(
    time: VirtualTime, lead: float
) -> None:
    clock = started(time)
    for _ in range(10):
        time.now += 1
        clock.follow(lead)
    assert clock.capture(0) == pytest.approx(100.0 - np.sign(lead) * 10 * MAX_SLEW)


@pytest.mark.parametrize("lead", [-2 * DEAD_BAND, 2 * DEAD_BAND])
def test_a_source_is_never_overtaken(time: VirtualTime, lead: float) -> None:
    clock = started(time)
    time.now += 60
    clock.follow(lead)
    assert clock.capture(0) == pytest.approx(100.0 - lead)


def test_jitter_within_the_dead_band_moves_nothing(time: VirtualTime) -> None:
    clock = started(time)
    time.now += 60
    clock.follow(lead=DEAD_BAND / 2)
    assert clock.capture(0) == 100.0


def test_reports_tell_the_time_of_day() -> None:
    clock = SessionClock(0.15)
    clock.start(monotonic())
    assert clock.present_wall(10 * VOICE_RATE) == pytest.approx(now() + 10.15, abs=5)


def test_wall_time_set_back_does_not_part_the_reports(
    time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = started(time)
    before = clock.present_wall(VOICE_RATE) - clock.present_wall(0)
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert clock.present_wall(2 * VOICE_RATE) - clock.present_wall(VOICE_RATE) == pytest.approx(
        before, abs=1e-6
    )
