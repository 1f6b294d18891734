"""One pair of lips beside another."""

import numpy as np
import pytest

from avatar.evaluation.lip_match import match_lips, mean_match

TIME = np.arange(120)
OPENING = np.clip(np.sin(TIME / 3) + 0.5 * np.sin(TIME / 7.3), 0, None)


def lips(opening: np.ndarray) -> np.ndarray:
    width = np.sin(TIME / 5)
    return np.column_stack([opening, width, opening, opening]).astype(np.float32)


def test_the_same_lips_late_and_smaller_match_wholly() -> None:
    found = match_lips(lips(OPENING), lips(np.roll(0.3 * OPENING, 2)))
    assert found.aperture_r > 0.97
    assert found.lag_ms == pytest.approx(80, abs=10)
    assert found.width_r == pytest.approx(1)
    assert found.missed_closures == found.false_closures == 0
    assert found.speed_ratio == pytest.approx(1, abs=0.05)


def test_lips_that_close_half_as_often_miss_closures_and_make_none_too_many() -> None:
    seldom = OPENING.copy()
    seldom[40:90] = 1
    found = match_lips(lips(OPENING), lips(seldom))
    assert found.missed_closures > 0.2
    assert found.false_closures == 0
    other = match_lips(lips(seldom), lips(OPENING))
    assert other.false_closures == found.missed_closures
    assert found.speed_ratio < 0.9


def test_a_mean_leaves_out_what_a_clip_does_not_show() -> None:
    seen = match_lips(lips(OPENING), lips(OPENING))
    never = type(seen)(**vars(seen) | {"missed_closures": float("nan")})
    assert mean_match([seen, never]) == seen
