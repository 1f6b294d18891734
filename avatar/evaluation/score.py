"""All figures of one method beside the true video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from avatar.evaluation.cpbd import cpbd
from avatar.evaluation.lip_aperture import aperture_correlation
from avatar.evaluation.measure import CPBD_EVERY, Measurements
from avatar.evaluation.metrics import flicker, landmark_distance, psnr, ssim
from avatar.evaluation.perceptual import Perceptual
from avatar.evaluation.test_set import EvaluationSet

MAX_LAG = 5  # frames


@dataclass(frozen=True)
class Scores:
    """Figures of one method; None where they cannot be had."""

    psnr_lips: float  # dB
    ssim_lips: float
    psnr_frame: float  # dB
    ssim_frame: float
    cpbd_lips: float | None  # None without a sharp edge in any picture
    cpbd_frame: float | None
    lmd: float  # px
    lpips_lips: float | None
    aperture_r: float
    aperture_lag_ms: float  # positive: the mouth is late
    flicker: float  # as a share of the true video's
    sync_confidence: float | None = None  # of the training's sync expert
    sync_lag_ms: float | None = None  # positive: the mouth is late


def compare(
    true: Measurements, made: Measurements, test_set: EvaluationSet, perceptual: Perceptual | None
) -> Scores:
    """Judge what was seen in made frames by what was seen in the true ones."""
    followed = np.isfinite(true.aperture) & np.isfinite(made.aperture)
    r, lag = aperture_correlation(
        _over_video(test_set, true.aperture),
        _over_video(test_set, made.aperture),
        MAX_LAG,
        test_set.tracked.clip,
    )
    runs = _runs(test_set)
    return Scores(
        psnr_lips=psnr(true.rectangles, made.rectangles),
        ssim_lips=ssim(true.rectangles, made.rectangles),
        psnr_frame=float(np.mean(made.psnr)),
        ssim_frame=float(np.mean(made.ssim)),
        cpbd_lips=_mean([cpbd(part) for part in made.rectangles[::CPBD_EVERY]]),
        cpbd_frame=_mean(made.cpbd),
        lmd=landmark_distance(true.lips[followed], made.lips[followed]),
        lpips_lips=perceptual(true.rectangles, made.rectangles) if perceptual else None,
        aperture_r=r,
        aperture_lag_ms=lag * 1000 / FPS,
        flicker=flicker(made.rectangles, runs) / flicker(true.rectangles, runs),
    )


def _over_video(test_set: EvaluationSet, aperture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values of the rows at their places in the tracked video, NaN between them."""
    track = np.full(len(test_set.tracked.clip), np.nan, np.float32)
    track[test_set.rows] = aperture
    return track


def _runs(test_set: EvaluationSet) -> NDArray[np.int32]:
    """A number for each unbroken run of rows."""
    breaks = (np.diff(test_set.rows) != 1) | (np.diff(test_set.clip) != 0)
    return np.cumsum(np.r_[False, breaks], dtype=np.int32)


def _mean(values: list[float]) -> float | None:
    """Mean of the values that are numbers."""
    numbers = [value for value in values if np.isfinite(value)]
    return float(np.mean(numbers)) if numbers else None
