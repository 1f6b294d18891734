"""The frame whose view is the canonical space: frontal, sharp, mouth closed, eyes open."""

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.training.preprocess.geometry import Array
from avatar.training.preprocess.landmark_sets import (
    BROWS,
    EYE_CORNERS,
    LEFT_EYE,
    LEFT_MOUTH_CORNER,
    LOWER_INNER_LIP,
    LOWER_LIDS,
    RIGHT_EYE,
    RIGHT_MOUTH_CORNER,
    UPPER_INNER_LIP,
    UPPER_LIDS,
)

FINALISTS = 40  # frames whose sharpness is compared
EXPRESSIONLESS = 0.06  # eye distances beyond the usual that mouths and brows may be
STILL = (0.25, 0.5, 0.25)  # light smoothing of the aperture over time


def lip_aperture(landmarks: Array, clip: Array) -> NDArray[np.float32]:
    """Gap between the inner lips over the eye distance, (F,), smoothed over three frames.

    landmarks (F, 478, 2) px.  Neighbours in another clip do not count.
    """
    raw = lip_gap(landmarks)
    before, after = np.r_[raw[:1], raw[:-1]], np.r_[raw[1:], raw[-1:]]
    before = np.where(np.r_[clip[:1], clip[:-1]] == clip, before, raw)
    after = np.where(np.r_[clip[1:], clip[-1:]] == clip, after, raw)
    return np.asarray(STILL[0] * before + STILL[1] * raw + STILL[2] * after, np.float32)


def lip_gap(landmarks: Array) -> Array:
    """The same gap (F,), each frame by itself."""
    return _gap(landmarks, UPPER_INNER_LIP, LOWER_INNER_LIP)


def eye_opening(landmarks: Array) -> Array:
    """Gap between the lids over the eye distance, (F,)."""
    return _gap(landmarks, UPPER_LIDS, LOWER_LIDS)


def mouth_width(landmarks: Array) -> Array:
    """From corner to corner over the eye distance, (F,)."""
    return _gap(landmarks, np.array([RIGHT_MOUTH_CORNER]), np.array([LEFT_MOUTH_CORNER]))


def brow_height(landmarks: Array) -> Array:
    """From the corners of the eyes to the brows over the eye distance, (F,)."""
    up = landmarks[:, EYE_CORNERS].mean(1) - landmarks[:, BROWS].mean(1)
    return np.asarray(np.linalg.norm(up, axis=-1) / _unit(landmarks))


def _gap(landmarks: Array, upper: Array, lower: Array) -> Array:
    gap = np.linalg.norm(landmarks[:, lower] - landmarks[:, upper], axis=-1).mean(1)
    return np.asarray(gap / _unit(landmarks))


def _unit(landmarks: Array) -> Array:
    """The eye distance in px, (F,)."""
    eyes = landmarks[:, LEFT_EYE].mean(1) - landmarks[:, RIGHT_EYE].mean(1)
    return np.asarray(np.maximum(np.linalg.norm(eyes, axis=-1), 1e-6))


def choose_canonical(
    frames: NDArray[np.uint8], landmarks: Array, poses: Array, aperture: Array, usable: Array
) -> int:
    """Index of the best frame: lips shut, eyes open, no smile, a pose near the frontal one."""
    eyes = eye_opening(landmarks)
    usual = np.median(poses[usable], axis=0)
    aim = np.r_[0.5 * usual[:3], usual[3:]]
    away = np.abs(poses - aim)
    cost = np.rad2deg(np.linalg.norm(away[:, :3], axis=1)) / 4
    cost += np.linalg.norm(away[:, 3:5], axis=1) / 0.2 + away[:, 5] / usual[5] / 0.1
    low = np.percentile(aperture[usable], 10)
    cost += 40 * np.maximum(aperture - low, 0)
    cost += 20 * np.maximum(np.median(eyes[usable]) - eyes, 0)
    for width in (mouth_width(landmarks), brow_height(landmarks)):
        cost += 20 * np.maximum(width - np.median(width[usable]) - EXPRESSIONLESS, 0)
    cost[~usable] = np.inf
    finalists = np.argsort(cost, kind="stable")[:FINALISTS]
    finalists = finalists[np.isfinite(cost[finalists])]
    blur = np.array([_sharpness(frames[i], landmarks[i]) for i in finalists])
    return int(finalists[np.argmin(cost[finalists] - blur / np.median(blur))])


def _sharpness(image: NDArray[np.uint8], landmarks: Array) -> float:
    low = np.floor(landmarks.min(0)).astype(int).clip(0)
    high = np.ceil(landmarks.max(0)).astype(int)
    grey = cv2.cvtColor(image[low[1] : high[1], low[0] : high[0]], cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std())
