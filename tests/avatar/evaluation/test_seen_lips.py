"""The encoder's own tracks beside lips that were seen."""

import numpy as np
import pytest

from avatar.evaluation.seen_lips import seen_lips
from avatar.motion import TRACKS
from avatar.rendering.speech_features import features_of, load_encoder
from avatar.training.encoder.face_shards import Person
from avatar.training.encoder.text_to_speech import SpeakingStyle, flite
from tests.support import need

TEXTS = ("we may all go home by bus", "please open the window for papa", "a big map of bombay")


def test_lips_that_do_what_is_heard_are_followed_and_those_of_other_sounds_are_not() -> None:
    need("flite")
    encoder = load_encoder()
    sounds = []
    for text in TEXTS:
        spoken = flite(text, "rms", SpeakingStyle(rate=1.0, pitch=0.5))
        assert spoken is not None
        sounds.append(spoken.samples)
    lips = [features_of(encoder, sound)[:, encoder.layout["articulation"]] for sound in sounds]
    width = [t[:, TRACKS.index("spread")] - t[:, TRACKS.index("rounding")] for t in lips]
    seen = [
        np.column_stack([t[:, 0], w, t[:, 1], t[:, 4]]) for t, w in zip(lips, width, strict=True)
    ]
    found = seen_lips(encoder, [Person("anna", sounds, seen)])
    assert found["anna"]["aperture_r"] == pytest.approx(1, abs=0.01)
    assert found["anna"]["width_r"] == pytest.approx(1, abs=0.01)
    assert found["anna"]["aperture_r_of_other_sound"] < 0.8
    assert found["mean of the people"] == found["anna"]
