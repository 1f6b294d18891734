"""A damaged voice keeps its length, its timing and its sense; noises are no speech."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator

from avatar.audio import SAMPLE_RATE
from avatar.media.samples import Samples
from avatar.training.encoder import channel, noises

Step = Callable[[Samples, Generator], Samples]
STEPS: tuple[Step, ...] = (
    channel.reverberate,
    channel.limit_band,
    channel.clip,
    channel.ride_gain,
    channel.suppress_noise,
    channel.whisper,
    channel.send_opus,
)


def voice(seconds: float = 2.0) -> Samples:
    """Harmonics that come and go six times a second, as syllables do."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = sum(np.sin(2 * np.pi * 140 * k * times) / k for k in range(1, 20))
    return (0.2 * tones * (np.sin(2 * np.pi * 3 * times) ** 2 > 0.4)).astype(np.float32)


def envelope(samples: Samples) -> np.ndarray:
    return np.sqrt((samples[: len(samples) // 160 * 160].reshape(-1, 160) ** 2).mean(1))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("seed", [0, 1])
def test_length_level_and_timing_stay(step: Step, seed: int) -> None:
    clean = voice()
    heard = step(clean, np.random.default_rng(seed))
    assert heard.dtype == np.float32
    assert len(heard) == len(clean)
    assert np.isfinite(heard).all()
    assert 0.005 < heard.std() < 1
    rows = envelope(clean), envelope(heard)
    lags = [np.corrcoef(rows[0][5:-5], np.roll(rows[1], lag)[5:-5])[0, 1] for lag in range(-4, 5)]
    assert max(lags) > 0.6
    assert abs(int(np.argmax(lags)) - 4) <= 1


def test_opus_conceals_what_is_lost() -> None:
    pieces = [np.full(4, float(value), np.float32) for value in (1, 2, 3)]
    heard = channel._conceal(pieces, [False, True, False])
    assert [piece[0] for piece in heard] == pytest.approx([1, 0.6, 3])


def test_damage_is_repeatable() -> None:
    first, second = (channel.damage(voice(), np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("make", sorted(set(noises.GENERATED), key=str))
def test_noises_are_within_range(make: Callable[[float, Generator], Samples]) -> None:
    sound = make(2.0, np.random.default_rng(3))
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(2 * SAMPLE_RATE, abs=1)
    assert 0.001 < sound.std() < 0.5
    assert np.abs(sound).max() <= 1


def test_babble_is_of_many() -> None:
    sound = noises.babble([voice(0.7), voice(3.0)], 2.0, np.random.default_rng(0))
    assert len(sound) == 2 * SAMPLE_RATE
    assert envelope(sound).min() > 0.05 * envelope(sound).max()
