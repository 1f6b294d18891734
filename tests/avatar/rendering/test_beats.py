"""Beats of the head: on what is stressed, from the sound alone."""

import numpy as np
import pytest

from avatar.media.samples import Samples
from avatar.rendering.beats import PITCH_DEG, Beats


def heard(levels: list[float]) -> list[float]:
    """Pitch of the head in each frame, for noise of these levels (rms), a frame each."""
    beats, rng = Beats(np.random.default_rng(3)), np.random.default_rng(0)
    chunks: list[Samples] = [(level * rng.normal(size=640)).astype(np.float32) for level in levels]
    return [beats.hear(chunk).pitch for chunk in chunks]


@pytest.mark.parametrize("level", [0.0, 0.001, 0.3])
def test_the_head_stays_still_in_silence_and_in_what_never_changes(level: float) -> None:
    pitches = heard([level] * 200)
    assert not any(pitches[30:])


def test_a_syllable_that_stands_out_has_its_beat_at_once_and_small() -> None:
    levels = [0.03, 0.025] * 40 + [0.2, 0.2, 0.15] + [0.03, 0.025] * 10
    pitches = heard(levels)
    after = pitches[80:92]
    assert min(after) < -0.5 * PITCH_DEG[0]
    assert min(pitches) >= -PITCH_DEG[1]
    assert 2 <= int(np.argmin(after)) <= 6  # it was heard two frames ahead
    assert np.abs(np.diff(pitches)).max() < 0.6


def test_speech_has_beats_with_pauses_between_them() -> None:
    rng = np.random.default_rng(5)
    levels = [float(level) for level in np.repeat(rng.uniform(0.005, 0.3, 250), 4)]
    moving = np.array(heard(levels)) != 0
    assert 0.1 < moving.mean() < 0.8
