"""CPBD, a sharpness figure that needs no true picture.

Narvekar and Karam, "A No-Reference Image Blur Metric Based on the Cumulative Probability of Blur
Detection", IEEE Trans. Image Processing 2011.  The share of edges too narrow for the eye to call
them blurred: 1 for a sharp picture, 0 for a blurred one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

BLOCK = 64  # pixels
EDGE_SHARE = 0.002  # a block with fewer edge pixels has no say
BETA = 3.6
HIGH_CONTRAST = 50  # grey levels above which an edge is seen as blurred sooner
WIDTH_LOW, WIDTH_HIGH = 5.0, 3.0  # just noticeable widths in pixels below and above that
NOTICEABLE = 0.63  # probability at the just noticeable width
CANNY_BLUR = 1.4  # pixels
CANNY_HIGH = 70  # percentile of the gradient above which an edge begins
CANNY_FLOOR = 60.0  # Sobel units (4 a grey level): fainter steps come from rounding, not edges
CANNY_LOW = 0.4  # share of that threshold down to which it goes on
HORIZONTAL = np.tan(np.radians(22.5))  # |dy| / |dx| up to which a gradient counts as horizontal


def cpbd(picture: NDArray[np.uint8]) -> float:
    """CPBD of one picture (H, W, 3) uint8 RGB; NaN if it has no edges."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    edges, dx = _edges(grey)
    widths = _edge_widths(grey.astype(np.int16), dx)
    probabilities = [
        _blur_probability(widths[block][marked], grey[block])
        for block in _blocks(grey.shape)
        if (marked := edges[block] & (widths[block] > 0)).any() and edges[block].mean() > EDGE_SHARE
    ]
    if not probabilities:
        return float("nan")
    return float((np.concatenate(probabilities) <= NOTICEABLE).mean())


def _blocks(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Blocks that cover the picture; those at the right and the bottom may be smaller."""
    return [
        (slice(y, y + BLOCK), slice(x, x + BLOCK))
        for y in range(0, shape[0], BLOCK)
        for x in range(0, shape[1], BLOCK)
    ]


def _blur_probability(widths: NDArray[np.int64], block: NDArray[np.uint8]) -> NDArray[np.float64]:
    contrast = int(block.max()) - int(block.min())
    noticeable = WIDTH_HIGH if contrast > HIGH_CONTRAST else WIDTH_LOW
    return np.asarray(1 - np.exp(-((widths / noticeable) ** BETA)), np.float64)


def _edges(grey: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.int16]]:
    """Canny edges whose gradient is horizontal, and the horizontal gradient."""
    smooth = cv2.GaussianBlur(grey, (0, 0), CANNY_BLUR)
    dx = cv2.Sobel(smooth, cv2.CV_16S, 1, 0)
    dy = cv2.Sobel(smooth, cv2.CV_16S, 0, 1)
    high = max(float(np.percentile(np.hypot(dx, dy), CANNY_HIGH)), CANNY_FLOOR)
    found = cv2.Canny(dx, dy, CANNY_LOW * high, high, L2gradient=True) > 0
    sharp = cv2.Sobel(grey, cv2.CV_16S, 1, 0)
    return found & (np.abs(dy) <= HORIZONTAL * np.abs(dx)), sharp.astype(np.int16, copy=False)


def _edge_widths(grey: NDArray[np.int16], dx: NDArray[np.int16]) -> NDArray[np.int64]:
    """Marziliano's width of an edge at each pixel: from one extremum of its row to the next."""
    step = np.sign(np.diff(grey, axis=1))
    rising = _run_lengths(step == 1)
    falling = _run_lengths(step == -1)
    return np.where(dx > 0, rising, falling)


def _run_lengths(holds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(H, W - 1) steps -> (H, W) number of unbroken steps that meet at each pixel."""
    before = np.pad(_run_so_far(holds), ((0, 0), (1, 0)))
    after = np.pad(_run_so_far(holds[:, ::-1])[:, ::-1], ((0, 0), (0, 1)))
    return before + after


def _run_so_far(holds: NDArray[np.bool_]) -> NDArray[np.int64]:
    place = np.arange(1, holds.shape[1] + 1)
    broken = np.where(holds, 0, place)
    return np.asarray(place - np.maximum.accumulate(broken, axis=1), np.int64)
