"""Why a picture was late, in virtual time: each stage in turn is slow, and is found to be."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from streaming.media.audio_input import AudioInput
from streaming.media.clock import VOICE_PER_FRAME
from streaming.media.frame_buffer import FrameBuffer
from streaming.media.playout import Playout
from streaming.media.trace import TRACES_KEPT, FrameTraces
from tests.streaming.support.stepped_clock import (
    NotingSink,
    SteppedClock,
    pass_time,
    picture,
)
from tests.streaming.support.virtual_time import VirtualTime

MARGIN = 0.03  # seconds between the last sound a picture needs and its leaving
FRAME = 0.04


class Stage:
    """A playout whose pictures the test brings, stage by stage."""

    def __init__(self, time: VirtualTime) -> None:
        self.time = time
        self.clock = SteppedClock(time)
        self.traces = FrameTraces(self.clock, 2)
        self.pictures, self.sink = FrameBuffer(), NotingSink(time)
        self.clock.start(time.now)
        sound = AudioInput(self.clock)
        self.playout = Playout(self.clock, self.pictures, sound, self.sink, self.traces)

    def heard(self, number: int) -> None:
        self.traces.sound_complete(number)

    def drawn(self, number: int) -> None:
        self.heard(number)
        self.traces.submitted(number)
        self.traces.rendered(number)
        self.pictures.put(number, picture(number))

    async def until_frame(self, number: int, more: float = 0.0) -> None:
        """Let time pass until frame `number` is due."""
        due = self.clock.present(number * VOICE_PER_FRAME) + more
        await pass_time(self.time, due - self.time.now, step=0.005)

    def late(self) -> list[tuple[int, str, str | None]]:
        return [
            (trace.number, trace.fate, trace.late) for trace in self.traces.recent() if trace.late
        ]


@asynccontextmanager
async def running(time: VirtualTime) -> AsyncIterator[Stage]:
    """Frame 0 is on time."""
    stage = Stage(time)
    task = asyncio.create_task(stage.playout.run())
    await stage.until_frame(0, -MARGIN)
    stage.drawn(0)
    await stage.until_frame(0, 0.01)
    yield stage
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def blamed(stage: str) -> float:
    return REGISTRY.get_sample_value("avatar_pictures_late_stage_total", {"stage": stage}) or 0.0


async def test_a_frame_on_time_is_late_nowhere(time: VirtualTime) -> None:
    async with running(time) as stage:
        (trace,) = [one for one in stage.traces.recent() if one.fate]
    assert (trace.number, trace.fate, trace.late) == (0, "shown", None)
    assert trace.after_due(trace.rendered) == pytest.approx(0, abs=6)
    assert trace.after_due(trace.shown) == pytest.approx(MARGIN * 1000, abs=6)


async def test_a_picture_that_is_being_drawn_when_it_is_due_was_late_in_rendering(
    time: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    before = blamed("render")
    caplog.set_level(logging.DEBUG, "streaming.media.trace")
    async with running(time) as stage:
        await stage.until_frame(1, -MARGIN)
        stage.heard(1)
        stage.traces.submitted(1)
        await stage.until_frame(1, 0.01)
        assert stage.late() == [(1, "repeated", "render")]
    assert blamed("render") == before + 1
    (line,) = caplog.messages
    assert line.startswith("frame 1 repeated, late: render")
    assert "rendered -" in line


async def test_a_picture_that_the_renderer_gave_up_was_late_in_its_queue(
    time: VirtualTime,
) -> None:
    async with running(time) as stage:
        await stage.until_frame(1, -MARGIN)
        stage.heard(1)
        stage.traces.submitted(1)
        await stage.until_frame(1, -0.015)
        stage.traces.given_up(1)
        await stage.until_frame(1, 0.01)
        assert stage.late() == [(1, "repeated", "queue")]


@pytest.mark.parametrize("taken_up", [True, False])
async def test_sound_that_is_taken_up_too_late_shows_that_the_event_loop_was(
    time: VirtualTime, taken_up: bool
) -> None:
    async with running(time) as stage:
        await stage.until_frame(1, -0.005)
        if taken_up:
            stage.drawn(2)
            stage.heard(1)
        await stage.until_frame(1, 0.01)
        assert stage.late() == [(1, "repeated", "event_loop")]


async def test_frames_that_pass_while_the_sink_is_busy_were_late_in_coding(
    time: VirtualTime,
) -> None:
    async with running(time) as stage:
        for number in (1, 2, 3):
            stage.heard(number)
        stage.sink.busy = True
        await stage.until_frame(3, 0.005)
        stage.sink.busy = False
        stage.drawn(3)
        await stage.until_frame(3, 0.03)
        skipped = [(number, stage) for number, fate, stage in stage.late() if fate == "skipped"]
    assert skipped
    assert {stage for _, stage in skipped} == {"encode"}


async def test_an_event_loop_that_was_held_up_is_to_blame_for_all_of_it(
    time: VirtualTime,
) -> None:
    async with running(time) as stage:
        for number in range(1, 5):
            stage.drawn(number)
        time.now += 4 * FRAME
        await pass_time(time, 0.02, step=0.005)
        late = stage.late()
    assert [fate for _, fate, _ in late] == ["skipped"] * len(late)
    assert len(late) >= 2
    assert {stage for *_, stage in late} == {"event_loop"}


async def test_a_hold_up_is_to_blame_for_its_own_frame_only(time: VirtualTime) -> None:
    async with running(time) as stage:
        time.now += FRAME + 0.02
        for number in (2, 3):
            stage.drawn(number)
            await stage.until_frame(number, 0.01)
        stage.heard(4)
        stage.traces.submitted(4)
        await stage.until_frame(4, 0.01)
        assert stage.late()[0] == (1, "repeated", "event_loop")
        assert stage.late()[-1] == (4, "repeated", "render")


def test_the_ring_holds_ten_seconds_and_forgets_what_is_older(time: VirtualTime) -> None:
    traces = FrameTraces(SteppedClock(time), 2)
    for number in range(-2, TRACES_KEPT + 3):
        traces.submitted(number)
    traces.encoded(0)
    numbers = [trace.number for trace in traces.recent()]
    assert numbers == list(range(3, TRACES_KEPT + 3))


def test_times_are_counted_from_when_the_sound_was_due(time: VirtualTime) -> None:
    traces = FrameTraces(SteppedClock(time), 2)
    trace = traces.frame(7)
    assert trace.after_due(trace.sound_complete) is None
    time.now = trace.sound_due + 0.02
    traces.sound_complete(7)
    assert trace.after_due(trace.sound_complete) == pytest.approx(20)
    assert trace.after_due(trace.planned) == pytest.approx(MARGIN * 1000)
