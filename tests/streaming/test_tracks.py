"""The two tracks in virtual time: pts from the sample index, one start, latest picture wins."""

import asyncio

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from streaming.audio_input import AudioInput
from streaming.clock import VOICE_PER_FRAME, SessionClock
from streaming.pictures import Pictures
from streaming.renderer import I420
from streaming.tracks import VOICE_LEAD, VOICE_PACKET, FaceTrack, VoiceTrack
from tests.streaming.conftest import VirtualTime

DELAY = 0.15


class SteppedClock(SessionClock):
    """Sleeping moves the virtual time to where it would have ended."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__(DELAY, time)
        self._time = time

    async def sleep_until(self, moment: float) -> None:
        self._time.now = max(self._time.now, moment)
        await asyncio.sleep(0)


def picture(value: int) -> I420:
    return np.full((96, 64), value, np.uint8)


@pytest.fixture
def clock(time: VirtualTime) -> SteppedClock:
    return SteppedClock(time)


async def test_frames_leave_at_their_time_with_pts_from_the_sample_index(
    clock: SteppedClock, time: VirtualTime
) -> None:
    pictures = Pictures()
    face = FaceTrack(clock, pictures)
    clock.start(time.now)
    for number in range(4):
        pictures.put(number, picture(number))
        frame = await face.recv()
        assert frame.pts == number * 3600
        assert time.now == pytest.approx(100 + number * 0.04 + DELAY)
        assert frame.to_ndarray()[0, 0] == number
        assert frame.format.name == "yuv420p"
    assert (face.sent, face.repeated, face.skipped) == (4, 0, 0)


async def test_a_late_picture_is_the_last_one_and_pts_go_on(
    clock: SteppedClock, time: VirtualTime
) -> None:
    pictures = Pictures()
    face = FaceTrack(clock, pictures)
    clock.start(time.now)
    pictures.put(0, picture(0))
    frames = [await face.recv(), await face.recv()]
    pictures.put(1, picture(1))
    pictures.put(2, picture(2))
    frames.append(await face.recv())
    assert [frame.pts // 3600 for frame in frames] == [0, 1, 2]
    assert [int(frame.to_ndarray()[0, 0]) for frame in frames] == [0, 0, 2]
    assert face.repeated == 1


async def test_pictures_that_come_early_wait_for_their_frame(
    clock: SteppedClock, time: VirtualTime
) -> None:
    pictures = Pictures()
    face = FaceTrack(clock, pictures)
    clock.start(time.now)
    for number in range(3):
        pictures.put(number, picture(number))
    assert [int((await face.recv()).to_ndarray()[0, 0]) for _ in range(3)] == [0, 1, 2]


async def test_after_a_hold_up_the_face_jumps_to_now_but_no_sound_is_dropped(
    clock: SteppedClock, time: VirtualTime
) -> None:
    pictures = Pictures()
    sound = AudioInput(clock)
    face, voice = FaceTrack(clock, pictures), VoiceTrack(clock, sound)
    clock.start(time.now)
    pictures.put(0, picture(0))
    await face.recv()
    await voice.recv()
    time.now += 1.0
    assert (await face.recv()).pts == 25 * 3600
    assert face.skipped == 24
    assert [(await voice.recv()).pts for _ in range(3)] == [960, 1920, 2880]


async def test_the_voice_leaves_ahead_of_its_face_by_the_same_time_throughout(
    clock: SteppedClock, time: VirtualTime
) -> None:
    pictures = Pictures()
    face, voice = FaceTrack(clock, pictures), VoiceTrack(clock, AudioInput(clock))
    clock.start(time.now)
    left: dict[str, dict[float, float]] = {"face": {}, "voice": {}}
    for number in range(5):
        pictures.put(number, picture(number))
        frame = await face.recv()
        left["face"][float(frame.pts * frame.time_base)] = time.now
    time.now = 100.0
    for _ in range(10):
        sound = await voice.recv()
        left["voice"][float(sound.pts * sound.time_base)] = time.now
    for media, moment in left["face"].items():
        assert left["voice"][media] == pytest.approx(moment - VOICE_LEAD)


async def test_the_voice_is_the_sound_that_came_in(clock: SteppedClock, time: VirtualTime) -> None:
    sound = AudioInput(clock)
    voice = VoiceTrack(clock, sound)
    clock.start(time.now)
    time.now += 0.02
    samples = np.linspace(-0.9, 0.9, VOICE_PACKET, dtype=np.float32)
    sound.place(samples, 5000)
    frame = await voice.recv()
    np.testing.assert_allclose(frame.to_ndarray()[0] / 32768, samples, atol=1e-4)
    assert frame.sample_rate == 48_000
    assert VOICE_PER_FRAME == 2 * VOICE_PACKET


async def test_nothing_leaves_before_the_start_and_a_stopped_track_ends(
    clock: SteppedClock, time: VirtualTime
) -> None:
    face = FaceTrack(clock, Pictures())
    waiting = asyncio.create_task(face.recv())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    face.stop()
    clock.start(time.now)
    with pytest.raises(MediaStreamError):
        await asyncio.wait_for(waiting, 1)
