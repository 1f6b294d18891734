import numpy as np

from streaming.media.concealment import FADE, HISTORY, continue_sound


def tone(count: int, pitch: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.sin(2 * np.pi * pitch * np.arange(count) / 48_000).astype(np.float32)


def test_a_voice_goes_on_at_its_pitch_without_a_jump() -> None:
    whole = tone(HISTORY + 480, 150.0)
    made_up = continue_sound(whole[:HISTORY], 0, 480)
    fade = 1 - np.arange(480) / FADE
    assert np.abs(made_up - whole[HISTORY:] * fade).max() < 0.15
    assert abs(made_up[0] - whole[HISTORY - 1]) < 0.05


def test_pieces_make_the_same_sound_as_one() -> None:
    history = tone(HISTORY, 210.0)
    pieces = [continue_sound(history, start, 320) for start in range(0, 1600, 320)]
    np.testing.assert_array_equal(np.concatenate(pieces), continue_sound(history, 0, 1600))


def test_it_ends_in_silence_and_silence_stays_silent() -> None:
    assert not continue_sound(tone(HISTORY, 150.0), FADE, 960).any()
    assert not continue_sound(np.zeros(HISTORY, np.float32), 0, 960).any()
