"""Figures against closed forms and against each other."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.evaluation.cpbd import cpbd
from avatar.evaluation.metrics import flicker, landmark_distance, psnr, ssim


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """Rectangles and letters of many contrasts: plenty of sharp edges."""
    rng = np.random.default_rng(0)
    image = np.full((256, 256, 3), 120, np.uint8)
    for _ in range(60):
        x, y, w, h = rng.integers([0, 0, 10, 10], [240, 240, 60, 60])
        cv2.rectangle(image, (x, y), (x + w, y + h), rng.integers(0, 255, 3).tolist(), -1)
    cv2.putText(image, "lips", (20, 140), cv2.FONT_HERSHEY_SIMPLEX, 3, (10, 20, 30), 4)
    return image


def test_psnr_of_a_known_error(picture: NDArray[np.uint8]) -> None:
    grey = np.full((16, 16, 3), 100, np.uint8)
    assert psnr([grey], [grey + 5]) == pytest.approx(10 * np.log10(255**2 / 25), abs=1e-3)
    assert psnr([picture], [picture]) == 100


def test_ssim_agrees_with_scikit_image(picture: NDArray[np.uint8]) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    noisy = cv2.GaussianBlur(picture, (0, 0), 1.0)
    theirs = metrics.structural_similarity(
        picture, noisy, channel_axis=2, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, data_range=255,
    )  # fmt: skip
    assert ssim([picture], [noisy]) == pytest.approx(theirs, abs=2e-3)
    assert ssim([picture], [picture]) == pytest.approx(1)


def test_cpbd_falls_with_blur(picture: NDArray[np.uint8]) -> None:
    blurred = [cpbd(cv2.GaussianBlur(picture, (0, 0), sigma)) for sigma in (0.4, 0.5, 0.7, 2, 5)]
    found = [cpbd(picture), *blurred]
    assert found[0] > 0.8
    assert found[0] > found[1] > found[2] > found[3]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.05


def test_cpbd_of_nothing_is_not_a_number() -> None:
    assert np.isnan(cpbd(np.full((64, 64, 3), 9, np.uint8)))


def test_landmark_distance() -> None:
    true = np.zeros((3, 4, 2))
    assert landmark_distance(true, true + np.array([3.0, 4.0])) == 5


def test_flicker_sees_a_blink_and_not_a_steady_change() -> None:
    ramp = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    one = np.zeros(10, np.int32)
    assert flicker(ramp, one) == 0
    blink = ramp.copy()
    blink[5] += 30
    assert flicker(blink, one) == pytest.approx((30 + 60 + 30) / 8)
    two = np.repeat(np.array([0, 1], np.int32), 5)
    jump = ramp + np.where(two, 100, 0).astype(np.uint8)[:, None, None, None]
    assert flicker(jump, two) == 0
