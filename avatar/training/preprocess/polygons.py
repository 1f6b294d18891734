"""Filled polygons as boolean pictures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.training.preprocess.geometry import Array

Region = NDArray[np.bool_]


def filled(points: Array, shape: tuple[int, ...]) -> Region:
    """The polygon (N, 2) px filled in a picture of this shape (H, W)."""
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(canvas, [np.round(points[:, :2]).astype(np.int32)], (1.0,))
    return canvas.astype(bool)


def hull(points: Array) -> Array:
    """The convex hull (M, 2) of points (N, 2)."""
    return np.asarray(cv2.convexHull(points[:, :2].astype(np.float32))[:, 0])
