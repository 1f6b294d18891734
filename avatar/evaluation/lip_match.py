"""Do one pair of lips do what another does: in opening and width, in closures, in speed?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.evaluation.lip_aperture import aperture_correlation
from avatar.training.encoder.lip_measures import MEASURES, Measures

MAX_LAG = 4  # frames
SHUT, WIDE = 0.05, 0.9  # quantiles of a clip's apertures: closed lips and open ones
CLOSED = 0.12  # of the way from shut to wide: lips less open than that are closed
NEAR = 2  # frames within which a closure counts as the same
APERTURE, WIDTH = MEASURES.index("aperture"), MEASURES.index("width")


@dataclass(frozen=True)
class LipMatch:
    """Made lips beside true ones, by each pair's own range."""

    aperture_r: float
    """At the best lag."""
    lag_ms: float
    """Positive: the made lips are late."""
    width_r: float
    """At the best lag of its own."""
    missed_closures: float
    """Share of the true closures near which the made lips do not close."""
    false_closures: float
    """Share of the made closures near which the true lips do not close."""
    speed_ratio: float
    """Mean change of aperture from frame to frame over its range, made to true."""


def match_lips(true: Measures, made: Measures) -> LipMatch:
    """Measures (F, measures) of both, frame by frame beside each other."""
    opening, follows = true[:, APERTURE], made[:, APERTURE]
    r, lag = aperture_correlation(opening, follows, MAX_LAG)
    width_r, _ = aperture_correlation(true[:, WIDTH], made[:, WIDTH], MAX_LAG)
    shift = round(lag)
    there, here = _closed(opening), np.roll(_closed(follows), -shift)
    return LipMatch(
        aperture_r=r,
        lag_ms=lag * 1000 / FPS,
        width_r=width_r,
        missed_closures=_alone(there, here),
        false_closures=_alone(here, there),
        speed_ratio=_speed(follows) / max(_speed(opening), 1e-6),
    )


def mean_match(matches: Sequence[LipMatch]) -> LipMatch:
    """Of several clips; what a clip does not show (no closure in it) is left out."""
    columns = np.array([list(vars(match).values()) for match in matches])
    known = np.isfinite(columns)
    total = np.where(known, columns, 0).sum(0)
    means = np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)
    return LipMatch(*(float(value) for value in means))


def _span(aperture: NDArray[np.float32]) -> tuple[float, float]:
    shut, wide = np.quantile(aperture, (SHUT, WIDE))
    return float(shut), max(float(wide - shut), 1e-6)


def _closed(aperture: NDArray[np.float32]) -> NDArray[np.bool_]:
    shut, span = _span(aperture)
    return np.asarray(aperture < shut + CLOSED * span)


def _alone(closed: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
    """Share of the stretches of `closed` near which `others` are never closed; NaN without any."""
    edges = np.flatnonzero(np.diff(np.r_[False, closed, False].astype(np.int8))).reshape(-1, 2)
    alone = [not others[max(first - NEAR, 0) : end + NEAR].any() for first, end in edges]
    return float(np.mean(alone)) if alone else float("nan")


def _speed(aperture: NDArray[np.float32]) -> float:
    return float(np.abs(np.diff(aperture)).mean()) / _span(aperture)[1]
