"""Ten minutes of a device whose clock is off, in simulated time; and what becomes of the sound."""

import numpy as np
import pytest

from streaming.media.clock import VOICE_RATE
from streaming.sinks.drift_correction import MOST_STRETCH, DriftCorrection
from streaming.sinks.voice_ring import VoiceRing
from tests.sounds import sine, tone

BLOCK = 480
TEN_MINUTES = 600 * VOICE_RATE // BLOCK


@pytest.mark.parametrize("parts_per_million", [-200, 0, 200])
def test_ten_minutes_without_drift(parts_per_million: int) -> None:
    """The device's second is off; its own account of its delay wobbles by 5 ms."""
    pace, noise = DriftCorrection(), np.random.default_rng(1)
    worst = 0.0
    for block in range(TEN_MINUTES):
        heard = block * BLOCK / VOICE_RATE / (1 + parts_per_million * 1e-6)
        wobble = noise.uniform(-0.005, 0.005)
        start, step = pace.next((heard + wobble) * VOICE_RATE, BLOCK)
        assert abs(step - 1) <= MOST_STRETCH
        if block > 3000:
            worst = max(worst, abs(start / VOICE_RATE - heard))
    assert pace.slips == 0
    assert worst < 0.004, "without correction it would be 120 ms"


def test_a_device_that_stood_still_is_caught_up_with_once() -> None:
    pace, held_up = DriftCorrection(), 0.0
    for block in range(3000):
        if block == 1000:
            held_up = 0.5
        start, _ = pace.next((block * BLOCK / VOICE_RATE + held_up) * VOICE_RATE, BLOCK)
    assert pace.slips == 1
    assert start == pytest.approx(2999 * BLOCK + 0.5 * VOICE_RATE, abs=0.005 * VOICE_RATE)


def test_the_voice_between_two_samples_is_the_voice() -> None:
    ring = VoiceRing()
    ring.write(0, tone(1.0, hertz=1000))
    for start, step in ((1000.0, 1.0), (1000.37, 1.0002), (20_000.5, 0.999)):
        heard = ring.read(start, step, BLOCK)
        truth = sine(start + step * np.arange(BLOCK), hertz=1000)
        error = np.sqrt(np.mean((heard - truth) ** 2) / np.mean(truth**2))
        assert 20 * np.log10(error) < -50


def test_silence_where_there_is_no_sound_yet_or_any_more() -> None:
    ring = VoiceRing()
    assert not ring.read(0, 1, BLOCK).any()
    for second in range(4):
        ring.write(second * 48_000, np.full(48_000, 0.5, np.float32))
    assert not ring.read(48_000, 1, BLOCK).any()
    assert ring.read(150_000, 1, BLOCK).all()
    assert not ring.read(192_100, 1, BLOCK).any()
