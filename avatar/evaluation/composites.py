"""The paper's protocol: true frames of the test part with their lips replaced."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.evaluation.baselines import Contender
from avatar.evaluation.test_set import Trial
from avatar.rendering.compose import lip_regions, observed_boxes, paste, region_size

BATCH = 16


def composite_frames(contender: Contender, trial: Trial) -> Iterator[NDArray[np.uint8]]:
    """One frame (H, W, 3) RGB for every row of the trial, in order."""
    size = _region_size(contender, trial)
    for start in range(0, len(trial.rows), BATCH):
        yield from _batch(contender, trial, trial.rows[start : start + BATCH], size)


@torch.inference_mode()
def _batch(
    contender: Contender, trial: Trial, rows: NDArray[np.intp], size: tuple[int, int]
) -> NDArray[np.uint8]:
    frames = np.array(trial.tracked.frames[rows])
    poses = torch.from_numpy(trial.tracked.poses[rows])
    regions = lip_regions(poses, contender.speaker.canonical, contender.backend.multiple, size)
    corners = regions.origins.tolist()
    height, width = size
    device = contender.backend.device
    true = torch.from_numpy(
        np.stack(
            [f[y : y + height, x : x + width] for f, (x, y) in zip(frames, corners, strict=True)]
        )
    )
    reference = true.to(device).permute(0, 3, 1, 2).float() / 255
    masks = regions.masks.to(device)
    composite = paste(reference, contender.lips(rows), regions.grids.to(device), masks)
    made = _bytes(contender.backend.blend(composite, masks))
    for frame, region, (x, y) in zip(frames, made, corners, strict=True):
        frame[y : y + height, x : x + width] = region
    return frames


def _region_size(contender: Contender, trial: Trial) -> tuple[int, int]:
    canonical = contender.speaker.canonical
    if contender.speaker.networks.blend.config.whole_frame:
        return canonical.frame_size
    poses = torch.from_numpy(trial.tracked.poses[trial.rows])
    boxes = observed_boxes(poses, canonical)
    return region_size(boxes, contender.backend.multiple, canonical.frame_size)


def _bytes(images: Tensor) -> NDArray[np.uint8]:
    """(B, 3, h, w) in 0..1 -> (B, h, w, 3) uint8."""
    scaled = (images.clamp(0, 1) * 255).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()
