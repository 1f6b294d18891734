"""LPIPS (Zhang et al. 2018), where the package and its weights are on this machine."""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

Perceptual = Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]

BATCH = 16
LEAST_SIDE = 64  # pixels: AlexNet needs as much


def perceptual_distance() -> Perceptual | None:
    """A function of true and made pictures (F, h, w, 3), or None."""
    try:
        import lpips

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network = lpips.LPIPS(net="alex", verbose=False).eval()
    except (ImportError, OSError):
        return None

    @torch.inference_mode()
    def distance(true: NDArray[np.uint8], made: NDArray[np.uint8]) -> float:
        found = [
            network(_images(true[start : start + BATCH]), _images(made[start : start + BATCH]))
            for start in range(0, len(true), BATCH)
        ]
        return float(torch.cat(found).mean())

    return distance


def _images(pictures: NDArray[np.uint8]) -> torch.Tensor:
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    scale = LEAST_SIDE / min(images.shape[-2:])
    if scale > 1:
        images = torch.nn.functional.interpolate(images, scale_factor=scale, mode="bilinear")
    return images
