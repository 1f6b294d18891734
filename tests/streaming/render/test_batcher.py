"""Which chunks are rendered together, and what happens when that fails."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from streaming.render.batcher import Batcher, Step
from streaming.render.capacity import StepCost
from streaming.render.step_pace import StepPace
from tests.streaming.support.level_bar import BarPicture, LevelBar

SILENCE = np.zeros(640, np.float32)


def new_batcher() -> Batcher:
    """With a renderer that was measured to be quick, for callers who are never in a hurry."""
    return Batcher(StepPace([StepCost(1, 0.001, 0.001)]))


class CountingBar(LevelBar):
    """Notes the size of every batch; fails when told."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.fail = False

    def step(self, streams: Sequence[Any], chunks: Sequence[Any]) -> list[BarPicture | None]:
        self.batches.append(len(streams))
        if self.fail:
            raise RuntimeError("out of memory")
        return super().step(streams, chunks)


def frames(steps: list[Step]) -> dict[int, int | None]:
    """Caller -> frame of its picture, None if it got none."""
    rendered = [one for step in steps for one in step.rendered]
    return {one.caller: one.frame if one.picture is not None else None for one in rendered}


def test_the_look_ahead_lies_between_a_picture_and_its_last_chunk() -> None:
    batches = new_batcher()
    for caller in (1, 2):
        batches.join(caller, LevelBar(lookahead=caller))
    got = []
    for number in range(4):
        for caller in (1, 2):
            batches.add(caller, number, SILENCE)
        got.append(frames(batches.step()))
    assert [one[1] for one in got] == [None, 0, 1, 2]
    assert [one[2] for one in got] == [None, None, 0, 1]


def test_chunks_of_many_callers_are_one_step_and_each_gets_one_at_a_time() -> None:
    bar, batches = CountingBar(), new_batcher()
    for caller in range(3):
        batches.join(caller, bar)
        batches.add(caller, 0, SILENCE)
    batches.add(2, 1, SILENCE)
    batches.step()
    assert batches.waiting
    batches.step()
    assert bar.batches == [3, 1]
    assert not batches.waiting


def test_callers_of_different_speakers_share_a_step() -> None:
    one, two, batches = CountingBar(), CountingBar(), new_batcher()
    batches.join(1, one)
    batches.join(2, two)
    batches.join(3, one)
    for caller in (1, 2, 3):
        batches.add(caller, 0, SILENCE)
    (step,) = batches.step()
    assert {one.caller for one in step.rendered} == {1, 2, 3}
    assert (one.batches, two.batches) == ([2], [1])


def test_a_chunk_that_was_skipped_does_not_shift_later_pictures() -> None:
    batches = new_batcher()
    batches.join(1, LevelBar())
    for number in (0, 1, 5):
        batches.add(1, number, SILENCE)
    batches.step()
    batches.step()
    assert frames(batches.step()) == {1: 3}


def test_a_failure_is_told_and_its_callers_begin_anew() -> None:
    bar, batches = CountingBar(), new_batcher()
    batches.join(1, bar)
    bar.fail = True
    batches.add(1, 0, SILENCE)
    assert [step.failed for step in batches.step()] == [True]
    bar.fail = False
    for number in range(1, 4):
        batches.add(1, number, SILENCE)
        last = batches.step()
    assert frames(last) == {1: 1}


def test_a_speaker_that_fails_does_not_stop_the_others_for_long() -> None:
    bad, good, batches = CountingBar(), CountingBar(), new_batcher()
    batches.join(1, bad)
    batches.join(2, good)
    bad.fail = True
    for number in range(4):
        for caller in (1, 2):
            batches.add(caller, number, SILENCE)
        steps = batches.step()
        failed = {one.caller: step.failed for step in steps for one in step.rendered}
        assert failed == {1: True, 2: number == 0}  # together at first, then each by itself
    assert frames(steps) == {1: None, 2: 1}


def test_a_caller_may_change_speakers_and_leave() -> None:
    batches = new_batcher()
    batches.join(1, LevelBar(90))
    batches.add(1, 0, SILENCE)
    batches.join(1, LevelBar(160))
    batches.step()
    for number in (1, 2):
        batches.add(1, number, SILENCE)
        picture = batches.step()[0].rendered[0].picture
    assert picture is not None
    assert picture.i420[0, 0] == 160
    batches.leave(1)
    batches.add(1, 3, SILENCE)
    assert not batches.waiting
