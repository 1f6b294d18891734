"""Pictures with what real ones have: flat ground, texture, edges, and something that moves."""

import cv2
import numpy as np
from numpy.typing import NDArray

I420 = NDArray[np.uint8]


def scenery(count: int, size: tuple[int, int] = (384, 384), seed: int = 0) -> list[I420]:
    """`count` pictures (H * 3 // 2, W) of `size` (width, height), 25 a second."""
    width, height = size
    random = np.random.default_rng(seed)
    ground = np.linspace(60, 190, width, dtype=np.float32)[None].repeat(height, axis=0)
    coarse = random.normal(0, 14, (height // 4, width // 4)).astype(np.float32)
    ground[height // 2 :] += cv2.resize(coarse, (width, height))[height // 2 :]
    ground[:, width // 3 : width // 3 + 6] = 40
    pictures = []
    for number in range(count):
        luma = ground.copy()
        middle = (width // 2 + round(8 * np.sin(number / 9)), height // 2)
        cv2.ellipse(luma, middle, (width // 6, height // 4), 0, 0, 360, 150.0, -1)
        cv2.circle(luma, (middle[0], middle[1] + 20), 10 + number % 7, 60.0, -1)
        luma += random.normal(0, 1, luma.shape).astype(np.float32)
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        picture[:height] = np.clip(luma, 16, 235)
        pictures.append(picture)
    return pictures
