"""The reference video in the form the renderer wants it: all that a frame alone decides.

The loop is seamless because the bundle says in which order its frames are shown; a stream's
position is its own frame counter modulo the length of that order.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from avatar.rendering.compose import lip_regions
from avatar.rendering.i420 import plane_views, planes_of_rgb, rgb_of_planes
from avatar.rendering.speaker import Speaker


@dataclass(frozen=True)
class Place:
    """What the reference frames of one step bring along; row b belongs to caller b."""

    frames: Tensor  # (B,) int64 which reference frames
    times: Tensor  # (B,) float32
    regions: Tensor  # (B, 3, h, w) RGB 0..1 round the lips
    grids: Tensor  # (B, h, w, 2) where to sample the canonical lips
    masks: Tensor  # (B, 1, h, w)


class ReferenceLoop:
    """Every reference frame as I420 and, round the lips, as RGB with its C2O grid and mask."""

    def __init__(self, speaker: Speaker, device: torch.device) -> None:
        blend = speaker.networks.blend
        whole = speaker.canonical.frame_size if blend.config.whole_frame else None
        track = speaker.track
        regions = lip_regions(track.poses, speaker.canonical, blend.multiple, whole)
        self.pictures = torch.stack([torch.from_numpy(p) for p in speaker.reference()]).to(device)
        self.order = track.order.tolist()
        self.times = track.times.to(device)
        self.size = regions.size
        self.origins = [(int(x), int(y)) for x, y in regions.origins]
        self.grids = regions.grids.to(device)
        self.masks = regions.masks.to(device)
        self.regions = torch.cat([self._region(n) for n in range(len(regions))])

    def frame_at(self, position: int) -> int:
        """The reference frame shown at `position` frames into a stream."""
        return int(self.order[position % len(self.order)])

    def place(self, frames: list[int]) -> Place:
        """Gather what is known of the reference frames of one step."""
        at = torch.tensor(frames, device=self.times.device)
        return Place(at, self.times[at], self.regions[at], self.grids[at], self.masks[at])

    def compose(self, place: Place, regions: Tensor) -> Tensor:
        """Put finished RGB regions (B, 3, h, w) into their frames -> (B, H * 3 / 2, W) uint8."""
        pictures = self.pictures[place.frames]
        luma, chroma = planes_of_rgb(regions)
        for row, frame in enumerate(place.frames.tolist()):
            there_luma, there_chroma = self._views(pictures[row : row + 1], frame)
            there_luma.copy_(luma[row : row + 1])
            there_chroma.copy_(chroma[row : row + 1])
        return pictures

    def _region(self, frame: int) -> Tensor:
        return rgb_of_planes(*self._views(self.pictures[frame : frame + 1], frame))

    def _views(self, picture: Tensor, frame: int) -> tuple[Tensor, Tensor]:
        luma, chroma = plane_views(picture)
        (x, y), (h, w) = self.origins[frame], self.size
        half = slice(y // 2, (y + h) // 2), slice(x // 2, (x + w) // 2)
        return luma[:, y : y + h, x : x + w], chroma[:, :, half[0], half[1]]
