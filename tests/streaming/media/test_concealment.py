import numpy as np

from streaming.media.concealment import FADE_SAMPLES, HISTORY_SAMPLES, continue_sound
from tests.sounds import sine


def test_a_voice_goes_on_at_its_pitch_without_a_jump() -> None:
    whole = sine(np.arange(HISTORY_SAMPLES + 480), hertz=150, level=1)
    made_up = continue_sound(whole[:HISTORY_SAMPLES], 0, 480)
    fade = 1 - np.arange(480) / FADE_SAMPLES
    assert np.abs(made_up - whole[HISTORY_SAMPLES:] * fade).max() < 0.15
    assert abs(made_up[0] - whole[HISTORY_SAMPLES - 1]) < 0.05


def test_pieces_make_the_same_sound_as_one() -> None:
    history = sine(np.arange(HISTORY_SAMPLES), hertz=210, level=1)
    pieces = [continue_sound(history, start, 320) for start in range(0, 1600, 320)]
    np.testing.assert_array_equal(np.concatenate(pieces), continue_sound(history, 0, 1600))


def test_it_ends_in_silence_and_silence_stays_silent() -> None:
    voice = sine(np.arange(HISTORY_SAMPLES), hertz=150)
    assert not continue_sound(voice, FADE_SAMPLES, 960).any()
    assert not continue_sound(np.zeros(HISTORY_SAMPLES, np.float32), 0, 960).any()
