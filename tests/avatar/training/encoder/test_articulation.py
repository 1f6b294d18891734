"""Phones become what the mouth does, each phone coloured by its neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.motion import TRACKS, VISEMES
from avatar.training.encoder.articulation import phone_frames, tracks
from avatar.training.encoder.phones import PHONE_INDEX, PHONES, VISEME_OF_PHONE, Phone

LOUD = 0.5


def speak(names: str, length: float = 0.1) -> tuple[list[Phone], np.ndarray]:
    phones, time = [], 0.0
    for name in names.split():
        phones.append(Phone(name, time, time + length))
        time += length
    frames = round(time * 100)
    return phones, tracks(phones, frames, np.full(frames, LOUD, np.float32))


def track(mouth: np.ndarray, name: str) -> np.ndarray:
    return mouth[:, TRACKS.index(name)]


@pytest.mark.parametrize("lips", ["P", "B", "M"])
@pytest.mark.parametrize("length", [0.04, 0.08, 0.15])
def test_lips_close_wholly_between_open_vowels(lips: str, length: float) -> None:
    phones = [Phone("AA", 0, 0.3), Phone(lips, 0.3, 0.3 + length), Phone("AA", 0.3 + length, 0.7)]
    mouth = tracks(phones, 70, np.ones(70, np.float32))
    middle = round((0.3 + length / 2) * 100) - 2  # the mouth leads the sound by 20 ms
    assert track(mouth, "aperture")[middle] < 0.02
    assert track(mouth, "closure")[middle] > 0.98
    assert track(mouth, "aperture")[15] > 0.7


def test_a_consonant_takes_the_lips_of_its_neighbours() -> None:
    _, round_lips = speak("UW K UW")
    _, spread_lips = speak("IY K IY")
    assert track(round_lips, "rounding")[15] > 0.6 > 0.2 > track(spread_lips, "rounding")[15]
    assert track(spread_lips, "spread")[15] > 0.5 > track(round_lips, "spread")[15]


def test_the_same_vowel_opens_less_between_closed_neighbours() -> None:
    _, short = speak("S AH S")
    _, wide = speak("AA AH AA")
    assert track(wide, "aperture")[15] > track(short, "aperture")[15] + 0.2


def test_lip_meets_teeth_on_f_and_rests_in_silence() -> None:
    _, mouth = speak("SIL SIL AA F AA SIL SIL SIL")
    assert track(mouth, "lip_teeth")[33] > 0.9
    assert mouth[-5:].max() < 0.02


def test_loud_speech_opens_more() -> None:
    phones = [Phone("AE", 0, 0.3)]
    quiet, loud = (tracks(phones, 30, np.full(30, level, np.float32)) for level in (0.0, 1.0))
    assert track(loud, "aperture")[15] > track(quiet, "aperture")[15] * 1.2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PHONES), min_size=1, max_size=12), st.floats(0.02, 0.3))
def test_tracks_are_smooth_and_within_bounds(names: list[str], length: float) -> None:
    _, mouth = speak(" ".join(names), length)
    assert np.isfinite(mouth).all()
    assert mouth.min(initial=0) >= 0
    assert mouth.max(initial=0) <= 1
    assert np.abs(np.diff(mouth, axis=0)).max(initial=0) < 0.45


def test_a_frame_carries_the_phone_heard_in_it() -> None:
    frames = phone_frames([Phone("P", 0.02, 0.05), Phone("AA", 0.05, 0.10)], 12)
    names = [PHONES[index] for index in frames]
    assert names == ["SIL"] * 2 + ["P"] * 3 + ["AA"] * 5 + ["SIL"] * 2


def test_every_phone_has_one_viseme() -> None:
    assert len(VISEMES) == 14
    assert len(PHONES) == 40
    assert {VISEME_OF_PHONE[PHONE_INDEX[name]] for name in ("P", "B", "M")} == {1}
    assert set(VISEME_OF_PHONE) == set(range(14))
