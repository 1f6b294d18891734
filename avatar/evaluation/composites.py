"""The paper's protocol: true frames of the test part with their lips replaced."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.evaluation.baselines import Method
from avatar.evaluation.test_set import EvaluationSet
from avatar.rendering.compose import lip_regions, observed_boxes, paste, region_size

BATCH = 16


def composite_frames(method: Method, test_set: EvaluationSet) -> Iterator[NDArray[np.uint8]]:
    """One frame (H, W, 3) RGB for every row of the test set, in order."""
    size = _region_size(method, test_set)
    for start in range(0, len(test_set.rows), BATCH):
        yield from _batch(method, test_set, test_set.rows[start : start + BATCH], size)


@torch.inference_mode()
def _batch(
    method: Method, test_set: EvaluationSet, rows: NDArray[np.intp], size: tuple[int, int]
) -> NDArray[np.uint8]:
    frames = np.array(test_set.tracked.frames[rows])
    poses = torch.from_numpy(test_set.tracked.poses[rows])
    regions = lip_regions(poses, method.speaker.canonical, method.backend.multiple, size)
    corners = regions.origins.tolist()
    height, width = size
    device = method.backend.device
    true = torch.from_numpy(
        np.stack(
            [f[y : y + height, x : x + width] for f, (x, y) in zip(frames, corners, strict=True)]
        )
    )
    reference = true.to(device).permute(0, 3, 1, 2).float() / 255
    masks = regions.masks.to(device)
    composite = paste(reference, method.lips(rows), regions.grids.to(device), masks)
    made = _bytes(method.backend.blend(composite, masks))
    for frame, region, (x, y) in zip(frames, made, corners, strict=True):
        frame[y : y + height, x : x + width] = region
    return frames


def _region_size(method: Method, test_set: EvaluationSet) -> tuple[int, int]:
    canonical = method.speaker.canonical
    if method.speaker.networks.blend.config.whole_frame:
        return canonical.frame_size
    poses = torch.from_numpy(test_set.tracked.poses[test_set.rows])
    boxes = observed_boxes(poses, canonical)
    return region_size(boxes, method.backend.multiple, canonical.frame_size)


def _bytes(images: Tensor) -> NDArray[np.uint8]:
    """(B, 3, h, w) in 0..1 -> (B, h, w, 3) uint8."""
    scaled = (images.clamp(0, 1) * 255).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()
