"""Frames seen from the canonical view: O2C as plain image sampling, for measuring motion."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.models.warp import Camera
from avatar.training.preprocess.geometry import Array, into_head, rotations, unproject


class CanonicalView:
    """Samples any frame at the places where the canonical pixels stand in it."""

    def __init__(
        self,
        depth: Array,
        pose: Array,
        camera: Camera,
        box: tuple[int, int, int, int] | None = None,
    ) -> None:
        """depth (H, W) and pose (6,) of the canonical frame; box (x0, y0, x1, y1): only there."""
        x0, y0, x1, y1 = box or (0, 0, depth.shape[1], depth.shape[0])
        pixels = np.stack(np.meshgrid(np.arange(x0, x1), np.arange(y0, y1)), axis=-1)
        self._camera = camera
        self._shape = y1 - y0, x1 - x0
        points = into_head(pose, unproject(pixels, depth[y0:y1, x0:x1], camera))
        self._points = np.ascontiguousarray(points.reshape(-1, 3).T, np.float32)

    def places(self, pose: Array) -> NDArray[np.float32]:
        """(H, W, 2) px in the frame of this pose (6,)."""
        camera = self._camera
        x, y, z = rotations(pose[:3]).astype(np.float32) @ self._points
        found = np.empty((*self._shape, 2), np.float32)
        scale = np.float32(camera.focal) / (z + np.float32(pose[5]))
        found[..., 0] = ((x + np.float32(pose[3])) * scale).reshape(self._shape)
        found[..., 1] = ((y + np.float32(pose[4])) * scale).reshape(self._shape)
        found += np.array([camera.cx, camera.cy], np.float32)
        return found

    def warp(self, image: NDArray[Any], pose: Array) -> NDArray[Any]:
        """(H, W[, 3]) frame -> the same picture in the canonical view."""
        return self.sample(image, self.places(pose))

    @staticmethod
    def sample(image: NDArray[Any], places: NDArray[np.float32]) -> NDArray[Any]:
        """The picture read at `places` (h, w, 2) px, bicubic; edges repeat."""
        nothing = np.empty(0, np.float32)
        mode = cv2.BORDER_REPLICATE
        return np.asarray(cv2.remap(image, places, nothing, cv2.INTER_CUBIC, borderMode=mode))
