"""Decoded pictures as they are to be shown: square pixels, turned and mirrored as the file says."""

import struct
from typing import Any

import cv2
import numpy as np
from av.sidedata.sidedata import Type as SideData
from numpy.typing import NDArray

Image = NDArray[np.uint8]

SQUARE_TOLERANCE = 0.01  # pixel aspect ratios nearer to 1 than this are left alone


def upright(image: Image, frame: Any, pixel_aspect: float) -> Image:
    """The RGB of a decoded frame, (H, W, 3), turned; `pixel_aspect` is the width of a pixel
    over its height."""
    if abs(pixel_aspect - 1) > SQUARE_TOLERANCE:
        height, width = image.shape[:2]
        size = (
            (round(width * pixel_aspect), height)
            if pixel_aspect < 1
            else (width, round(height / pixel_aspect))
        )
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    a, b, c, d = _display_matrix(frame)
    if abs(b) > abs(a):  # lying: columns become rows
        image, a, d = image.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def fit(image: Image, size: tuple[int, int]) -> Image:
    """The picture scaled into (width, height), whole and undistorted, black beside it."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale, left, top = fitting((width, height), size)
    inner = round(width * scale), round(height * scale)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    fitted = np.zeros((size[1], size[0], 3), np.uint8)
    fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        image, inner, interpolation=how
    )
    return fitted


def fitting(inner: tuple[int, int], outer: tuple[int, int]) -> tuple[float, int, int]:
    """Scale and place (left, top) of a picture of one (width, height) in the middle of another."""
    scale = min(outer[0] / inner[0], outer[1] / inner[1])
    left, top = ((o - round(i * scale)) // 2 for i, o in zip(inner, outer, strict=True))
    return scale, left, top


def _display_matrix(frame: Any) -> tuple[int, int, int, int]:
    """a, b, c, d of: shown x = a x + c y, shown y = b x + d y, y growing downwards."""
    if SideData.DISPLAYMATRIX not in frame.side_data:
        return 1, 0, 0, 1
    data = bytes(frame.side_data.get(SideData.DISPLAYMATRIX))
    a, b, _, c, d = struct.unpack("=5i", data[:20])
    return a, b, c, d
