"""Pictures and voice in virtual time: one clock, the latest picture wins, no sound is dropped."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from prometheus_client import REGISTRY

from avatar.errors import AvatarError
from streaming.media.audio_input import AudioInput
from streaming.media.frame_buffer import FrameBuffer
from streaming.media.playout import VOICE_PACKET, Playout
from tests.streaming.support.stepped_clock import (
    DELAY,
    NotingSink,
    SteppedClock,
    pass_time,
    picture,
)
from tests.streaming.support.virtual_time import VirtualTime

START = 100.0


@dataclass
class Stage:
    playout: Playout
    sink: NotingSink
    pictures: FrameBuffer
    sound: AudioInput


@asynccontextmanager
async def presenting(
    time: VirtualTime, lead: float = 0.0, late: float = 0.0
) -> AsyncIterator[Stage]:
    """A running presenter; it joins `late` seconds after the clock's start."""
    clock = SteppedClock(time)
    pictures, sound, sink = FrameBuffer(), AudioInput(clock), NotingSink(time, lead=lead)
    clock.start(time.now)
    time.now += late
    playout = Playout(clock, pictures, sound, sink)
    task = asyncio.create_task(playout.run())
    yield Stage(playout, sink, pictures, sound)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_frames_are_shown_at_their_time(time: VirtualTime) -> None:
    async with presenting(time) as stage:
        for number in range(4):
            stage.pictures.put(number, picture(number))
        await pass_time(time, DELAY + 0.15)
    moments = [moment - START - DELAY for moment, *_ in stage.sink.pictures]
    np.testing.assert_allclose(moments, [0, 0.04, 0.08, 0.12], atol=1e-6)
    assert [(number, value) for _, number, value in stage.sink.pictures] == [
        (n, n) for n in range(4)
    ]
    assert (stage.playout.sent, stage.playout.late) == (4, 0)


async def test_a_late_picture_is_the_last_one_and_numbers_go_on(time: VirtualTime) -> None:
    async with presenting(time) as stage:
        stage.pictures.put(0, picture(0))
        await pass_time(time, DELAY + 0.06)
        stage.pictures.put(1, picture(1))
        stage.pictures.put(2, picture(2))
        await pass_time(time, 0.03)
    assert [shown[1:] for shown in stage.sink.pictures] == [(0, 0), (1, 0), (2, 2)]
    assert stage.playout.repeated == 1


async def test_nothing_leaves_before_the_clock_was_started(time: VirtualTime) -> None:
    clock, pictures, sink = SteppedClock(time), FrameBuffer(), NotingSink(time)
    pictures.put(0, picture(0))
    task = asyncio.create_task(Playout(clock, pictures, AudioInput(clock), sink).run())
    await pass_time(time, 1.0)
    assert not sink.pictures
    assert not sink.sound
    clock.start(time.now)
    await pass_time(time, DELAY + 0.01)
    assert sink.pictures[0][0] == pytest.approx(START + 1.0 + DELAY)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_operators_see_how_many_left_were_repeated_and_skipped(time: VirtualTime) -> None:
    before = counted()
    async with presenting(time) as stage:
        stage.pictures.put(0, picture(0))
        await pass_time(time, DELAY + 0.01)
        time.now += 1.0
        await pass_time(time, 0.02)
        playout = stage.playout
    assert counted() - before == pytest.approx(
        [playout.sent, playout.repeated, playout.skipped, playout.sent]
    )
    assert playout.repeated
    assert playout.skipped


async def test_a_voice_that_is_ahead_as_planned_counts_as_in_step(time: VirtualTime) -> None:
    before = skew()
    async with presenting(time, lead=0.1) as stage:
        stage.pictures.put(0, picture(0))
        await pass_time(time, DELAY + 0.2)
        assert stage.playout.sent >= 5
    assert skew() - before == pytest.approx(0, abs=1e-6)


def skew() -> float:
    return REGISTRY.get_sample_value("avatar_skew_seconds_sum") or 0.0


def counted() -> np.ndarray:
    names = [
        ("avatar_pictures_total", {}),
        ("avatar_pictures_late_total", {"how": "repeated"}),
        ("avatar_pictures_late_total", {"how": "skipped"}),
        ("avatar_skew_seconds_count", {}),
    ]
    return np.array([REGISTRY.get_sample_value(name, labels) or 0.0 for name, labels in names])


async def test_a_busy_sink_skips_frames_and_is_then_shown_the_latest(time: VirtualTime) -> None:
    async with presenting(time) as stage:
        for number in range(4):
            stage.pictures.put(number, picture(number))
        await pass_time(time, DELAY + 0.01)
        stage.sink.busy = True
        await pass_time(time, 0.1)
        stage.sink.busy = False
        await pass_time(time, 0.02)
    # The presenter may already have been waiting for frame 1 when the sink became busy.
    assert [number for _, number, _ in stage.sink.pictures] in ([0, 1, 2, 3], [0, 1, 3])
    assert stage.playout.skipped == 4 - len(stage.sink.pictures)


async def test_after_a_hold_up_the_face_jumps_to_now_but_no_sound_is_dropped(
    time: VirtualTime,
) -> None:
    async with presenting(time) as stage:
        stage.pictures.put(0, picture(0))
        await pass_time(time, DELAY + 0.01)
        time.now += 1.0
        await pass_time(time, 0.05)
    assert [number for _, number, _ in stage.sink.pictures][:3] == [0, 1, 25]
    assert stage.playout.skipped == 23
    assert [start for _, start, _ in stage.sink.sound] == [
        n * VOICE_PACKET for n in range(len(stage.sink.sound))
    ]
    assert len(stage.sink.sound) >= 50


@pytest.mark.parametrize("lead", [0.0, 0.04, 0.1])
async def test_the_voice_comes_ahead_of_its_face_by_the_lead(
    time: VirtualTime, lead: float
) -> None:
    async with presenting(time, lead) as stage:
        await pass_time(time, 0.5)
    for moment, start, _ in stage.sink.sound:
        assert moment - START == pytest.approx(start / 48_000 + DELAY - lead, abs=1e-6)


async def test_the_voice_is_the_sound_that_came_in(time: VirtualTime) -> None:
    samples = np.linspace(-0.9, 0.9, VOICE_PACKET, dtype=np.float32)
    async with presenting(time) as stage:
        time.now += 0.019
        stage.sound.push(samples, 5000)
        await pass_time(time, DELAY + 0.05)
    np.testing.assert_array_equal(stage.sink.sound[0][2], samples)


async def test_who_joins_late_begins_with_now(time: VirtualTime) -> None:
    async with presenting(time, late=DELAY + 9.98) as stage:
        stage.pictures.put(249, picture(9))
        await pass_time(time, 0.1)
    assert stage.sink.pictures[0][1] == 249
    assert stage.sink.sound[0][1] == 500 * VOICE_PACKET
    assert stage.playout.skipped == 0


async def test_a_sink_that_fails_ends_its_playout_in_words(time: VirtualTime) -> None:
    class Broken(NotingSink):
        async def ready(self) -> None:
            raise AvatarError("the camera is gone")

    clock = SteppedClock(time)
    clock.start(time.now)
    playout = Playout(clock, FrameBuffer(), AudioInput(clock), Broken(time))
    with pytest.raises(AvatarError, match="the camera is gone"):
        await asyncio.wait_for(playout.run(), 1)
