"""Pushed speech in virtual time: soon heard, soon silent, never apart from its lips."""

import numpy as np
import pytest

from avatar.errors import AvatarError
from streaming.media.clock import VOICE_PER_FRAME, VOICE_RATE
from streaming.media.speech_queue import SpeechFinished, SpeechRefusedError, SpeechStarted
from streaming.webrtc.peer_sink import VOICE_LEAD
from tests.sounds import tone
from tests.streaming.support.pushed_stage import BUDGET, RATE, REST, performing, pushing, speech
from tests.streaming.support.stepped_clock import pass_time
from tests.streaming.support.virtual_time import VirtualTime

FRAME = 0.04
STEP = 0.01  # seconds by which the tests move the time
LEADS = pytest.mark.parametrize("lead", [0.0, 0.04])
STEEPEST = 2 * np.pi * 200 / VOICE_RATE * 12_000 / 32_768  # of the tone, a sample


@pytest.mark.parametrize("lookahead", [1, 2])
@pytest.mark.parametrize("moment", [0.0, 0.01, 0.02, 0.03])
async def test_the_first_speaking_picture_leaves_soon_after_the_push(
    time: VirtualTime, moment: float, lookahead: int
) -> None:
    async with pushing(time, lookahead=lookahead) as (stage, queue):
        await pass_time(time, 1.0 + moment)
        pushed = time.now
        queue.push(speech(0.24), RATE)
        await pass_time(time, 0.5)
        first = stage.opened_at()[0]
    ahead = lookahead * FRAME
    assert first - pushed <= ahead + FRAME + BUDGET + STEP
    assert first - pushed >= ahead + BUDGET - STEP


@pytest.mark.parametrize("lookahead", [1, 2])
async def test_voice_and_lips_begin_and_end_together(time: VirtualTime, lookahead: int) -> None:
    async with pushing(time, VOICE_LEAD, lookahead) as (stage, queue):
        await pass_time(time, 0.5)
        queue.push(speech(0.4), RATE)
        queue.end_segment()
        await pass_time(time, 1.0)
        begin, end = stage.sounding()
        frames = stage.open_frames()
    assert begin == pytest.approx(frames[0] * FRAME, abs=0.001)
    assert end - begin == pytest.approx(0.4, abs=0.001)
    assert frames == list(range(frames[0], frames[0] + len(frames)))
    assert len(frames) in (10, 11), "the filter's 0.65 ms may reach one further"


@pytest.mark.parametrize("lookahead", [1, 2])
async def test_lips_wait_for_their_look_ahead_or_for_the_end_of_the_segment(
    time: VirtualTime, lookahead: int
) -> None:
    async with pushing(time, lookahead=lookahead) as (stage, queue):
        seconds = lookahead * FRAME + 0.02
        queue.push(speech(seconds), RATE)
        await pass_time(time, 1.0)
        assert not stage.heard().any()
        queue.end_segment()
        await pass_time(time, 0.4)
        begin, end = stage.sounding()
    assert end - begin == pytest.approx(seconds, abs=0.005)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
async def test_speech_of_any_rate_keeps_its_pitch_and_its_length(
    time: VirtualTime, rate: int
) -> None:
    async with pushing(time) as (stage, queue):
        pcm = speech(1.0, rate)
        for start in range(0, len(pcm), 1000):
            queue.push(pcm[start : start + 1000], rate)
        queue.end_segment()
        await pass_time(time, 1.5)
        heard = stage.heard()
    begin, end = stage.sounding()
    assert end - begin == pytest.approx(1.0, abs=0.005)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) / len(heard) * VOICE_RATE == pytest.approx(200, abs=3)


@LEADS
async def test_speech_that_runs_dry_stops_with_its_lips_and_goes_on_with_them(
    time: VirtualTime, lead: float
) -> None:
    async with pushing(time, lead) as (stage, queue):
        await pass_time(time, 0.2)
        queue.push(speech(0.3), RATE)
        await pass_time(time, 1.0)
        first = stage.open_frames()
        queue.push(speech(0.3), RATE)
        queue.end_segment()
        await pass_time(time, 1.0)
        heard, frames = stage.heard(), stage.open_frames()
        events = [event for _, event in stage.events]
    assert len(first) in (7, 8)
    assert len(frames) in (15, 16, 17)
    loud = np.abs(heard).reshape(-1, VOICE_PER_FRAME // 2).max(axis=1) > 0.05
    sounding = {packet // 2 for packet in np.flatnonzero(loud)}
    assert sounding <= set(frames), "no voice without its lips"
    assert len(set(frames) - sounding) <= 2
    assert np.abs(np.diff(heard)).max() <= 2 * STEEPEST, "nothing clicks"
    assert events == [SpeechStarted(0), SpeechFinished(0, pytest.approx(0.6, abs=0.001))]


async def test_nothing_of_speech_that_comes_in_real_time_is_lost(time: VirtualTime) -> None:
    pcm = speech(2.0)
    async with pushing(time) as (stage, queue):
        for start in range(0, len(pcm), 960):  # 20 ms
            queue.push(pcm[start : start + 960], RATE)
            await pass_time(time, 0.02)
        queue.end_segment()
        await pass_time(time, 0.5)
        begin, end = stage.sounding()
    assert end - begin == pytest.approx(2.0, abs=0.005), "without a pause in it"


@LEADS
@pytest.mark.parametrize("moment", [0.0, 0.01, 0.02, 0.03])
async def test_clearing_silences_the_voice_at_once_without_a_click(
    time: VirtualTime, lead: float, moment: float
) -> None:
    async with pushing(time, lead) as (stage, queue):
        await pass_time(time, 0.2)
        queue.push(speech(5.0), RATE)
        await pass_time(time, 1.0 + moment)
        queue.clear()
        cleared = time.now
        await pass_time(time, 1.0)
        heard, lips = stage.heard(), stage.opened_at()
        last = next(
            at for at, _, voice in reversed(stage.sink.sound) if np.abs(voice).max() > 0.001
        )
        end = stage.events[-1][1]
    assert last - cleared <= 0.02 + STEP / 10, "the last piece with sound in it"
    assert np.abs(np.diff(heard)).max() <= 2 * STEEPEST
    assert lips[-1] - cleared <= 0.120 + BUDGET
    assert isinstance(end, SpeechFinished)
    assert end.end == "interrupted"
    begin, stop = stage.sounding()
    assert end.position == pytest.approx(stop - begin, abs=0.011), "what was really heard"


async def test_the_face_goes_on_without_a_jump_when_speech_is_cleared(time: VirtualTime) -> None:
    async with pushing(time) as (stage, queue):
        queue.push(speech(5.0), RATE)
        await pass_time(time, 1.0)
        queue.clear()
        await pass_time(time, 1.0)
        numbers = [number for _, number, _ in stage.sink.pictures]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert stage.sink.pictures[-1][2] == REST


async def test_what_was_cleared_is_never_heard_and_late_speech_of_before_is_dropped(
    time: VirtualTime,
) -> None:
    async with pushing(time) as (stage, queue):
        before = queue.generation
        queue.push(speech(1.0), RATE, before)
        queue.clear()
        queue.push(speech(1.0), RATE, before)
        queue.end_segment(before)
        await pass_time(time, 1.0)
        assert not stage.heard().any()
        queue.push(speech(0.3, hertz=400), RATE, queue.generation)
        queue.end_segment(queue.generation)
        await pass_time(time, 1.0)
        begin, end = stage.sounding()
        events = [event for _, event in stage.events]
    assert end - begin == pytest.approx(0.3, abs=0.005)
    assert events == [
        SpeechFinished(0, 0.0, "interrupted"),
        SpeechStarted(1),
        SpeechFinished(1, pytest.approx(0.3, abs=0.001)),
    ]


@pytest.mark.parametrize("moment", [0.17, 0.25, 0.5, 0.94, 1.05, 1.15])
async def test_speech_that_pauses_is_silent_at_once_and_goes_on_where_it_was(
    time: VirtualTime, moment: float
) -> None:
    async with pushing(time) as (stage, queue):
        queue.push(speech(0.8), RATE)
        queue.end_segment()
        queue.push(speech(0.3, hertz=400), RATE)
        queue.end_segment()
        await pass_time(time, moment)
        paused = round((time.now - stage.begun) * VOICE_RATE)
        queue.pause()
        await pass_time(time, 0.5)
        quiet = stage.heard()[max(0, paused + round(0.03 * VOICE_RATE)) :]
        assert not np.abs(quiet).max(initial=0.0) > 0.001
        queue.resume()
        await pass_time(time, 1.5)
        loud = np.abs(stage.heard()) > 0.001
        events = [event for _, event in stage.events]
    assert loud.sum() / VOICE_RATE == pytest.approx(1.1, abs=0.03)
    assert np.abs(np.diff(stage.heard())).max() <= 4 * STEEPEST
    assert events == [
        SpeechStarted(0),
        SpeechFinished(0, pytest.approx(0.8, abs=0.001)),
        SpeechStarted(1),
        SpeechFinished(1, pytest.approx(0.3, abs=0.001)),
    ]


async def test_reports_come_when_the_sound_leaves(time: VirtualTime) -> None:
    async with pushing(time) as (stage, queue):
        await pass_time(time, 0.3)
        queue.push(speech(0.4), RATE)
        queue.end_segment()
        queue.push(speech(0.2), RATE)
        queue.end_segment()
        await pass_time(time, 0.3)
        assert 0.05 < queue.position < 0.3
        await pass_time(time, 1.0)
        begin, end = stage.sounding()
        (started, _), (finished, first), _, (last, _) = stage.events
        assert not queue.speaking
    assert started - stage.begun == pytest.approx(begin, abs=STEP + 0.001)
    assert finished - started == pytest.approx(0.4, abs=STEP + 0.001)
    assert first == SpeechFinished(0, pytest.approx(0.4, abs=0.001))
    assert last - stage.begun == pytest.approx(end, abs=STEP + 0.001)


async def test_a_segment_that_ends_after_it_ran_dry_is_finished_at_once(time: VirtualTime) -> None:
    async with pushing(time) as (stage, queue):
        queue.push(speech(0.32, VOICE_RATE), VOICE_RATE)
        await pass_time(time, 1.0)
        queue.end_segment()
        await pass_time(time, 0.02)
        assert stage.events[-1][1] == SpeechFinished(0, pytest.approx(0.32))


async def test_half_a_segment_and_then_nothing_is_given_up(time: VirtualTime) -> None:
    async with pushing(time) as (stage, queue):
        queue.push(speech(0.3), RATE)
        await pass_time(time, 4.9)
        assert queue.speaking
        await pass_time(time, 1.0)
        events = [event for _, event in stage.events]
        assert not queue.speaking
        queue.push(speech(0.2), RATE)
        queue.end_segment()
        await pass_time(time, 1.0)
        later = [event for _, event in stage.events[len(events) :]]
    assert events[-1] == SpeechFinished(0, pytest.approx(0.3, abs=0.001), "abandoned")
    assert later == [SpeechStarted(1), SpeechFinished(1, pytest.approx(0.2, abs=0.001))]


@pytest.mark.parametrize(
    ("pcm", "rate", "said"),
    [
        (b"\0\0", 4_000, "a sample rate of 4000 Hz"),
        (b"\0\0", 1_000_000, "a sample rate of 1000000 Hz"),
        (b"\0\0\0", RATE, "3 bytes are no 16-bit sound"),
        (bytes(61 * 2 * RATE), RATE, "60 s of speech wait"),
    ],
)
async def test_speech_that_cannot_be_taken_is_refused_in_words(
    time: VirtualTime, pcm: bytes, rate: int, said: str
) -> None:
    async with pushing(time) as (stage, queue):
        queue.push(speech(0.4), RATE)
        with pytest.raises(SpeechRefusedError, match=said):
            queue.push(pcm, rate)
        queue.end_segment()
        await pass_time(time, 1.0)
        begin, end = stage.sounding()
    assert end - begin == pytest.approx(0.4, abs=0.005), "the rest is spoken all the same"


async def test_only_one_may_push_at_a_time(time: VirtualTime) -> None:
    async with performing(time) as stage:
        async with stage.stream.pushed_speech(stage.note):
            with pytest.raises(AvatarError, match="somebody else speaks"):
                async with stage.stream.pushed_speech(stage.note):
                    pass
        async with stage.stream.pushed_speech(stage.note) as queue:
            queue.push(speech(0.4), RATE)
            await pass_time(time, 1.0)
            assert stage.heard().any()


async def test_the_microphone_speaks_before_and_after_without_a_click(time: VirtualTime) -> None:
    hum = tone(0.02, VOICE_RATE, hertz=100, level=0.3)
    async with performing(time) as stage:

        async def hear(seconds: float) -> None:
            for _ in range(round(seconds * 50)):
                await pass_time(time, 0.02)
                start = round((time.now - 100) * VOICE_RATE) - 960
                stage.stream.sound.push(hum, start)

        await hear(1.0)
        async with stage.stream.pushed_speech(stage.note) as queue:
            await hear(0.5)
            queue.push(speech(0.5), RATE)
            queue.end_segment()
            await hear(1.0)
        await hear(1.0)
        heard = stage.heard()
    loud = np.abs(heard[: len(heard) // 4800 * 4800]).reshape(-1, 4800).max(axis=1) > 0.1
    assert loud[2:8].all()
    assert not loud[11:13].any(), "the microphone is not heard while somebody pushes"
    assert loud[15:18].all()
    assert loud[-5:].all()
    assert np.abs(np.diff(heard)).max() <= 2 * STEEPEST
    assert stage.stream.sound.concealed == 0


async def test_two_minutes_of_segments_and_interruptions_keep_step(time: VirtualTime) -> None:
    async with pushing(time, lead=0.04) as (stage, queue):
        for turn in range(40):
            queue.push(speech(2.0), RATE)
            queue.end_segment()
            await pass_time(time, 3.0 if turn % 2 else 1.0, step=0.02)
            if turn % 2 == 0:
                queue.clear()
                await pass_time(time, 2.0, step=0.02)
        heard, frames = stage.heard(), stage.open_frames()
        ends = [event.end for _, event in stage.events if isinstance(event, SpeechFinished)]
    assert ends == ["interrupted", "complete"] * 20
    loud = np.abs(heard).reshape(-1, VOICE_PER_FRAME).max(axis=1) > 0.05
    open_frames = np.zeros(len(loud), bool)
    open_frames[frames] = True
    begins = np.flatnonzero(np.diff(loud.astype(int)) == 1)
    np.testing.assert_array_equal(begins, np.flatnonzero(np.diff(open_frames.astype(int)) == 1))
    assert len(begins) == 40 - loud[0]
    assert queue.waiting == 0
    assert not queue.speaking
