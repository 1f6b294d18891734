"""Synthetic voices tell the truth about when each phone is heard."""

from itertools import pairwise

import numpy as np
import pytest

from avatar.audio import SAMPLE_RATE
from avatar.errors import AvatarError
from avatar.training.encoder.corpus import AlignedSpeech
from avatar.training.encoder.text_to_speech import ACCENTS, Espeak, SpeakingStyle, flite
from tests.support import need


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    need("espeak-ng")
    return Espeak()


def check(spoken: AlignedSpeech | None) -> AlignedSpeech:
    assert spoken is not None
    length = len(spoken.samples) / SAMPLE_RATE
    assert spoken.phones[-1].end == pytest.approx(length, abs=0.12)
    for before, after in pairwise(spoken.phones):
        assert after.start == pytest.approx(before.end)
    return spoken


def level(spoken: AlignedSpeech, name: str) -> float:
    parts = [
        spoken.samples[round(p.start * SAMPLE_RATE) : round(p.end * SAMPLE_RATE)]
        for p in spoken.phones
        if p.name == name
    ]
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


@pytest.mark.parametrize("accent", ACCENTS)
def test_espeak_speaks_every_accent(espeak: Espeak, accent: str) -> None:
    spoken = check(espeak.speak("a happy summer evening", f"{accent}+f2"))
    names = [phone.name for phone in spoken.phones]
    assert [name for name in names if name in "PMS"] == ["P", "S", "M"]


def test_phone_times_fit_the_sound(espeak: Espeak) -> None:
    spoken = check(espeak.speak("papa, a puppy, stop it, copper pots", "en-us"))
    assert level(spoken, "AA") > 4 * level(spoken, "P")
    assert level(spoken, "SIL") < 0.2 * level(spoken, "AA")


def test_a_faster_voice_is_shorter(espeak: Espeak) -> None:
    slow = check(espeak.speak("one two three four five", "en-us", SpeakingStyle(rate=0.8)))
    fast = check(espeak.speak("one two three four five", "en-us", SpeakingStyle(rate=1.4)))
    assert len(slow.samples) > 1.3 * len(fast.samples)


def test_an_unknown_voice_is_named(espeak: Espeak) -> None:
    with pytest.raises(AvatarError, match="no voice xx-nowhere"):
        espeak.speak("hello", "xx-nowhere")


def test_flite_tells_its_phones() -> None:
    need("flite")
    spoken = check(flite("a happy summer evening", "slt"))
    assert spoken.voice == "flite-slt"
    assert [p.name for p in spoken.phones if p.name in "PMS"] == ["P", "S", "M"]
    faster = check(flite("a happy summer evening", "slt", SpeakingStyle(rate=1.5)))
    assert len(faster.samples) < 0.8 * len(spoken.samples)
