"""The lip box holds what moves, and the mask fades before it ends."""

import numpy as np

from avatar.training.preprocess.landmark_sets import (
    CHIN,
    FACE_OVAL,
    JAW,
    LIPS,
    NOSE_BASE,
)
from avatar.training.preprocess.masks import face_mask, feather, lip_region

SHAPE, UNIT = (240, 200), 60.0


def _face() -> np.ndarray:
    """Landmarks of an oval face, the mouth at (100, 160)."""
    points = np.zeros((478, 2))
    points[:] = 100, 120
    turn = np.linspace(0, 2 * np.pi, len(FACE_OVAL), endpoint=False)
    points[FACE_OVAL] = np.stack([100 + 60 * np.sin(turn), 120 - 85 * np.cos(turn)], -1)
    turn = np.linspace(0, 2 * np.pi, len(LIPS), endpoint=False)
    points[LIPS] = np.stack([100 + 22 * np.cos(turn), 160 + 8 * np.sin(turn)], -1)
    points[NOSE_BASE] = 100, 142
    return points


def _heat(points: np.ndarray) -> np.ndarray:
    heat = np.full(SHAPE, 0.5, np.float32)
    heat[152:170, 78:122] = 20
    heat[170:200, 80:120] = 8
    heat[20:60, 60:140] = 30  # hair, which must not count
    assert points[CHIN, 1] > 195
    return heat


def test_box_and_mask_hold_lips_and_chin_and_nothing_above_the_nose() -> None:
    points = _face()
    (x0, y0, x1, y1), mask = lip_region(_heat(points), points, 214.0, UNIT)
    assert all(value % 2 == 0 for value in (x0, y0, x1, y1))
    assert mask.shape == (y1 - y0, x1 - x0)
    assert y0 >= points[NOSE_BASE, 1] - 6
    whole = np.zeros(SHAPE, np.float32)
    whole[y0:y1, x0:x1] = mask
    columns, rows = points[LIPS].round().astype(int).T
    assert whole[rows, columns].min() > 0.9
    assert whole[205, 100] > 0.9
    assert x0 >= points[JAW, 0].min() - 4
    assert x1 <= points[JAW, 0].max() + 4


def test_the_mask_has_faded_where_the_box_ends() -> None:
    points = _face()
    _, mask = lip_region(_heat(points), points, 214.0, UNIT)
    rim = np.r_[mask[0], mask[-1], mask[:, 0], mask[:, -1]]
    assert rim.max() < 0.02
    assert mask.max() == 1
    assert np.abs(np.diff(mask, axis=1)).max() < 0.35


def test_the_face_mask_is_the_oval() -> None:
    mask = face_mask(_face(), SHAPE, UNIT)
    assert mask[120, 100] == 1
    assert mask[10, 100] == 0
    assert 0 < mask[38, 100] < 1


def test_feather_runs_from_one_to_zero_over_its_width() -> None:
    inside = np.zeros((20, 40), bool)
    inside[:, :20] = True
    profile = feather(inside, 8)[10]
    assert profile[8] == 1
    assert profile[20] == 0
    assert np.all(np.diff(profile) <= 0)
    assert feather(inside, 8, outwards=True)[10, 19] == 1
