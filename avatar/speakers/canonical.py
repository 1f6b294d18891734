"""The canonical space of Speech2Lip (arXiv:2309.04814, section 3.1): one frame of a speaker."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatar.models.warp import Camera

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, the end not included


@dataclass(frozen=True)
class Canonical:
    """The canonical view of a speaker: everything C2O needs."""

    camera: Camera
    pose: Tensor  # (6,) axis-angle and translation of the canonical frame
    depth: Tensor  # (H, W) canonical depth D_c of the whole frame
    lip_box: Box
    lip_mask: Tensor  # (h, w) over the lip box, 0..1, feathered

    @property
    def frame_size(self) -> tuple[int, int]:
        """Height and width of the frame in pixels."""
        return int(self.depth.shape[0]), int(self.depth.shape[1])

    def to(self, device: torch.device) -> Canonical:
        """The same view with its tensors on `device`."""
        return replace(
            self,
            pose=self.pose.to(device),
            depth=self.depth.to(device),
            lip_mask=self.lip_mask.to(device),
        )
