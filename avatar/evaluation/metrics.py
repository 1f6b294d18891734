"""How close made pictures are to true ones.  Pictures are (F, H, W, 3) uint8 RGB arrays."""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Values = NDArray[np.floating[Any]]

IDENTICAL = 100.0  # dB reported where there is no difference at all
SSIM_SIGMA, SSIM_RADIUS = 1.5, 5  # the 11x11 Gaussian window of Wang et al. 2004
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr(true: Iterable[Picture], made: Iterable[Picture]) -> float:
    """Peak signal-to-noise ratio in dB, the mean over the pictures."""
    return _mean(picture_psnr(a, b) for a, b in zip(true, made, strict=True))


def ssim(true: Iterable[Picture], made: Iterable[Picture]) -> float:
    """Structural similarity (Wang et al. 2004), the mean over pixels, channels and pictures."""
    return _mean(picture_ssim(a, b) for a, b in zip(true, made, strict=True))


def picture_psnr(true: Picture, made: Picture) -> float:
    """PSNR in dB of one picture."""
    error = float(np.square(true.astype(np.float32) - made).mean())
    return IDENTICAL if error == 0 else min(IDENTICAL, 10 * float(np.log10(255**2 / error)))


def picture_ssim(true: Picture, made: Picture) -> float:
    """SSIM of one picture; windows that would reach over its edge are left out."""
    x, y = true.astype(np.float32), made.astype(np.float32)
    mean_x, mean_y = _window(x), _window(y)
    var_x = _window(x * x) - mean_x**2
    var_y = _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    structure = (2 * covariance + C2) / (var_x + var_y + C2)
    light = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    inside = slice(SSIM_RADIUS, -SSIM_RADIUS)
    return float((structure * light)[inside, inside].mean())


def landmark_distance(true: Values, made: Values) -> float:
    """LMD: mean Euclidean distance of lip landmarks (F, L, 2), in pixels of the frame."""
    return float(np.linalg.norm(true - made, axis=-1).mean())


def flicker(pictures: NDArray[np.uint8], clip: NDArray[np.int32]) -> float:
    """Mean absolute second difference in time of (F, h, w, 3), in grey levels.

    `clip` (F,) numbers the clips; differences do not cross from one to the next.
    """
    inner = np.flatnonzero(clip[2:] == clip[:-2]) + 1
    return _mean(_bend(pictures[i - 1 : i + 2].astype(np.float32)) for i in inner)


def _bend(three: NDArray[np.float32]) -> float:
    return float(np.abs(three[0] - 2 * three[1] + three[2]).mean())


def _window(image: NDArray[np.float32]) -> NDArray[np.float32]:
    size = 2 * SSIM_RADIUS + 1
    return np.asarray(cv2.GaussianBlur(image, (size, size), SSIM_SIGMA), np.float32)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return float(np.mean(found)) if found else float("nan")
