"""A microphone of any rate becomes 48 kHz in pieces of 10 ms."""

import numpy as np
import pytest

from streaming.devices.resampler import BLOCK_SAMPLES, BlockResampler
from tests.sounds import tone


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_a_tone_stays_the_tone(rate: int) -> None:
    pieces = BlockResampler(rate)
    found = [
        piece for part in np.array_split(tone(1.0, rate, 440), 97) for piece in pieces.push(part)
    ]
    assert {len(piece) for piece in found} == {BLOCK_SAMPLES}
    assert len(found) >= 98, "no more than 20 ms are held back"
    spectrum = np.abs(np.fft.rfft(np.concatenate(found)[:43_200]))
    assert np.argmax(spectrum) * 48_000 / 43_200 == pytest.approx(440, abs=1.2)
