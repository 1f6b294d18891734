"""Head, face and lip masks and the lip box, in the canonical frame."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from avatar.training.preprocess.geometry import Array
from avatar.training.preprocess.landmark_sets import (
    CHIN,
    FACE_OVAL,
    JAW,
    LIPS,
    NOSE_BASE,
)
from avatar.training.preprocess.native_silence import native_silence
from avatar.training.preprocess.polygons import filled, hull

FEATHER = 0.12  # eye distances over which a mask fades
LIP_FEATHER = 0.16
JAW_ROOM = 0.20  # eye distances kept below the lowest chin: its shadow, and the fading edge
MOVING = 0.22  # of the lips' own motion: above this a pixel moves with speech
BOX_ROOM = 0.04  # eye distances between the end of the mask and the box
HEAD_WIDTH = 1.35  # head with ears and hair over the face's width
Mask = NDArray[np.float32]
Box = tuple[int, int, int, int]


def face_mask(landmarks: Array, shape: tuple[int, ...], unit: float) -> Mask:
    """The face oval (H, W) with a feathered rim; landmarks (478, 2), shape (H, W)."""
    return feather(filled(landmarks[FACE_OVAL], shape), FEATHER * unit)


def head_mask(image: NDArray[np.uint8], landmarks: Array, unit: float) -> Mask:
    """Face, hair and ears (H, W): the person above the jaw line.

    Where MediaPipe's segmentation finds no hair the face and an ellipse for the skull remain.
    """
    height, width = image.shape[:2]
    face = filled(landmarks[FACE_OVAL], (height, width))
    low, high = landmarks[FACE_OVAL].min(0), landmarks[FACE_OVAL].max(0)
    middle, half = (low + high) / 2, (high - low) / 2
    xs, ys = np.meshgrid(np.arange(width), np.arange(height))
    across = (xs - middle[0]) / (HEAD_WIDTH * half[0])
    above = ys < landmarks[[132, 361], 1].mean()
    person = _person(image) > 0.5
    hair = person & above & (np.abs(across) < 1.15)
    skull = (across**2 + ((ys - middle[1] + 0.25 * half[1]) / (1.3 * half[1])) ** 2 < 1) & above
    if hair.sum() < 0.6 * skull.sum():
        hair = skull
    return feather(face | hair, FEATHER * unit)


def _person(image: NDArray[np.uint8]) -> Array:
    from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

    with native_silence(), SelfieSegmentation(model_selection=0) as model:
        return np.asarray(model.process(np.ascontiguousarray(image)).segmentation_mask)


def lip_region(
    heat: NDArray[np.float32], canonical: Array, low_chin: float, unit: float
) -> tuple[Box, Mask]:
    """Box (x0, y0, x1, y1) and mask (h, w) of everything that speech moves.

    heat (H, W) motion heat map; canonical (478, 2) landmarks; low_chin: the lowest y that the chin
    reaches in the canonical view; unit: eye distance in px.
    """
    height, width = heat.shape
    lower = _lower_face(canonical, heat.shape, low_chin + JAW_ROOM * unit)
    lips = filled(hull(canonical[LIPS]), heat.shape)
    level = MOVING * float(np.percentile(heat[lips], 75))
    still = float(np.percentile(heat[filled(canonical[FACE_OVAL], heat.shape)], 20))
    soft = cv2.GaussianBlur(heat, (0, 0), 0.05 * unit)
    moving = (soft > max(level, 1.5 * still)) & lower
    core = _one_piece(moving | _grow(lips, 0.12 * unit)) | _chin(canonical, low_chin, lower, unit)
    mask = feather(_fill_hull(core) & lower, LIP_FEATHER * unit, outwards=True)
    mask *= feather(lower, LIP_FEATHER * unit)
    mask *= _keep_off_nose(canonical, height, unit)[:, None]
    box = _box(mask > 0.004, BOX_ROOM * unit, (width, height))
    return box, np.ascontiguousarray(mask[box[1] : box[3], box[0] : box[2]])


def feather(inside: Array, width: float, outwards: bool = False) -> Mask:
    """A soft mask: from 1 to 0 within `width` px inside (or outside) of the region's edge."""
    if outwards:
        away = 1 - distance_transform_edt(~inside) / max(width, 1)
    else:
        away = distance_transform_edt(inside) / max(width, 1)
    share = np.clip(away, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _lower_face(points: Array, shape: tuple[int, ...], bottom: float) -> Array:
    """Between the sides of the face, down along the jaw and as far below it as the chin drops."""
    jaw = points[JAW].copy()
    drop = bottom - points[CHIN, 1]
    middle, half = points[CHIN, 0], np.ptp(points[JAW, 0]) / 2
    near = np.clip(1 - np.square((jaw[:, 0] - middle) / half), 0, 1)
    jaw[:, 1] += drop * near
    above = jaw[[0, -1]] * (1, 0)
    return filled(np.concatenate([above[:1], jaw, above[1:]]), shape)


def _chin(points: Array, low_chin: float, lower: Array, unit: float) -> Array:
    """The chin itself always belongs: where skin is plain its motion leaves little heat."""
    height, width = lower.shape
    xs, ys = np.meshgrid(np.arange(width), np.arange(height))
    across = (xs - points[CHIN, 0]) / (0.55 * unit)
    reach = (ys > points[LIPS, 1].min()) & (ys < low_chin + JAW_ROOM * unit)
    return np.asarray((np.abs(across) < 1) & reach & lower)


def _keep_off_nose(points: Array, height: int, unit: float) -> Array:
    """1 below the upper lip's border, 0 at the base of the nose."""
    top, full = points[NOSE_BASE, 1] + 0.02 * unit, points[LIPS, 1].min() - 0.03 * unit
    share = np.clip((np.arange(height) - top) / max(full - top, 1), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _fill_hull(region: Array) -> Array:
    ys, xs = np.nonzero(region)
    return filled(hull(np.stack([xs, ys], axis=1)), region.shape)


def _grow(region: Array, distance: float) -> Array:
    return np.asarray(distance_transform_edt(~region) <= distance)


def _one_piece(region: Array) -> Array:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8))
    if count < 2:
        return region
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _box(region: Array, room: float, size: tuple[int, int]) -> Box:
    ys, xs = np.nonzero(region)
    x0, y0 = int(max(xs.min() - room, 0)) // 2 * 2, int(max(ys.min() - room, 0)) // 2 * 2
    x1 = min(-(-int(xs.max() + 1 + room) // 2) * 2, size[0])
    y1 = min(-(-int(ys.max() + 1 + room) // 2) * 2, size[1])
    return x0, y0, x1, y1
