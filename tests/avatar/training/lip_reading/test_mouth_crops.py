"""Mouths stand upright and still in their crops, however the head stands in the frame."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.training.lip_reading.mouth_crops import CROP, mouth_crop, mouth_placement
from avatar.training.preprocess.landmark_sets import LEFT_EYE, LIPS, RIGHT_EYE, RIGID

FACE = 40.0  # px between the eyes


def _landmarks() -> NDArray[np.float32]:
    points = np.zeros((478, 2), np.float32)
    points[RIGID] = np.random.default_rng(0).normal(0, 10, (len(RIGID), 2))
    points[RIGHT_EYE], points[LEFT_EYE] = (-FACE / 2, 0), (FACE / 2, 0)
    points[LIPS] = (0, FACE)
    return points


def _turned(angle: float, size: float, to: tuple[float, float]) -> NDArray[np.float32]:
    cos, sin = size * np.cos(angle), size * np.sin(angle)
    return np.array([[cos, -sin, to[0]], [sin, cos, to[1]]], np.float32)


def _shown(points: NDArray[np.float32], how: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(points @ how[:, :2].T + how[:, 2], np.float32)


HEADS = [(0.0, 1.0, (90.0, 60.0)), (0.2, 1.1, (100.0, 70.0)), (-0.15, 0.9, (80.0, 66.0))]


def test_heads_that_turn_and_come_near_give_one_crop() -> None:
    points = _landmarks()
    views = [_turned(*head) for head in HEADS]
    placed = mouth_placement(np.stack([_shown(points, how) for how in views]))
    for how, placement in zip(views, placed, strict=True):
        mouth = _shown(_shown(points[LIPS[:1]], how), placement)
        np.testing.assert_allclose(mouth[0], [(CROP[1] - 1) / 2, (CROP[0] - 1) / 2], atol=1e-3)
        frame = np.full((160, 200, 3), 200, np.uint8)
        x, y = _shown(points[LIPS[:1]], how)[0]
        cv2.circle(frame, (round(float(x)), round(float(y))), 6, (20, 20, 20), -1)
        crop = mouth_crop(frame, placement)
        assert crop.shape == CROP
        assert crop[CROP[0] // 2, CROP[1] // 2] < 40
        assert crop[0, 0] == 200


def test_frames_without_a_face_stand_where_their_neighbours_do() -> None:
    points = _landmarks()
    rows = np.stack([_shown(points, _turned(0, 1, (90 + 4.0 * n, 60))) for n in range(3)])
    whole = mouth_placement(rows)
    rows[1] = np.nan
    np.testing.assert_allclose(mouth_placement(rows), whole, atol=1e-3)


@pytest.mark.parametrize("opening", [2.0, 15.0])
def test_an_opening_mouth_does_not_move_the_crop(opening: float) -> None:
    points = np.stack([_landmarks()] * 3)
    still = mouth_placement(points)
    points[1, LIPS, 1] += opening
    np.testing.assert_allclose(mouth_placement(points), still, atol=1e-4)
