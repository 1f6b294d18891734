"""Pictures drawn along coarse fields: movements known on a lattice of blocks, smooth in between."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.models.warp import pixel_lattice

Array = NDArray[np.float32]
Part = tuple[slice, slice]  # rows and columns
Value = TypeVar("Value", np.uint8, np.float32)
ONE_MAP = np.empty(0, np.float32)  # where OpenCV would take x and y apart


def block_centres(height: int, width: int, pitch: int) -> Array:
    """Centres (h, w, 2) of all squares of `pitch` pixels."""
    blocks = pixel_lattice((0, 0, width // pitch, height // pitch))
    return np.asarray((blocks.numpy() + 0.5) * pitch - 0.5, np.float32)


def extent(moves: NDArray[np.bool_]) -> Part:
    """Rows and columns of blocks outside of which nothing moves."""
    rows, columns = np.flatnonzero(moves.any(axis=1)), np.flatnonzero(moves.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def in_pixels(blocks: slice, pitch: int) -> slice:
    return slice(blocks.start * pitch, blocks.stop * pitch)


def pixels_of(height: int, width: int) -> Array:
    """Coordinates (h, w, 2) of every pixel."""
    return np.asarray(pixel_lattice((0, 0, width, height)).numpy(), np.float32)


def refined(back: Array, pixels: Array) -> Array:
    """Where each of `pixels` (h, w, 2) comes from: (h, w, 2)."""
    height, width = pixels.shape[:2]
    fine: Array = np.asarray(cv2.resize(back, (width, height)), np.float32)
    fine += pixels
    return fine


def sampled(image: NDArray[Value], at: Array, mode: int) -> NDArray[Value]:
    """`image` (H, W) or (H, W, C) read at the points (h, w, 2)."""
    found = cv2.remap(image, at, ONE_MAP, mode, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, image.dtype)
