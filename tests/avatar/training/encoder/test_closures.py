"""Closures are judged by each voice's own open vowels."""

import math

import numpy as np

from avatar.training.encoder.closures import SpokenLips, closures
from avatar.training.encoder.phones import PHONE_INDEX


def lips(voice: str, *, shut: float, wide: float = 1.0) -> SpokenLips:
    """Six times p and aa, 80 ms each."""
    phones = np.repeat([PHONE_INDEX["P"], PHONE_INDEX["AA"]] * 6, 8).astype(np.uint8)
    return SpokenLips(voice, phones, np.repeat([shut, wide] * 6, 2).astype(np.float32))


def test_a_voice_is_measured_against_its_own_vowels() -> None:
    found = closures([lips("loud", shut=0.5, wide=5.0), lips("shy", shut=0.5)])
    assert found.voices == 2
    assert found.closed_on_pbm == 0.5
    assert found.closed_on_pbm_of_the_worst_voice == 0.0
    assert found.open_on_open_vowels == 1.0


def test_voices_that_say_too_little_do_not_count() -> None:
    few = lips("few", shut=0.0)
    found = closures([SpokenLips("few", few.phones[:32], few.aperture[:8])])
    assert found.voices == 0
    assert math.isnan(found.closed_on_pbm)
