"""More callers than can be drawn: everybody gets fewer pictures, evenly, and each is in time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from streaming.render.batcher import Batcher, Step
from streaming.render.capacity import FRAME_S, StepCost
from streaming.render.renderer import Chunk
from streaming.render.step_pace import StepPace
from tests.streaming.support.level_bar import BarPicture, LevelBar
from tests.streaming.support.virtual_time import VirtualTime

SECONDS = 10
LOOKAHEAD = 2  # of the level bar
HEARING = 0.002  # seconds a chunk
BATCHED = 0.8  # of what one takes, each further one of a step


def step_s(picture: float, callers: int) -> float:
    return picture * (1 + BATCHED * (callers - 1))


class TimedBar(LevelBar):
    """Takes `picture` seconds of virtual time for one picture."""

    def __init__(self, time: VirtualTime, picture: float) -> None:
        super().__init__()
        self._time = time
        self.picture, self.hearing = picture, HEARING

    def step(self, streams: Sequence[Any], chunks: Sequence[Chunk]) -> list[BarPicture | None]:
        self._time.now += step_s(self.picture, len(streams))
        return super().step(streams, chunks)

    def hear(self, streams: Sequence[Any], chunks: Sequence[Chunk]) -> None:
        self._time.now += self.hearing * len(streams)
        super().hear(streams, chunks)


class Crowd:
    """Callers whose sound falls due every 40 ms, each at its own moment, and what they see."""

    def __init__(
        self, time: VirtualTime, budgets: Sequence[float], picture: float, measured: float
    ) -> None:
        """`budgets`: seconds that each one's delay has for rendering; `measured`: a picture, when
        the renderer started, `picture` is what it takes now."""
        self._time, self._begun = time, time.now
        self._budgets = budgets
        steps = [StepCost(n, step_s(measured, n), 0.0) for n in (1, 2, 4, 8)]
        self.pace, self.bar = StepPace(steps), TimedBar(time, picture)
        self._batches = Batcher(self.pace, monotonic=time)
        self.shown: list[list[int]] = [[] for _ in budgets]
        "Frames that were there when they were due, by caller."
        self.numbered_right = True
        self.late: list[list[int]] = [[] for _ in budgets]
        for caller in range(len(budgets)):
            self._batches.join(caller, self.bar)

    def _heard(self, caller: int, number: int) -> float:
        """When the sound beside a frame is all there: 7 ms after that of the caller before."""
        return self._begun + (number + 1) * FRAME_S + 0.007 * caller

    def talk(self, seconds: float) -> None:
        moments = [
            (self._heard(caller, number), caller, number)
            for caller in range(len(self._budgets))
            for number in range(round(seconds / FRAME_S))
        ]
        moments.sort(reverse=True)
        while moments or self._batches.waiting:
            if not self._batches.waiting:
                self._time.now = max(self._time.now, moments[-1][0])
            while moments and moments[-1][0] <= self._time.now:
                heard, caller, number = moments.pop()
                sound = np.full(640, number % 7 / 40, np.float32)
                self._batches.add(caller, number, sound, heard + self._budgets[caller])
            self._note(self._batches.step())

    def _note(self, steps: Sequence[Step]) -> None:
        for rendered in (one for step in steps for one in step.rendered):
            if rendered.picture is None:
                continue
            self.numbered_right &= rendered.picture.index == rendered.frame
            due = (
                self._heard(rendered.caller, rendered.frame + LOOKAHEAD)
                + self._budgets[rendered.caller]
            )
            in_time = self._time.now <= due
            (self.shown if in_time else self.late)[rendered.caller].append(rendered.frame)

    @property
    def fps(self) -> list[float]:
        return [len(frames) / SECONDS for frames in self.shown]

    @property
    def longest_gap(self) -> int:
        """Frames between two pictures of anybody, once it is known how long steps take."""
        return max(
            int(np.diff(np.array(frames)[len(frames) // 5 :]).max()) for frames in self.shown
        )


def test_what_can_be_drawn_is_drawn(time: VirtualTime) -> None:
    crowd = Crowd(time, [0.04, 0.055], picture=0.0175, measured=0.0175)
    crowd.talk(SECONDS)
    everything = list(range(SECONDS * 25 - LOOKAHEAD))
    assert crowd.shown == [everything] * 2


@pytest.mark.parametrize("callers", [3, 4, 6])
@pytest.mark.parametrize("budget", [0.04, 0.06])
def test_everybody_gets_the_same_part_of_the_pictures_in_time(
    time: VirtualTime, callers: int, budget: float
) -> None:
    crowd = Crowd(time, [budget] * callers, picture=0.0175, measured=0.0175)
    crowd.talk(SECONDS)
    possible = 1 / (0.0175 * callers)
    assert min(crowd.fps) > 0.75 * possible
    assert max(crowd.fps) < 1.3 * min(crowd.fps)
    assert sum(map(len, crowd.late)) < 0.05 * sum(map(len, crowd.shown))
    assert crowd.longest_gap <= 2 * callers
    assert crowd.numbered_right, "lips belong to the sound, though not all was drawn"


def test_five_times_too_many_are_still_served_alike(time: VirtualTime) -> None:
    crowd = Crowd(time, [0.06] * 12, picture=0.0175, measured=0.0175)
    crowd.talk(SECONDS)
    assert min(crowd.fps) > 1.5
    assert max(crowd.fps) < 1.6 * min(crowd.fps)


def test_a_machine_that_gets_slower_still_draws_for_all_in_time(time: VirtualTime) -> None:
    crowd = Crowd(time, [0.04, 0.055, 0.06], picture=0.020, measured=0.009)
    crowd.talk(SECONDS)
    possible = 1 / (0.020 * 3)
    assert min(crowd.fps) > 0.75 * possible
    assert max(crowd.fps) < 1.3 * min(crowd.fps)


def test_a_machine_too_slow_for_the_delay_of_a_call_shows_every_picture_one_late(
    time: VirtualTime,
) -> None:
    crowd = Crowd(time, [0.018], picture=0.022, measured=0.008)
    crowd.talk(SECONDS)
    assert len(crowd.late[0]) == SECONDS * 25 - LOOKAHEAD


def test_one_that_takes_three_times_as_long_as_a_picture_lasts_draws_what_it_can(
    time: VirtualTime,
) -> None:
    crowd = Crowd(time, [0.06, 0.06], picture=0.12, measured=0.03)
    crowd.talk(SECONDS)
    drawn = [len(shown) + len(late) for shown, late in zip(crowd.shown, crowd.late, strict=True)]
    assert min(drawn) > 0.7 * SECONDS / 0.24
    assert max(drawn) < 1.3 * min(drawn)


def test_a_renderer_that_was_measured_in_a_bad_moment_draws_everything_soon(
    time: VirtualTime,
) -> None:
    crowd = Crowd(time, [0.06, 0.06], picture=0.0175, measured=0.2)
    crowd.talk(SECONDS)
    assert min(crowd.fps) > 23


def test_nobody_is_left_with_a_still_picture_though_hearing_takes_nearly_all_the_time(
    time: VirtualTime,
) -> None:
    crowd = Crowd(time, [0.06, 0.06], picture=0.15, measured=0.15)
    crowd.bar.hearing = 0.019
    crowd.talk(SECONDS)
    drawn = [len(shown) + len(late) for shown, late in zip(crowd.shown, crowd.late, strict=True)]
    assert min(drawn) > SECONDS


def test_the_pace_tells_how_much_slower_everything_is(time: VirtualTime) -> None:
    crowd = Crowd(time, [0.04, 0.055, 0.06], picture=0.020, measured=0.010)
    crowd.talk(SECONDS)
    assert crowd.pace.slowdown(3) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("measured", [0.005, 0.012])
def test_a_renderer_with_little_to_do_shows_nothing_of_how_it_is_under_load(
    time: VirtualTime, measured: float
) -> None:
    crowd = Crowd(time, [0.04], picture=0.010, measured=measured)
    crowd.talk(SECONDS)
    assert crowd.pace.slowdown(1) == 1.0
    assert crowd.pace.slowdown(4) == pytest.approx(0.010 / measured)
