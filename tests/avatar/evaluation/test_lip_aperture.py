"""The correlation finds a known shift, down to a part of a frame."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from avatar.evaluation.lip_aperture import aperture_correlation


def mouth(frames: int, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    return gaussian_filter1d(rng.normal(size=frames), 2.0)


@pytest.mark.parametrize("late", [-3, -1, 0, 2])
def test_whole_frames(late: int) -> None:
    true = mouth(400)
    r, lag = aperture_correlation(true, 3 * np.roll(true, late) + 1, 5)
    assert r > 0.98
    assert lag == pytest.approx(late, abs=0.1)


def test_parts_of_a_frame() -> None:
    fine = gaussian_filter1d(np.random.default_rng(1).normal(size=4000), 20.0)
    true, made = fine[100:3900:10], fine[96:3896:10]  # 0.4 frames late
    r, lag = aperture_correlation(true, made, 4)
    assert r > 0.99
    assert lag == pytest.approx(0.4, abs=0.1)


def test_unrelated_and_still_mouths() -> None:
    assert aperture_correlation(mouth(2000, 1), mouth(2000, 2), 3)[0] < 0.3
    assert aperture_correlation(mouth(100), np.ones(100), 3)[0] == 0


def test_missing_frames_and_clips_are_respected() -> None:
    true = mouth(300)
    made = true.copy()
    made[50:60] = np.nan
    assert aperture_correlation(true, made, 2)[0] > 0.99
    clip = np.repeat(np.arange(3, dtype=np.int32), 100)
    late = np.concatenate([np.roll(part, 2) for part in np.split(true, 3)])
    late[np.r_[0:2, 100:102, 200:202]] = 99  # what a shift across clips would meet
    r, lag = aperture_correlation(true, late, 4, clip)
    assert r > 0.99
    assert round(lag) == 2
