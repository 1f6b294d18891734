"""What landmarks tell of a pair of lips, in units of the face, and the same as articulation tracks.

A face mesh knows how far the lips are apart and how wide they are, where the chin is and, roughly,
how far the lips stand out. It knows nothing of teeth and tongue: those tracks stay NaN. So does the
closure, which 25 pictures a second are too few to see, and so do spread and rounding: a few people
teach the width of lips worse than rules do (r 0.49 and 0.62 on people that nothing learned from).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.motion import TRACKS
from avatar.training.encoder.closures import FRAME
from avatar.training.preprocess.canonical_frame import lip_gap
from avatar.training.preprocess.landmark_sets import (
    CHIN,
    LEFT_EYE,
    LEFT_MOUTH_CORNER,
    LOWER_LIP,
    NOSE_BASE,
    RIGHT_EYE,
    RIGHT_MOUTH_CORNER,
    UPPER_LIP,
)

MEASURES = ("aperture", "width", "jaw", "protrusion")
SEEN_TRACKS = ("aperture", "jaw", "protrusion")
SMOOTH = np.array([0.25, 0.5, 0.25])  # over frames, as apertures are judged
SHUT, WIDE = 0.08, 0.95  # quantiles of a person's measure that are 0 and TOP in a track
TOP = 0.8

Measures = NDArray[np.float32]
Array = NDArray[np.floating[Any]]


def lip_measures(points: NDArray[np.float32]) -> Measures:
    """Landmarks (F, 478, 3) of one clip in px -> (F, len(MEASURES)) over the eye distance.

    Frames without a face (NaN) are filled in from their neighbours.
    """
    eyes = points[:, LEFT_EYE].mean(1) - points[:, RIGHT_EYE].mean(1)
    unit = np.linalg.norm(eyes[:, :2], axis=1)
    across = points[:, LEFT_MOUTH_CORNER] - points[:, RIGHT_MOUTH_CORNER]
    drop = points[:, CHIN] - points[:, NOSE_BASE]
    lips = points[:, [UPPER_LIP, LOWER_LIP], 2].mean(1)
    behind = points[:, [NOSE_BASE, CHIN], 2].mean(1) - lips
    raw = np.column_stack(
        [
            lip_gap(points[..., :2]),
            np.linalg.norm(across[:, :2], axis=1) / unit,
            np.linalg.norm(drop[:, :2], axis=1) / unit,
            behind / unit,
        ]
    )
    return np.asarray(_smoothed(_filled(raw)), np.float32)


def standardised(measures: list[Measures]) -> list[Measures]:
    """Every clip (F, M) with mean 0 and variance 1: cameras, distances and poses differ."""
    return [(clip - clip.mean(0)) / (clip.std(0) + 1e-6) for clip in measures]


def as_tracks(measures: list[Measures]) -> list[NDArray[np.float32]]:
    """Standardised clips (F, M) of one person -> articulation tracks (F, len(TRACKS)).

    The person's own range becomes 0..1; what landmarks cannot tell is NaN.
    """
    everything = np.concatenate(measures)
    low, high = np.quantile(everything, SHUT, axis=0), np.quantile(everything, WIDE, axis=0)
    return [_tracks(TOP * (clip - low) / (high - low + 1e-6)) for clip in measures]


def at_mel_rate(rows: NDArray[np.float32], frames: int, offset: float = 0.0) -> NDArray[np.float32]:
    """Rows (F, D) of video frames -> (frames, D) at 100 Hz, beside a sound `offset` frames late."""
    return _between(rows, (np.arange(frames) + 0.5) / FRAME - 0.5 - offset)


def moved(rows: NDArray[np.float32], offset: float) -> NDArray[np.float32]:
    """Rows (F, D) of video frames as they belong to a sound `offset` frames late."""
    return _between(rows, np.arange(len(rows)) - offset)


def _tracks(shares: Array) -> NDArray[np.float32]:
    found = np.full((len(shares), len(TRACKS)), np.nan, np.float32)
    for name in SEEN_TRACKS:
        found[:, TRACKS.index(name)] = np.clip(shares[:, MEASURES.index(name)], 0, 1)
    return found


def _filled(raw: Array) -> Array:
    """NaN replaced by straight lines between what was seen."""
    frames, seen = np.arange(len(raw)), np.isfinite(raw).all(1)
    return np.column_stack([np.interp(frames, frames[seen], column[seen]) for column in raw.T])


def _smoothed(rows: Array) -> Array:
    padded = np.concatenate([rows[:1], rows, rows[-1:]])
    smooth: Array = SMOOTH[0] * padded[:-2] + SMOOTH[1] * padded[1:-1] + SMOOTH[2] * padded[2:]
    return smooth


def _between(rows: NDArray[np.float32], times: Array) -> NDArray[np.float32]:
    frames = np.arange(len(rows))
    columns = [np.interp(times, frames, column) for column in rows.T]
    return np.column_stack(columns).astype(np.float32)
