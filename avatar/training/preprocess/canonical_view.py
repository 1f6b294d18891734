"""Frames seen from the canonical view: O2C as plain image sampling, for measuring motion."""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.models.warp import Camera
from avatar.training.preprocess.geometry import Array, into_head, project, transform, unproject


class CanonicalView:
    """Samples any frame at the places where the canonical pixels stand in it."""

    def __init__(self, depth: Array, pose: Array, camera: Camera) -> None:
        height, width = depth.shape
        pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
        self._camera = camera
        self._shape = height, width
        self._points = into_head(pose, unproject(pixels, depth, camera)).reshape(-1, 3)

    def places(self, pose: Array) -> NDArray[np.float32]:
        """(H, W, 2) px in the frame of this pose (6,)."""
        found = project(transform(pose, self._points), self._camera)
        return np.asarray(found.reshape(*self._shape, 2), np.float32)

    def warp(self, image: NDArray[np.uint8], pose: Array) -> NDArray[np.uint8]:
        """(H, W[, 3]) frame -> the same picture in the canonical view."""
        places = self.places(pose)
        return np.asarray(
            cv2.remap(image, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        )
