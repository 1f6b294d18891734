"""Everything the networks learn from, computed once from a tracked video and kept on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.files import replace_file
from avatar.models.warp import canonicalise, observe, pixel_lattice, relative_pose, sample
from avatar.rendering.compose import LipRegions, lip_regions
from avatar.speakers.canonical import Canonical
from avatar.training.lip_code import LipCodes, lip_codes
from avatar.training.preprocess.tracked_video import LIPS, TrackedVideo

BATCH = 32
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class LipData:
    """The training set: F frames of one person."""

    tracked: TrackedVideo
    canonical: Canonical
    lips: Tensor  # (F, 3, h, w) uint8, true lips in canonical space (O2C)
    regions: LipRegions
    region_frames: Tensor  # (F, 3, rh, rw) uint8, the observed frame around the lips
    codes: LipCodes
    train: Tensor  # (n,) indices of frames to learn from
    held: Tensor  # (m,) indices of frames kept for judging

    @property
    def clip(self) -> NDArray[np.int32]:
        """Clip number of each frame; windows in time never cross from one to another."""
        return self.tracked.clip

    def windows(self, frames: int) -> Tensor:
        """First indices of all runs of `frames` training frames without a break."""
        steady = torch.zeros(len(self.tracked.usable), dtype=torch.bool)
        steady[self.train] = True
        runs = steady.unfold(0, frames, 1).all(dim=1)
        clip = torch.from_numpy(np.array(self.clip))
        same = clip[: len(runs)] == clip[frames - 1 :]
        return torch.nonzero(runs & same)[:, 0]


def build_lip_data(
    tracked: TrackedVideo,
    canonical: Canonical,
    multiple: int,
    held_out: float,
    folder: Path,
    progress: Progress,
) -> LipData:
    """Warp the lips of all frames to canonical space, cut the regions, code the lips.

    `held_out` is the share of frames, at the end of the video, that nothing is learned from.
    """
    poses = torch.from_numpy(tracked.poses)
    regions = lip_regions(poses, canonical, multiple)
    x0, y0, x1, y1 = canonical.lip_box
    lips = _stored(
        folder / "canonical_lips.npy",
        (y1 - y0, x1 - x0),
        lambda: _canonical_lips(tracked, canonical, progress),
    )
    region_frames = _stored(
        folder / "regions.npy", regions.size, lambda: _cut(tracked.frames, regions, progress)
    )
    train, held = split(tracked.usable, held_out)
    fitted = torch.zeros(len(poses), dtype=torch.bool)
    fitted[train] = True
    landmarks = canonical_landmarks(tracked, canonical)
    codes = lip_codes(landmarks, lips, canonical.lip_mask, fitted)
    return LipData(tracked, canonical, lips, regions, region_frames, codes, train, held)


def split(usable: NDArray[np.bool_], held_out: float) -> tuple[Tensor, Tensor]:
    """Indices to learn from and indices held out: the last share of the video, never mixed."""
    indices = torch.from_numpy(np.flatnonzero(usable))
    border = round(len(usable) * (1 - held_out))
    return indices[indices < border], indices[indices >= border]


def warp_to_canonical(
    frames: Tensor, poses: Tensor, canonical: Canonical, mode: str = "bicubic"
) -> Tensor:
    """O2C: frames (B, 3, H, W) with poses (B, 6) -> canonical lip images (B, 3, h, w)."""
    x0, y0, x1, y1 = canonical.lip_box
    points = pixel_lattice(canonical.lip_box).expand(len(poses), -1, -1, -1)
    depth = canonical.depth[y0:y1, x0:x1].expand(len(poses), -1, -1)
    relative = relative_pose(canonical.pose.expand_as(poses), poses)
    return sample(frames, observe(points, depth, relative, canonical.camera), mode)


def canonical_landmarks(
    tracked: TrackedVideo, canonical: Canonical, which: NDArray[np.intp] = LIPS
) -> Tensor:
    """Landmarks (F, L, 2), the lips', seen from the canonical head pose, in pixels."""
    poses = torch.from_numpy(np.asarray(tracked.poses, dtype=np.float32))
    points = torch.from_numpy(np.asarray(tracked.landmarks[:, which], dtype=np.float32))
    found = [
        canonicalise(
            part[:, None],
            canonical.depth,
            relative_pose(canonical.pose.expand_as(pose), pose),
            canonical.camera,
        )[:, 0]
        for part, pose in zip(points.split(256), poses.split(256), strict=True)
    ]
    return torch.cat(found)


def _canonical_lips(
    tracked: TrackedVideo, canonical: Canonical, progress: Progress
) -> NDArray[np.uint8]:
    x0, y0, x1, y1 = canonical.lip_box
    count = len(tracked.frames)
    lips = np.empty((count, 3, y1 - y0, x1 - x0), dtype=np.uint8)
    for start in range(0, count, BATCH):
        part = slice(start, start + BATCH)
        frames = torch.from_numpy(np.array(tracked.frames[part])).permute(0, 3, 1, 2)
        warped = warp_to_canonical(frames.float(), torch.from_numpy(tracked.poses[part]), canonical)
        lips[part] = warped.round().clamp(0, 255).byte().numpy()
        progress("canonical lips", min(start + BATCH, count), count)
    return lips


def _cut(frames: NDArray[np.uint8], regions: LipRegions, progress: Progress) -> NDArray[np.uint8]:
    height, width = regions.size
    count = len(frames)
    cut = np.empty((count, 3, height, width), dtype=np.uint8)
    for index, (x, y) in enumerate(regions.origins.tolist()):
        cut[index] = frames[index, y : y + height, x : x + width].transpose(2, 0, 1)
        if index % 100 == 99 or index == count - 1:
            progress("lip regions", index + 1, count)
    return cut


def _stored(path: Path, size: tuple[int, int], compute: Callable[[], NDArray[np.uint8]]) -> Tensor:
    """Pictures (F, 3, *size) from disk, computed where they are not there or of another size."""
    if not path.exists() or np.load(path, mmap_mode="r").shape[2:] != size:
        with replace_file(path) as temporary:
            np.save(temporary, compute())
    return torch.from_numpy(np.load(path, mmap_mode="c"))
