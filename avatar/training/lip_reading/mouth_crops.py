"""Pictures of a mouth, upright and of one size, cut by landmarks that speech does not move.

The same landmarks cut the true and the generated mouth, so that nothing is told by the cutting.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.models.word_reader import VIEW
from avatar.training.preprocess.landmark_sets import LEFT_EYE, LIPS, RIGHT_EYE, RIGID

MARGIN = 4  # px round what a reader sees, for it to be moved
CROP = (VIEW[0] + 2 * MARGIN, VIEW[1] + 2 * MARGIN)  # height, width
EYE_DISTANCE = 44.0  # px of a crop

Crops = NDArray[np.uint8]
Complex = NDArray[np.complex128]


def mouth_placement(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Landmarks (F, 478, 2 or 3) of one clip -> (F, 2, 3) from px of the frame to px of the crop.

    Frames without a face (NaN) stand where their neighbours do; one frame must have a face.
    """
    points = landmarks[..., 0] + 1j * landmarks[..., 1].astype(np.float64)
    seen = np.flatnonzero(np.isfinite(points[:, 0]))
    right, left = points[seen][:, RIGHT_EYE].mean(1), points[seen][:, LEFT_EYE].mean(1)
    upright = (points[seen] - right[:, None]) / (left - right)[:, None]
    shape = np.median(upright.real, 0) + 1j * np.median(upright.imag, 0)
    turn, shift = _similarity(points[seen][:, RIGID], shape[RIGID])
    centre = (CROP[1] - 1) / 2 + 1j * (CROP[0] - 1) / 2
    turn, shift = EYE_DISTANCE * turn, EYE_DISTANCE * (shift - shape[LIPS].mean()) + centre
    frames = np.arange(len(points))
    a, b, x, y = (
        np.interp(frames, seen, part) for part in (turn.real, turn.imag, shift.real, shift.imag)
    )
    rows = [np.stack([a, -b, x], -1), np.stack([b, a, y], -1)]
    return np.asarray(np.stack(rows, 1), np.float32)


def mouth_crop(frame: NDArray[np.uint8], placement: NDArray[np.float32]) -> Crops:
    """Frame (H, W, 3) RGB -> grey picture (*CROP) of its mouth."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    smaller = 1 / float(np.hypot(placement[0, 0], placement[1, 0]))
    if smaller > 1:  # what would be finer than a pixel of the crop is taken out first
        grey = cv2.GaussianBlur(grey, (0, 0), (smaller - 1) / 2 + 1e-3)
    size = (CROP[1], CROP[0])
    made = cv2.warpAffine(
        grey, placement, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(made, np.uint8)


def _similarity(points: Complex, shape: Complex) -> tuple[Complex, Complex]:
    """Factors and offsets (F,) that bring points (F, N) nearest to a shape (N,)."""
    middle, centre = points.mean(1), shape.mean()
    apart = points - middle[:, None]
    turn = (apart.conj() * (shape - centre)).sum(1) / (np.abs(apart) ** 2).sum(1)
    return turn, centre - turn * middle
