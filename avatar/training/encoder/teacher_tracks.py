"""Rules know what is said, a teacher knows how lips do it: both in one articulation.

What landmarks cannot teach stays as the rules have it, and so do the closures of p, b and m: a
teacher blurs what is short. In opening the teacher counts more, but not alone: taught by it alone,
every tenth open vowel of a voice never heard stayed less than half as open as that voice's others
(every twentieth by the rules).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.models.lip_closure import APERTURE, CLOSURE
from avatar.motion import TRACKS
from avatar.training.encoder.lip_measures import Measures, as_tracks, at_mel_rate, standardised

TEACHER = 0.8  # weight of the teacher's opening beside the rules'
OPENING = [TRACKS.index(name) for name in ("aperture", "jaw")]

Mouth = NDArray[np.float16]


def teacher_tracks(
    rules: Sequence[Mouth], lips: Sequence[Measures], voices: Sequence[str]
) -> list[Mouth]:
    """Mouths (T, tracks + 1) by the rules, the lips (F, measures) that a teacher hears, and whose.

    Each voice is brought to its own range over all it says.
    """
    rows = defaultdict(list)
    for row, voice in enumerate(voices):
        rows[voice].append(row)
    mouths = list(rules)
    for own in rows.values():
        shown = as_tracks(standardised([lips[row] for row in own]))
        for row, tracks in zip(own, shown, strict=True):
            mouths[row] = _taught(rules[row], at_mel_rate(tracks, len(rules[row])))
    return mouths


def _taught(rule: Mouth, lips: NDArray[np.float32]) -> Mouth:
    mouth = rule.copy()
    tracks = mouth[:, :-1]
    known = np.isfinite(lips)
    tracks[known] = lips[known]
    tracks[:, OPENING] = TEACHER * tracks[:, OPENING] + (1 - TEACHER) * rule[:, OPENING]
    tracks[:, APERTURE] *= 1 - rule[:, CLOSURE]
    return mouth
