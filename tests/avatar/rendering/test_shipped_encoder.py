"""The weights that ship: any voice moves the lips, p, b, m close them, no noise does."""

from functools import cache

import numpy as np
import pytest
import torch

from avatar.audio import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME
from avatar.media.samples import Samples
from avatar.models.speech_encoder import SpeechEncoder
from avatar.rendering.speech_features import SHIPPED, Features, features_of, load_encoder
from avatar.training.encoder import noises
from avatar.training.encoder.channel import whisper
from avatar.training.encoder.corpus import AlignedSpeech
from avatar.training.encoder.phones import LIP_CLOSING, OPEN_VOWELS
from avatar.training.encoder.prepare import HELD_FLITE
from avatar.training.encoder.text_to_speech import flite
from tests.support import need

SENTENCE = "papa bought a big map, and mama saw a fat cat on the mop"


@cache
def encoder() -> SpeechEncoder:
    torch.set_num_threads(1)
    return load_encoder()


@cache
def spoken() -> AlignedSpeech:
    """A voice that the encoder was not trained on."""
    need("flite")
    speech = flite(SENTENCE, HELD_FLITE)
    assert speech is not None
    return speech


def aperture(samples: Samples) -> Features:
    return features_of(encoder(), samples)[:, encoder().layout["articulation"].start]


def during(names: frozenset[str], lips: Features) -> list[Features]:
    """The apertures of the video frames that each of these phones touches."""
    return [
        lips[int(phone.start * FPS) : int(np.ceil(phone.end * FPS))]
        for phone in spoken().phones
        if phone.name in names
    ]


def test_the_weights_are_small() -> None:
    assert SHIPPED.stat().st_size <= 8_000_000


def test_lips_close_on_p_b_m_and_open_on_open_vowels() -> None:
    lips = aperture(spoken().samples)
    peaks = np.array([part.max() for part in during(OPEN_VOWELS, lips)])
    lows = np.array([part.min() for part in during(LIP_CLOSING, lips)])
    assert np.mean(lows < 0.15 * np.median(peaks)) >= 0.8
    assert np.mean(peaks > 0.5 * np.median(peaks)) >= 0.8


@pytest.mark.parametrize("decibels", [-30, 10])
def test_a_quiet_and_a_loud_voice_speak_as_well(decibels: float) -> None:
    plain, changed = (
        aperture(spoken().samples * np.float32(gain)) for gain in (1, 10 ** (decibels / 20))
    )
    assert np.corrcoef(plain, changed)[0, 1] > 0.85
    assert changed.mean() > 0.7 * plain.mean()


def test_a_whisper_speaks() -> None:
    whispered = aperture(whisper(spoken().samples, np.random.default_rng(0)))
    assert whispered.mean() > 0.4 * aperture(spoken().samples).mean()


@pytest.mark.parametrize("kind", ["silence", "white", "hum", "clicks", "coloured"])
def test_lips_rest_in(kind: str) -> None:
    random = np.random.default_rng(5)
    if kind == "silence":
        sound = np.zeros(10 * SAMPLE_RATE, np.float32)
    elif kind == "white":
        sound = random.normal(0, 0.05, 10 * SAMPLE_RATE).astype(np.float32)
    else:
        sound = getattr(noises, kind)(10.0, random)
    motion = np.mean(np.diff(aperture(sound)) ** 2)
    assert motion <= 0.05 * np.mean(np.diff(aperture(spoken().samples)) ** 2)


@pytest.mark.parametrize("second", [0.8, 1.0, 1.2, 1.5])
def test_lips_rest_120_ms_after_the_sound_is_lost(second: float) -> None:
    speech = spoken().samples[: round(second * FPS) * SAMPLES_PER_FRAME]
    lips = aperture(np.concatenate([speech, np.zeros(SAMPLE_RATE, np.float32)]))
    cut = len(speech) // SAMPLES_PER_FRAME
    assert lips[cut + 3 :].max() < 0.1
