"""C2O and paste: generated lips into the observed frame, under a feathered lip mask.

Speech2Lip (arXiv:2309.04814) sections 3.2 and 3.3.  Where lips stand in a frame depends on its
head pose alone, so regions, sampling grids and masks are made once for each reference frame.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from avatar.errors import AvatarError
from avatar.models.warp import canonicalise, observe, pixel_lattice, relative_pose, sample
from avatar.speakers.canonical import Canonical

PITCH = 2  # pixels between the points at which C2O is solved; between them it is smooth


@dataclass(frozen=True)
class LipRegions:
    """Where the lips of N frames stand: one rectangle size for all of them."""

    origins: Tensor  # (N, 2) int64 x, y of the rectangle, even numbers
    size: tuple[int, int]  # height and width, multiples of what Blend-Net asks for
    grids: Tensor  # (N, h, w, 2) where to sample the lip image, [-1, 1] over the lip box
    masks: Tensor  # (N, 1, h, w) lip mask in the observed frame

    def __len__(self) -> int:
        return len(self.origins)


def observed_boxes(poses: Tensor, canonical: Canonical) -> Tensor:
    """Corners (N, 4) x0, y0, x1, y1 of the lip box seen in frames with `poses` (N, 6)."""
    x0, y0, x1, y1 = canonical.lip_box
    points = pixel_lattice(canonical.lip_box)[::4, ::4].to(poses)
    depth = canonical.depth[y0:y1:4, x0:x1:4].to(poses)
    relative = relative_pose(canonical.pose.to(poses).expand_as(poses), poses)
    seen = observe(
        points.expand(len(poses), -1, -1, -1),
        depth.expand(len(poses), -1, -1),
        relative,
        canonical.camera,
    ).flatten(1, 2)
    return torch.cat([seen.amin(dim=1), seen.amax(dim=1)], dim=1)


def region_size(boxes: Tensor, multiple: int, frame_size: tuple[int, int]) -> tuple[int, int]:
    """One (height, width) in multiples of `multiple` that holds every box (N, 4)."""
    width = int((boxes[:, 2] - boxes[:, 0]).max().ceil()) + 3
    height = int((boxes[:, 3] - boxes[:, 1]).max().ceil()) + 3
    size = -(-height // multiple) * multiple, -(-width // multiple) * multiple
    if size[0] > frame_size[0] or size[1] > frame_size[1]:
        raise AvatarError("the mouth region is larger than the frame; use a wider face crop")
    return size


def lip_regions(
    poses: Tensor, canonical: Canonical, multiple: int, size: tuple[int, int] | None = None
) -> LipRegions:
    """Regions of frames with `poses` (N, 6); their common size follows from them if not given."""
    boxes = observed_boxes(poses, canonical)
    size = size or region_size(boxes, multiple, canonical.frame_size)
    centre = torch.stack([boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]], dim=1) / 2
    half = centre.new_tensor([size[1] / 2, size[0] / 2])
    height, width = canonical.frame_size
    limit = torch.tensor([width - size[1], height - size[0]], device=centre.device)
    origins = ((centre - half) / 2).round().long() * 2
    origins = origins.clamp_min(0).minimum(limit // 2 * 2)
    grids, masks = zip(
        *(_map(origins[i : i + 16], size, poses[i : i + 16], canonical)
          for i in range(0, len(poses), 16)), strict=True
    )  # fmt: skip
    return LipRegions(origins, size, torch.cat(grids), torch.cat(masks))


def paste(reference: Tensor, lips: Tensor, grids: Tensor, masks: Tensor) -> Tensor:
    """C2O and paste: reference regions (B, 3, h, w), canonical lips (B, 3, H, W) -> composite."""
    observed = functional.grid_sample(
        lips, grids, "bicubic", padding_mode="border", align_corners=True
    )
    return torch.lerp(reference, observed, masks)


def _map(
    origins: Tensor, size: tuple[int, int], poses: Tensor, canonical: Canonical
) -> tuple[Tensor, Tensor]:
    rows, columns = size[0] // PITCH + 1, size[1] // PITCH + 1
    reach = poses.new_tensor([(size[1] - 1) / (columns - 1), (size[0] - 1) / (rows - 1)])
    lattice = pixel_lattice((0, 0, columns, rows)).to(poses) * reach
    points = lattice + origins[:, None, None].to(poses)
    relative = relative_pose(canonical.pose.to(poses).expand_as(poses), poses)
    coarse = canonicalise(points, canonical.depth.to(poses), relative, canonical.camera)
    found = functional.interpolate(
        coarse.permute(0, 3, 1, 2), size, mode="bilinear", align_corners=True
    ).permute(0, 2, 3, 1)
    x0, y0, x1, y1 = canonical.lip_box
    inside = found - found.new_tensor([x0, y0])
    extent = found.new_tensor([x1 - x0 - 1, y1 - y0 - 1])
    grid = inside / extent * 2 - 1
    mask = canonical.lip_mask.to(poses).expand(len(poses), 1, -1, -1)
    outside = (grid.abs() > 1).any(dim=-1)[:, None]
    return grid, sample(mask, inside).masked_fill(outside, 0)
