"""The caller's sound by its time stamps: places, gaps, drift, changed paths."""

import asyncio
from fractions import Fraction

import av
import numpy as np
import pytest

from avatar.audio import SAMPLE_RATE, SAMPLES_PER_FRAME
from streaming.media.audio_input import SETTLING_PACKETS, AudioInput, Samples
from streaming.media.clock import VOICE_PER_FRAME, VOICE_RATE, SessionClock
from tests.sounds import PITCH, sine
from tests.streaming.support.virtual_time import VirtualTime

PACKET = 960


def spoken(start: int, count: int, hertz: float = PITCH) -> Samples:
    """A tone at positions [start, start + count)."""
    return sine(np.arange(start, start + count), VOICE_RATE, hertz)


class Caller:
    """Sends a tone in packets of 20 ms; position 0 is the end of the settling packets."""

    def __init__(self, time: VirtualTime, stamp: int = 123_456, path: float = 0.0) -> None:
        self.time, self.path = time, path
        self.clock = SessionClock(0.15, time)
        self.sound = AudioInput(self.clock)
        self._stamp = stamp
        self._sent = 0
        self._begun = time.now

    def send(self, packets: int, lost: tuple[int, ...] = ()) -> None:
        for number in range(packets):
            self._sent += 1
            self.time.now = self._begun + self._sent * PACKET / VOICE_RATE + self.path
            if number not in lost:
                start = (self._sent - 1) * PACKET
                position = start - SETTLING_PACKETS * PACKET
                self.sound.push(spoken(position, PACKET), self._stamp + start)


@pytest.fixture
def caller(time: VirtualTime) -> Caller:
    caller = Caller(time)
    caller.send(SETTLING_PACKETS)
    return caller


def test_the_clock_starts_with_the_sound_and_packets_end_where_frames_end(caller: Caller) -> None:
    assert caller.clock.started
    assert caller.clock.capture(0) == pytest.approx(caller.time.now)
    caller.send(2)
    assert caller.clock.position() == pytest.approx(VOICE_PER_FRAME)


def test_a_late_first_packet_does_not_make_the_whole_call_late(time: VirtualTime) -> None:
    caller = Caller(time, path=0.08)
    caller.send(1)
    caller.path = 0.0
    caller.send(SETTLING_PACKETS - 1)
    assert caller.clock.capture(0) == pytest.approx(time.now)


def test_the_voice_is_given_back_sample_by_sample(caller: Caller) -> None:
    caller.send(10)
    np.testing.assert_array_equal(caller.sound.voice(960, 4 * PACKET), spoken(960, 4 * PACKET))


def test_chunks_hold_the_same_sound_at_16_khz(caller: Caller) -> None:
    caller.send(20)
    chunks = np.concatenate([caller.sound.chunk(number) for number in range(10)])
    assert len(chunks) == 10 * SAMPLES_PER_FRAME
    filter_delay = 31  # samples of 48 kHz: half the filter
    place = np.arange(len(chunks)) * 3 + 2 - filter_delay
    assert np.abs(chunks - sine(place, VOICE_RATE))[SAMPLES_PER_FRAME:].max() < 0.01
    assert caller.sound.concealed == 0


def test_nothing_above_8_khz_is_folded_into_the_speech(time: VirtualTime) -> None:
    clock = SessionClock(0.15, time)
    clock.start(time.now)
    sound = AudioInput(clock)
    for number in range(10):
        time.now += 0.02
        sound.push(spoken(number * PACKET, PACKET, hertz=11_000), number * PACKET)
    assert max(np.abs(sound.chunk(number)).max() for number in range(1, 4)) < 0.005


def test_stereo_pcm_of_the_decoder_becomes_mono(time: VirtualTime) -> None:
    clock = SessionClock(0.15, time)
    clock.start(time.now)
    sound = AudioInput(clock)
    pcm = np.tile(np.array([[8000, 16000]], np.int16), (PACKET, 1)).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = VOICE_RATE, 0, Fraction(1, VOICE_RATE)
    time.now += 0.02
    sound.feed(frame)
    np.testing.assert_allclose(sound.voice(0, PACKET), 12000 / 32768)


def test_a_lost_packet_is_concealed_and_the_rest_keeps_its_place(caller: Caller) -> None:
    caller.send(10, lost=(4,))
    hole = caller.sound.voice(4 * PACKET, PACKET)
    true = spoken(4 * PACKET, PACKET)
    assert np.abs(hole - true).mean() < 0.5 * np.abs(true).mean(), "the pitch goes on"
    np.testing.assert_array_equal(
        caller.sound.voice(5 * PACKET, PACKET), spoken(5 * PACKET, PACKET)
    )


def test_a_long_gap_fades_to_silence(caller: Caller) -> None:
    caller.send(40, lost=tuple(range(10, 30)))
    assert not caller.sound.voice(15 * PACKET, 10 * PACKET).any()
    np.testing.assert_array_equal(
        caller.sound.voice(30 * PACKET, PACKET), spoken(30 * PACKET, PACKET)
    )


def test_chunks_go_on_when_packets_pause(caller: Caller) -> None:
    caller.send(10)
    chunks = [caller.sound.chunk(number) for number in range(15)]
    assert not chunks[-1].any()
    assert caller.sound.concealed == 10 * VOICE_PER_FRAME
    caller.send(30, lost=tuple(range(20)))
    np.testing.assert_array_equal(
        caller.sound.voice(32 * PACKET, PACKET), spoken(32 * PACKET, PACKET)
    )


async def test_waiting_ends_with_the_last_packet_of_the_frame(caller: Caller) -> None:
    caller.send(4)
    await caller.sound.wait_for_frame(1, until=caller.time.now + 60)
    waiting = asyncio.create_task(caller.sound.wait_for_frame(2, until=caller.time.now + 60))
    for _ in range(2):
        await asyncio.sleep(0)
        assert not waiting.done()
        caller.send(1)
    await waiting


async def test_waiting_for_sound_that_does_not_come_ends_in_time(caller: Caller) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await caller.sound.wait_for_frame(2, until=caller.time.now + 0.02)
    assert loop.time() - begun > 0.015


def test_a_source_that_runs_fast_is_followed_without_a_gap(time: VirtualTime) -> None:
    caller = Caller(time)
    caller.send(SETTLING_PACKETS)
    for _ in range(600 * 50 // 10):  # ten minutes at 100 ppm
        caller.path -= 0.2 * 100e-6
        caller.send(10)
    late = caller.clock.capture(caller.sound._received) - time.now
    assert abs(late) < 0.006
    assert caller.sound.concealed == 0


def test_a_slower_path_moves_the_sound_so_that_chunks_are_whole_again(caller: Caller) -> None:
    caller.send(100)
    caller.path = 0.2
    caller.send(150)
    lead = caller.clock.capture(caller.sound._received) - caller.time.now
    assert -0.01 <= lead <= 0.03


def test_after_an_outage_the_delay_is_what_it_was(caller: Caller) -> None:
    caller.send(100)
    caller.send(100, lost=tuple(range(100)))
    caller.sound.voice(199 * PACKET, PACKET)
    caller.send(100)
    lead = caller.clock.capture(caller.sound._received) - caller.time.now
    assert lead == pytest.approx(0, abs=0.004)


def test_a_sender_that_counts_anew_is_taken_up_again(caller: Caller) -> None:
    caller.send(50)
    caller._stamp += 48_000 * 3600
    caller.send(200)
    lead = caller.clock.capture(caller.sound._received) - caller.time.now
    assert abs(lead) < 0.03


def test_memory_is_constant(caller: Caller) -> None:
    size = len(caller.sound._ring)
    caller.send(2000)
    assert len(caller.sound._ring) == size
    assert caller.sound.chunk(0).shape == (SAMPLES_PER_FRAME,)
    assert SAMPLE_RATE // 25 == SAMPLES_PER_FRAME


def test_stereo_out_of_phase_is_heard(caller: Caller) -> None:
    for number in range(25):
        left = (16_000 * spoken(number * PACKET, PACKET)).astype(np.int16)
        interleaved = np.stack([left, -left], axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout="stereo")
        frame.sample_rate, frame.time_base = VOICE_RATE, Fraction(1, VOICE_RATE)
        frame.pts = 123_456 + (SETTLING_PACKETS + number) * PACKET
        caller.time.now += PACKET / VOICE_RATE
        caller.sound.feed(frame)
    heard = caller.sound.voice(10 * PACKET, 10 * PACKET)
    expected = 16_000 / 32_768 * spoken(10 * PACKET, 10 * PACKET)
    np.testing.assert_allclose(heard, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("packet_ms", "later_ms"), [(10, 0), (20, 0), (30, 20), (40, 0), (60, 40), (120, 80)]
)
def test_packets_of_any_length_are_heard_whole_and_no_later_than_need_be(
    time: VirtualTime, packet_ms: int, later_ms: int
) -> None:
    caller = LongPackets(time, packet_ms)
    caller.speak(6.0)
    assert caller.sound.concealed == 0
    heard = caller.clock.capture(caller.sent + caller.origin)
    assert heard - caller.sent_at == pytest.approx(later_ms / 1000, abs=0.002)


def test_a_caller_who_changes_to_longer_packets_is_soon_heard_whole_again(
    time: VirtualTime,
) -> None:
    caller = LongPackets(time, 20)
    caller.speak(3.0)
    caller.packet = 60 * MS
    caller.speak(3.0)
    before = caller.sound.concealed
    caller.speak(6.0)
    assert caller.sound.concealed == before


MS = VOICE_RATE // 1000


class LongPackets:
    """Sends packets as they are full, and reads every frame 15 ms after it is due."""

    def __init__(self, time: VirtualTime, packet_ms: int) -> None:
        self.time = time
        self.packet = packet_ms * MS
        self.clock = SessionClock(0.15, time)
        self.sound = AudioInput(self.clock)
        self.sent, self.sent_at, self.origin = 0, 0.0, 0
        self._begun, self._frame = time.now, 0

    def speak(self, seconds: float) -> None:
        for _ in range(round(seconds * 1000)):
            self.time.now += 0.001
            if self.time.now - self._begun >= (self.sent + self.packet) / VOICE_RATE - 1e-9:
                self.sound.push(spoken(self.sent, self.packet), self.sent)
                self.sent, self.sent_at = self.sent + self.packet, self.time.now
                self.origin = self.sound._offset or 0
            end = (self._frame + 1) * VOICE_PER_FRAME
            if self.clock.started and self.time.now >= self.clock.capture(end) + 0.015:
                self.sound.chunk(self._frame)
                self._frame += 1
