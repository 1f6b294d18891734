"""How well the encoder's own tracks follow the lips of people it has not learned from.

A mouth that opens whenever there is sound correlates with any lips; so every figure stands beside
the same one with the sounds of the person's clips exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.evaluation.lip_aperture import aperture_correlation
from avatar.models.speech_encoder import SpeechEncoder
from avatar.motion import TRACKS
from avatar.rendering.speech_features import features_of
from avatar.training.encoder.face_shards import Person
from avatar.training.encoder.lip_measures import MEASURES

MAX_LAG = 5  # frames
APERTURE, WIDTH = MEASURES.index("aperture"), MEASURES.index("width")

Array = NDArray[np.float32]


def seen_lips(encoder: SpeechEncoder, people: Sequence[Person]) -> dict[str, dict[str, float]]:
    """Means over the clips of each person, best-lag r by clip; and over the people."""
    figures = {person.name: _of(encoder, person) for person in people}
    names = next(iter(figures.values()))
    mean = {name: float(np.mean([row[name] for row in figures.values()])) for name in names}
    return figures | {"mean of the people": mean}


def _of(encoder: SpeechEncoder, person: Person) -> dict[str, float]:
    made = [_shown(encoder, features_of(encoder, sound)) for sound in person.sounds]
    others = made[1:] + made[:1]
    aperture = _correlations(person.lips, made, APERTURE)
    return {
        "aperture_r": _mean(aperture[:, 0]),
        "aperture_r_of_other_sound": _mean(_correlations(person.lips, others, APERTURE)[:, 0]),
        "width_r": _mean(_correlations(person.lips, made, WIDTH)[:, 0]),
        "width_r_of_other_sound": _mean(_correlations(person.lips, others, WIDTH)[:, 0]),
        "lag_ms": float(np.median(aperture[:, 1])) * 1000 / FPS,
    }


def _shown(encoder: SpeechEncoder, features: Array) -> Array:
    """Features (F, D) -> aperture and width (F, 2)."""
    tracks = features[:, encoder.layout["articulation"]]
    spread, rounding = (tracks[:, TRACKS.index(name)] for name in ("spread", "rounding"))
    return np.column_stack([tracks[:, TRACKS.index("aperture")], spread - rounding])


def _correlations(true: list[Array], made: list[Array], measure: int) -> NDArray[np.float64]:
    """Best-lag r and lag (frames) of each clip, (clips, 2)."""
    rows = []
    for seen, shown in zip(true, made, strict=True):
        length = min(len(seen), len(shown))
        rows.append(aperture_correlation(seen[:length, measure], shown[:length, measure], MAX_LAG))
    return np.array(rows)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean())
