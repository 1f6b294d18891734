"""Where in the canonical face an expression changes anything."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.gestures import ExpressionName
from avatar.training.preprocess.landmark_sets import (
    BROWS,
    FACE_OVAL,
    LEFT_EYE_RIM,
    NOSE_BASE,
    RIGHT_EYE_RIM,
)
from avatar.training.preprocess.masks import Box, feather
from avatar.training.preprocess.polygons import filled, hull

RIM = 0.25  # eye distances inside the face's edge, over which movement and light fade out
LID, UNDER_NOSE = 0.06, 0.14  # eye distances, over which light comes in
PADDING = 4  # px round what changes

Array = NDArray[np.floating[Any]]
Size = tuple[int, int]  # height, width in px


def changing(name: ExpressionName, rest: Array, size: Size, unit: float) -> Array:
    """(H, W) 0..1: where in the face an expression changes anything."""
    face = filled(hull(rest[FACE_OVAL]), size)
    inside = np.asarray(feather(face, RIM * unit), float)
    eyes, brows = rest[[*RIGHT_EYE_RIM, *LEFT_EYE_RIM], 1].mean(), rest[BROWS, 1].mean()
    rows = np.arange(size[0])
    if name == "smile":
        part = np.clip((rows - brows) / (eyes - brows), 0, 1)
    else:
        part = np.clip((eyes + (eyes - brows) - rows) / (eyes - brows), 0, 1)
    return np.asarray(inside * (part * part * (3 - 2 * part))[:, None], np.float32)


def relit(points: Array, size: Size, unit: float) -> Array:
    """(H, W) 0..1: where light may change: above the base of the nose, but for the eyes.

    Folds of a smile beside lips that speak tell a lip reader wrong (docs/face.md).
    """
    above = np.clip((points[NOSE_BASE, 1] - np.arange(size[0])) / (UNDER_NOSE * unit), 0, 1)
    skin = np.repeat(above[:, None].astype(np.float32), size[1], axis=1)
    for rim in (RIGHT_EYE_RIM, LEFT_EYE_RIM):
        skin *= 1 - feather(filled(hull(points[rim]), size), LID * unit, outwards=True)
    return skin


def box_of(changes: NDArray[np.bool_], size: Size) -> Box:
    """Round what changes (H, W), with some room."""
    rows, columns = np.flatnonzero(changes.any(1)), np.flatnonzero(changes.any(0))
    x0, y0 = max(0, columns[0] - PADDING), max(0, rows[0] - PADDING)
    x1, y1 = min(size[1], columns[-1] + 1 + PADDING), min(size[0], rows[-1] + 1 + PADDING)
    return int(x0), int(y0), int(x1), int(y1)
