"""Several channels become one without losing a voice, without clicks, in pieces of any length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.media.downmix import Downmix
from tests.sounds import tone

RATE = 16_000


def voice(seconds: float, hertz: float = 220.0) -> np.ndarray:
    """A tone that swells and fades as syllables do."""
    samples = tone(seconds, RATE, hertz, 0.4)
    return samples * np.abs(np.sin(4 * np.arange(len(samples)) / RATE)).astype(np.float32)


def mix(*channels: np.ndarray) -> np.ndarray:
    return Downmix(RATE).push(np.stack(channels, axis=1))


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound**2)))


@pytest.mark.parametrize("other", [-1.0, -0.9, -1.1])
def test_a_voice_out_of_phase_is_heard(other: float) -> None:
    left = voice(2)
    assert rms(mix(left, other * left)[RATE // 5 :]) > 0.9 * rms(left[RATE // 5 :])


def test_what_does_not_cancel_is_the_mean() -> None:
    left, right = voice(2), voice(2, 331)
    np.testing.assert_allclose(mix(left, right), (left + right) / 2, atol=1e-6)
    np.testing.assert_allclose(mix(left, 0 * left), left / 2, atol=1e-6)


def test_one_voice_among_six_channels_is_not_lost() -> None:
    centre, silence = voice(2), np.zeros(2 * RATE, np.float32)
    mixed = mix(silence, silence, centre, silence, silence, silence)
    assert rms(mixed[RATE // 5 :]) > 0.9 * rms(centre[RATE // 5 :])


def test_there_is_no_click_where_the_phase_turns() -> None:
    left = voice(4, 110)
    turned = np.where(np.arange(len(left)) < 2 * RATE, left, -left)
    steps = np.abs(np.diff(mix(left, turned)))
    usual = np.abs(np.diff(left)).max()
    assert steps.max() < 1.5 * usual


def test_the_channel_that_is_heard_does_not_change_with_chance() -> None:
    left = voice(2)
    noise = np.random.default_rng(0).normal(0, 0.01, (2, len(left))).astype(np.float32)
    mixed = mix(left + noise[0], -left + noise[1])[RATE // 5 :]
    heard = left[RATE // 5 :]
    assert np.corrcoef(mixed, heard)[0, 1] > 0.98


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 4), st.lists(st.integers(0, 900), max_size=12))
def test_pieces_are_mixed_as_one(channels: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(channels)
    sound = np.stack([voice(0.5) * rng.uniform(-1, 1) for _ in range(channels)], axis=1)
    pieced = Downmix(RATE)
    pieces = np.split(sound, np.clip(np.cumsum(cuts), 0, len(sound)))
    mixed = np.concatenate([pieced.push(piece) for piece in pieces])
    np.testing.assert_allclose(mixed, Downmix(RATE).push(sound), atol=1e-6)


def test_a_change_of_channels_begins_anew() -> None:
    downmix, left = Downmix(RATE), voice(1)
    downmix.push(np.stack([left, -left], axis=1))
    np.testing.assert_array_equal(downmix.push(left[:, None]), left)
    pair = np.stack([left, left], axis=1)
    np.testing.assert_allclose(downmix.push(pair), left, atol=1e-6)
