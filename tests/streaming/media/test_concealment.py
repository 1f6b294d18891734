import numpy as np

from streaming.media.concealment import FADE_SAMPLES, HISTORY_SAMPLES, continue_sound


def tone(count: int, pitch: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.sin(2 * np.pi * pitch * np.arange(count) / 48_000).astype(np.float32)


def test_a_voice_goes_on_at_its_pitch_without_a_jump() -> None:
    whole = tone(HISTORY_SAMPLES + 480, 150.0)
    made_up = continue_sound(whole[:HISTORY_SAMPLES], 0, 480)
    fade = 1 - np.arange(480) / FADE_SAMPLES
    assert np.abs(made_up - whole[HISTORY_SAMPLES:] * fade).max() < 0.15
    assert abs(made_up[0] - whole[HISTORY_SAMPLES - 1]) < 0.05


def test_pieces_make_the_same_sound_as_one() -> None:
    history = tone(HISTORY_SAMPLES, 210.0)
    pieces = [continue_sound(history, start, 320) for start in range(0, 1600, 320)]
    np.testing.assert_array_equal(np.concatenate(pieces), continue_sound(history, 0, 1600))


def test_it_ends_in_silence_and_silence_stays_silent() -> None:
    assert not continue_sound(tone(HISTORY_SAMPLES, 150.0), FADE_SAMPLES, 960).any()
    assert not continue_sound(np.zeros(HISTORY_SAMPLES, np.float32), 0, 960).any()
