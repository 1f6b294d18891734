"""The recording's own offset between sound and picture."""

import numpy as np
import pytest

from avatar.audio import SAMPLES_PER_FRAME
from avatar.training.av_offset import align_sound, av_offset


def movement(count: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.convolve(rng.normal(size=count + 20), np.hanning(9), "same")[:count].astype(
        np.float32
    )


@pytest.mark.parametrize("late", [-3, 0, 2, 5])
def test_offset_is_found(late: int) -> None:
    seen = movement()
    heard = np.roll(seen, late)
    clip = np.zeros(len(seen), np.int32)
    assert av_offset(heard, seen, clip) == pytest.approx(late, abs=0.15)


def test_offset_does_not_look_across_clips() -> None:
    seen = movement()
    clip = np.repeat(np.arange(4, dtype=np.int32), 100)
    heard = np.concatenate([np.roll(seen[clip == k], 2) for k in range(4)])
    assert av_offset(heard, seen, clip) == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("heard", [np.zeros(400, np.float32), movement()[::-1].copy()])
def test_no_offset_without_evidence(heard: np.ndarray) -> None:
    assert av_offset(heard, movement(), np.zeros(400, np.int32)) == 0


def test_late_sound_is_moved_back() -> None:
    sound = np.zeros(10 * SAMPLES_PER_FRAME, np.float32)
    sound[4 * SAMPLES_PER_FRAME] = 1
    assert align_sound(sound, 2.0)[2 * SAMPLES_PER_FRAME] == 1
    assert align_sound(sound, -3.0)[7 * SAMPLES_PER_FRAME] == 1


def test_small_offsets_are_how_speech_is() -> None:
    sound = np.ones(SAMPLES_PER_FRAME, np.float32)
    assert align_sound(sound, 0.5) is sound
