"""A gap in a voice is filled with the voice itself, which dies away."""

import numpy as np
import pytest

from avatar.media.samples import Samples
from streaming.media.concealment import FADE_SAMPLES, HISTORY_SAMPLES, continue_sound
from tests.sounds import sine

COUNT = 480
FADE = 1 - np.arange(COUNT) / FADE_SAMPLES


def voice(hertz: float, begins: float = 1.0, ends: float = 1.0) -> Samples:
    """What was heard before the gap, growing or dying away from one level to another."""
    levels = np.linspace(begins, ends, HISTORY_SAMPLES, dtype=np.float32)
    return sine(np.arange(HISTORY_SAMPLES), hertz=hertz, level=1) * levels


@pytest.mark.parametrize("hertz", [70, 155, 210, 390])  # the last period begins amid the history
@pytest.mark.parametrize(("begins", "ends"), [(1.0, 1.0), (0.1, 1.0), (1.0, 0.3)])
def test_a_voice_of_any_pitch_goes_on_in_step(hertz: float, begins: float, ends: float) -> None:
    made_up = continue_sound(voice(hertz, begins, ends), 0, COUNT)
    following = sine(np.arange(HISTORY_SAMPLES, HISTORY_SAMPLES + COUNT), hertz=hertz)
    assert np.corrcoef(made_up / FADE, following)[0, 1] > 0.95


def test_it_goes_on_without_a_jump_at_its_level() -> None:
    whole = sine(np.arange(HISTORY_SAMPLES + COUNT), hertz=150, level=1)
    made_up = continue_sound(whole[:HISTORY_SAMPLES], 0, COUNT)
    assert np.abs(made_up - whole[HISTORY_SAMPLES:] * FADE).max() < 0.15
    assert abs(made_up[0] - whole[HISTORY_SAMPLES - 1]) < 0.05


@pytest.mark.parametrize("hertz", [150, 210, 300])
def test_a_voice_that_dies_away_does_not_come_back(hertz: float) -> None:
    history = voice(hertz, 1.0, 0.1)
    assert np.abs(continue_sound(history, 0, COUNT)).max() <= np.abs(history[-330:]).max()


def test_pieces_make_the_same_sound_as_one() -> None:
    history = voice(210)
    pieces = [continue_sound(history, start, 320) for start in range(0, 1600, 320)]
    np.testing.assert_array_equal(np.concatenate(pieces), continue_sound(history, 0, 1600))


def test_it_ends_in_silence_and_silence_stays_silent() -> None:
    assert continue_sound(voice(150), FADE_SAMPLES - 60, 50).any()
    assert not continue_sound(voice(150), FADE_SAMPLES, 960).any()
    assert not continue_sound(np.zeros(HISTORY_SAMPLES, np.float32), 0, 960).any()
