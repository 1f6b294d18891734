"""Sound of a telephone stands where it was spoken, whatever pieces it comes in."""

import numpy as np
import pytest

from streaming.media.upsampler import Upsampler
from tests.sounds import sine

RATE = 8000


@pytest.mark.parametrize("piece", [80, 160, 480])
def test_pieces_come_out_as_one_tone_at_its_own_time(piece: int) -> None:
    upsampler = Upsampler(RATE)
    pieces = [
        upsampler.take(sine(np.arange(start, start + piece), RATE, 1000, 1.0), start)
        for start in range(4000, 4000 + 20 * piece, piece)
    ]
    stamps = [stamp for _, stamp in pieces]
    assert np.all(np.diff(stamps) == piece * 6)
    sound = np.concatenate([samples for samples, _ in pieces])
    wanted = sine(np.arange(stamps[0], stamps[0] + len(sound)), hertz=1000, level=1.0)
    settled = slice(24 * 6, None)
    assert np.abs(sound - wanted)[settled].max() < 0.01


def test_after_a_gap_the_old_sound_is_forgotten() -> None:
    upsampler = Upsampler(RATE)
    upsampler.take(np.ones(160, np.float32), 0)
    sound, stamp = upsampler.take(np.zeros(160, np.float32), 800)
    assert stamp == (800 - 12) * 6
    assert not sound.any()


def test_a_rate_that_does_not_divide_is_no_silent_mistake() -> None:
    with pytest.raises(ValueError, match="44100"):
        Upsampler(44_100)
