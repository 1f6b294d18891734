"""Where a head moves when its pose is taken out: the motion heat map of the canonical view.

Speech2Lip (arXiv:2309.04814) section 3.2: after the warp to the canonical view what remains is
speech (lips, chin, jaw line), the eyes, and the background.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.training.preprocess.canonical_view import CanonicalView
from avatar.training.preprocess.geometry import Array

SAMPLE = 240  # frames looked at


def motion_heat(
    frames: NDArray[np.uint8],
    poses: Array,
    usable: Array,
    view: CanonicalView,
    seen: Callable[[int, int], None],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Standard deviation and mean over time (H, W), in grey levels, of a sample of frames."""
    candidates = np.flatnonzero(usable)
    chosen = candidates[np.linspace(0, len(candidates) - 1, SAMPLE).round().astype(int)]
    chosen = np.unique(chosen)
    height, width = frames.shape[1:3]
    total, square = np.zeros((height, width)), np.zeros((height, width))
    for done, index in enumerate(chosen):
        grey = cv2.cvtColor(view.warp(frames[index], poses[index]), cv2.COLOR_RGB2GRAY)
        grey = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1)
        total += grey
        square += np.square(grey)
        seen(done + 1, len(chosen))
    mean = total / len(chosen)
    variance = square / len(chosen) - np.square(mean)
    return np.sqrt(np.maximum(variance, 0)).astype(np.float32), mean.astype(np.float32)


def heat_picture(
    heat: NDArray[np.float32], image: NDArray[np.uint8], box: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """The heat in colours over the canonical frame, the lip box drawn: (H, W, 3) RGB."""
    scaled = (255 * np.clip(heat / max(float(np.percentile(heat, 99.5)), 1e-6), 0, 1)).astype(
        np.uint8
    )
    colours = cv2.cvtColor(cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    mixed = cv2.addWeighted(image, 0.35, colours, 0.65, 0)
    cv2.rectangle(mixed, box[:2], (box[2] - 1, box[3] - 1), (0, 255, 0), 1)
    return np.asarray(mixed, np.uint8)
