"""A sound that cannot be that of the lips ends a training before it has begun."""

import numpy as np
import pytest
import torch

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.training.sound_check import check_sound, require_numbers

FRAMES = 600
CLIP = np.zeros(FRAMES, np.int32)


def mouth(seed: int = 0) -> np.ndarray:
    """Opening of a mouth that speaks, 0..1."""
    noise = np.random.default_rng(seed).normal(size=FRAMES + 40)
    smooth = np.convolve(noise, np.hanning(9), "same")[20:-20]
    return np.clip(smooth / smooth.std() / 4 + 0.4, 0, 1).astype(np.float32)


def voice(opening: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 0.2, FRAMES * SAMPLES_PER_FRAME)
    return (noise * np.repeat(opening, SAMPLES_PER_FRAME)).astype(np.float32)


def test_lips_that_follow_the_sound_pass_by_loudness_or_by_what_is_heard() -> None:
    seen, nothing = mouth(), np.zeros(FRAMES, np.float32)
    check_sound(voice(seen), nothing, seen, CLIP)
    check_sound(voice(nothing), np.roll(seen, 2), seen, CLIP)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(FRAMES * SAMPLES_PER_FRAME, np.float32),
        np.full(FRAMES * SAMPLES_PER_FRAME, 0.5, np.float32),
        np.random.default_rng(2).normal(0, 0.1, FRAMES * SAMPLES_PER_FRAME).astype(np.float32),
        voice(mouth(3)),
    ],
    ids=["silence", "a constant", "noise", "somebody else"],
)
def test_what_the_lips_do_not_follow_is_refused(sound: np.ndarray) -> None:
    with pytest.raises(AvatarError, match="the lips do not follow the sound") as refusal:
        check_sound(sound, np.zeros(FRAMES, np.float32), mouth(), CLIP)
    assert "\n" not in str(refusal.value)


def in_rhythm(seed: int) -> np.ndarray:
    """Sentences of three seconds, all with the same pauses, whatever is said in them."""
    pauses = np.tile(np.repeat([1, 0.1, 1], [30, 15, 30]), FRAMES // 75)
    return (mouth(seed) * pauses).astype(np.float32)


@pytest.mark.parametrize("clip", [CLIP, np.arange(FRAMES, dtype=np.int32) // 75])
def test_another_voice_in_the_same_rhythm_is_told_from_the_own(clip: np.ndarray) -> None:
    seen, nothing = in_rhythm(0), np.zeros(FRAMES, np.float32)
    check_sound(voice(seen), nothing, seen, clip)
    with pytest.raises(AvatarError, match=r"hardly better .* moved by") as refusal:
        check_sound(voice(in_rhythm(3)), nothing, seen, clip)
    assert "\n" not in str(refusal.value)


def test_the_own_voice_from_another_moment_is_refused() -> None:
    seen, nothing = in_rhythm(0), np.zeros(FRAMES, np.float32)
    late = np.roll(voice(seen), 75 * SAMPLES_PER_FRAME)
    with pytest.raises(AvatarError, match=r"moved by 21\.\d s"):
        check_sound(late, nothing, seen, CLIP)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_number_goes_on(value: float) -> None:
    sound = voice(mouth())
    sound[1000] = value
    with pytest.raises(AvatarError, match="no numbers"):
        check_sound(sound, mouth(), mouth(), CLIP)
    with pytest.raises(AvatarError, match="codes is no number"):
        require_numbers("codes", torch.ones(3), torch.tensor([1.0, value]))
