"""Colour conversion against the standard's corner values and OpenCV."""

import cv2
import numpy as np
import pytest
import torch

from avatar.i420 import plane_views, planes_of_rgb, rgb_of_planes, to_i420, to_rgb


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (81, 90, 240)),
        ((0, 0, 255), (41, 240, 110)),
    ],
)
def test_colours_of_bt601(rgb: tuple[int, ...], yuv: tuple[int, ...]) -> None:
    picture = to_i420(np.full((16, 32, 3), rgb, np.uint8))
    assert picture.shape == (24, 32)
    luma, chroma = plane_views(torch.from_numpy(picture)[None])
    found = (int(luma[0, 3, 5]), int(chroma[0, 0, 2, 3]), int(chroma[0, 1, 2, 3]))
    assert np.abs(np.subtract(found, yuv)).max() <= 1


def test_smooth_picture_survives_and_agrees_with_opencv() -> None:
    ramp = np.linspace(0, 255, 64)
    image = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], 128.0), -1).astype(np.uint8)
    assert np.abs(to_rgb(to_i420(image)).astype(int) - image).max() <= 5
    theirs = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)
    assert np.abs(theirs.astype(int) - to_i420(image)).max() <= 2


def test_out_of_range_is_clipped() -> None:
    luma, _ = planes_of_rgb(torch.tensor([2.0, -1.0])[:, None, None, None].expand(2, 3, 4, 4))
    assert luma[:, 0, 0].tolist() == [235, 16]
    white = torch.full((1, 2, 2), 255, dtype=torch.uint8)
    grey = torch.full((1, 2, 1, 1), 128, dtype=torch.uint8)
    assert float(rgb_of_planes(white, grey).max()) == 1
