"""Finds when a speaker smiles or raises the brows: what lasts longer than speech moves a face.

Corners of the mouth and brows are read from the landmarks as the canonical view sees them.  What
aperture and the turn of the head explain is taken out, and so are movements as short as sounds.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.optimize import least_squares
from torch import Tensor

from avatar.audio import FPS
from avatar.gestures import EXPRESSIONS, ExpressionName
from avatar.rendering.head_angles import head_angles
from avatar.speakers.canonical import Canonical
from avatar.training.preprocess.landmark_sets import (
    BROWS,
    EYE_CORNERS,
    LEFT_EYE,
    LEFT_MOUTH_CORNER,
    LOWER_LIP,
    RIGHT_EYE,
    RIGHT_MOUTH_CORNER,
    UPPER_LIP,
)

STEADY = 11  # frames of the median that leaves sounds out
LEAST: dict[ExpressionName, float] = {"smile": 0.09, "brows": 0.03}  # eye distances
USUAL_TURNS = (10, 90)  # percentiles of the head's turns: what lies beyond explains no more
FINEST = 0.001  # eye distances: smaller differences are squared
OF_NOISE = 5.0  # standard deviations of the rest
HELD = 0.4  # s: a shorter one is none
ENOUGH = 1.0  # s in all
WITH_SPEECH = 0.5  # correlation with the aperture: more is speech itself
FULL = 75  # percentile of the frames in which it is held: strength 1
BEGUN = 0.15  # strength from which a frame is no longer neutral

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class FoundExpression:
    """One expression in all frames of a video."""

    strength: Array  # (F,) 0..1; 0 everywhere: the video shows none
    finding: str  # what was found, or why nothing, in words

    @property
    def there(self) -> bool:
        return bool(self.strength.any())


def find_strengths(
    points: Array,
    poses: Tensor,
    usable: NDArray[np.bool_],
    clip: NDArray[np.int32],
    aperture: Array,
    canonical: Canonical,
) -> dict[ExpressionName, FoundExpression]:
    """Of landmarks (F, 478, 2) in the canonical view (see `canonical_landmarks`), poses (F, 6)."""
    turn = np.array(head_angles(poses, canonical.pose))
    turn = turn.clip(*np.percentile(turn[usable], USUAL_TURNS, axis=0))
    explained = np.column_stack([aperture, aperture**2, turn, turn**2, np.ones(len(turn))])
    raw = dict(zip(EXPRESSIONS, (_smile(points), _brows(points)), strict=True))
    return {
        name: _find(name, _steady(measure, usable, clip), explained, usable, clip, aperture)
        for name, measure in raw.items()
    }


def _smile(points: Array) -> Array:
    """How wide the mouth is, and how high its corners stand."""
    corners = points[:, [RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER]]
    width = corners[:, 1, 0] - corners[:, 0, 0]
    middle = points[:, [UPPER_LIP, LOWER_LIP], 1].mean(1)
    return np.asarray((width + middle - corners[..., 1].mean(1)) / _unit(points))


def _brows(points: Array) -> Array:
    """How high the brows stand above the corners of the eyes."""
    height = points[:, EYE_CORNERS, 1].mean(1) - points[:, BROWS, 1].mean(1)
    return np.asarray(height / _unit(points))


def _unit(points: Array) -> float:
    """The eye distance in px."""
    between = points[:, LEFT_EYE].mean(1) - points[:, RIGHT_EYE].mean(1)
    return float(np.median(np.linalg.norm(between, axis=1)))


def _steady(measure: Array, usable: NDArray[np.bool_], clip: NDArray[np.int32]) -> Array:
    """Without what is shorter than half a second; frames without a face take their neighbours'."""
    frames = np.arange(len(measure))
    filled = np.interp(frames, frames[usable], measure[usable])
    steady = np.empty_like(filled)
    for number in np.unique(clip):
        steady[clip == number] = median_filter(filled[clip == number], STEADY, mode="nearest")
    return steady


def _find(
    name: ExpressionName,
    steady: Array,
    explained: Array,
    usable: NDArray[np.bool_],
    clip: NDArray[np.int32],
    aperture: Array,
) -> FoundExpression:
    rest = _unexplained(steady, explained, usable)
    usual = float(np.median(rest[usable]))
    noise = 1.4826 * float(np.median(np.abs(rest[usable] - usual)))
    least = max(LEAST[name], OF_NOISE * noise)
    over = rest - usual
    held = _held((over > least) & usable, clip)
    seconds = held.sum() / FPS
    nothing = np.zeros(len(over))
    if seconds < ENOUGH:
        most = float(over[usable].max())
        return FoundExpression(
            nothing,
            f"none: {seconds:.1f} s of at least {least:.2f} eye distances, {ENOUGH:g} are needed "
            f"(most: {most:.2f})",
        )
    together = float(np.corrcoef(held[usable], aperture[usable])[0, 1])
    if abs(together) > WITH_SPEECH:
        return FoundExpression(
            nothing, f"none: what moves so goes with speech (correlation {together:.2f})"
        )
    full = float(np.percentile(over[held], FULL))
    strength = np.clip(over / full, 0, 1)
    strength[(strength < BEGUN) | ~usable] = 0
    return FoundExpression(
        strength,
        f"{seconds:.1f} s, {full:.2f} eye distances, correlation with speech {together:.2f}",
    )


def _unexplained(steady: Array, explained: Array, usable: NDArray[np.bool_]) -> Array:
    """What a fit of least absolute differences leaves: few frames that differ much do not move it.

    A face that is moved also turns the pose that was fitted to it, by degrees: squares would take
    the expression for what such a turn always looks like.
    """
    known, seen = explained[usable], steady[usable]
    fit = least_squares(
        lambda weights: known @ weights - seen,
        np.zeros(known.shape[1]),
        jac=lambda _: known,
        loss="soft_l1",
        f_scale=FINEST,
    )
    return np.asarray(steady - explained @ fit.x)


def _held(over: NDArray[np.bool_], clip: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Frames of stretches inside one clip that are long enough."""
    held = np.zeros_like(over)
    edges = np.flatnonzero(np.diff(np.r_[False, over, False].astype(int)) | _cuts(clip))
    for first, last in itertools.pairwise(edges):
        if over[first] and last - first >= HELD * FPS:
            held[first:last] = True
    return held


def _cuts(clip: NDArray[np.int32]) -> NDArray[np.int64]:
    """1 where a clip begins, and at both ends: (F + 1,)."""
    return np.asarray(np.r_[True, np.diff(clip) != 0, True], np.int64)
