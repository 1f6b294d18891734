"""Pose control: the head at poses that nobody filmed (Speech2Lip section 3.5, design section 3.4).

With the canonical depth complete, every pixel of the head has a place at any pose.  The head of a
reference frame is carried over by way of canonical space and laid over a background from which
the head was taken away, so nothing is left black; lips and Blend-Net come after, as always.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avatar.audio import FPS
from avatar.gestures import LARGEST_TURN
from avatar.i420 import planes_of_rgb, to_rgb
from avatar.models.warp import canonicalise, observe, pixel_lattice, relative_pose, sample
from avatar.rendering.compose import lip_regions, observed_boxes, region_size
from avatar.rendering.head_angles import turned
from avatar.rendering.lip_placement import LipPlacement
from avatar.rendering.pose_path import PosePath
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.speakers.speaker import Speaker

COARSE = 4  # pixels between the points at which a warp is solved; it is smooth in between
MARGIN = 0.02  # of the frame's width, by which the head is taken out of the background more widely
EXTREMES = [(y, p, r) for y in (-1, 0, 1) for p in (-1, 0, 1) for r in (-1, 0, 1)]


class PosedHead:
    """The speaker's loop with the head turned along a path."""

    def __init__(self, speaker: Speaker, device: torch.device, path: PosePath) -> None:
        self.speaker, self.path, self.device = speaker, path, device
        self.loop = ReferenceLoop(speaker, device)
        canonical, blend = speaker.canonical, speaker.networks.blend
        self.canonical = canonical.to(device)
        self.head_mask = speaker.head_mask.to(device)[None, None]
        self.poses = speaker.track.poses.to(device)
        farthest = torch.stack(
            [turned(canonical.pose, [LARGEST_TURN * s for s in signs]) for signs in EXTREMES]
        )
        self.size = (
            canonical.frame_size
            if blend.config.whole_frame
            else region_size(
                observed_boxes(farthest, canonical), blend.multiple, canonical.frame_size
            )
        )
        self.background = self._background()

    def place(self, positions: Sequence[int]) -> LipPlacement:
        """What is shown `positions` frames into the streams of one step."""
        pictures = [self.picture(position) for position in positions]
        poses = torch.stack([self.pose_at(position) for position in positions])
        multiple = self.speaker.networks.blend.multiple
        regions = lip_regions(poses, self.canonical, multiple, self.size)
        height, width = self.size
        origins = [(x, y) for x, y in regions.origins.tolist()]
        cut = [
            picture[:, y : y + height, x : x + width]
            for picture, (x, y) in zip(pictures, origins, strict=True)
        ]
        frames = [self.loop.frame_at(position) for position in positions]
        return LipPlacement(
            pictures=_i420(torch.stack(pictures)).cpu(),
            origins=origins,
            times=self.loop.times[frames],
            regions=torch.stack(cut),
            grids=regions.grids,
            masks=regions.masks,
        )

    def head(self, position: int) -> tuple[float, float, float]:
        """Yaw, pitch and roll of the head `position` frames into a stream, in degrees."""
        yaw, pitch, roll = self.path.at(position / FPS).tolist()
        return yaw, pitch, roll

    def pose_at(self, position: int) -> Tensor:
        """The head pose (6,) of a frame."""
        return turned(self.speaker.canonical.pose, self.head(position)).to(self.device)

    def picture(self, position: int) -> Tensor:
        """The frame (3, H, W) RGB 0..1 with its head turned, the lips not yet drawn."""
        number = self.loop.frame_at(position)
        frame = _tensor(to_rgb(self.loop.pictures[number].numpy())).to(self.device)
        canonical = self.canonical
        here = canonical.pose[None]
        wanted, filmed = self.pose_at(position)[None], self.poses[number][None]
        height, width = canonical.frame_size
        points = _coarse_lattice(height, width).to(self.device)
        found = canonicalise(
            points[None], canonical.depth, relative_pose(here, wanted), canonical.camera
        )
        depth = sample(canonical.depth[None, None], found)[:, 0]
        source = observe(found, depth, relative_pose(here, filmed), canonical.camera)
        head = sample(frame[None], _refine(source, height, width), "bicubic")[0].clamp(0, 1)
        mask = sample(self.head_mask, _refine(found, height, width))[0]
        return torch.lerp(self.background, head, mask)

    def _background(self) -> Tensor:
        """The first frame of the loop without its head, filled in from around it."""
        number = self.loop.frame_at(0)
        frame = to_rgb(self.loop.pictures[number].numpy())
        canonical = self.speaker.canonical
        height, width = canonical.frame_size
        relative = relative_pose(canonical.pose[None], self.speaker.track.poses[number][None])
        found = canonicalise(
            _coarse_lattice(height, width)[None], canonical.depth, relative, canonical.camera
        )
        mask = sample(self.speaker.head_mask[None, None], _refine(found, height, width))[0, 0]
        reach = 2 * round(MARGIN * width) + 1
        wide = cv2.dilate((mask.numpy() > 0.02).astype(np.uint8), np.ones((reach, reach), np.uint8))
        return _tensor(cv2.inpaint(frame, wide, 3, cv2.INPAINT_TELEA)).to(self.device)


def _coarse_lattice(height: int, width: int) -> Tensor:
    """Every COARSE-th pixel, both ends included: (h, w, 2)."""
    rows, columns = height // COARSE + 1, width // COARSE + 1
    lattice = pixel_lattice((0, 0, columns, rows))
    return lattice * lattice.new_tensor([(width - 1) / (columns - 1), (height - 1) / (rows - 1)])


def _refine(points: Tensor, height: int, width: int) -> Tensor:
    """Coarse coordinates (1, h, w, 2) -> those of every pixel (1, height, width, 2)."""
    fine = functional.interpolate(
        points.permute(0, 3, 1, 2), (height, width), mode="bilinear", align_corners=True
    )
    return fine.permute(0, 2, 3, 1)


def _tensor(rgb: object) -> Tensor:
    image = torch.from_numpy(np.ascontiguousarray(rgb, np.uint8))
    return image.permute(2, 0, 1).float() / 255


def _i420(pictures: Tensor) -> Tensor:
    """RGB (B, 3, H, W) in 0..1 -> (B, H * 3 / 2, W) uint8."""
    luma, chroma = planes_of_rgb((pictures * 255).round() / 255)
    planes = torch.cat([luma.flatten(1), chroma.flatten(1)], dim=1)
    return planes.view(len(pictures), -1, pictures.shape[-1])
