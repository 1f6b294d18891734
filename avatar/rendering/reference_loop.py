"""The reference video in the form the renderer wants it: all that a frame alone decides.

The loop is seamless because the bundle says in which order its frames are shown; a stream's
position is its own frame counter modulo the length of that order.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from avatar.i420 import plane_views, rgb_of_planes
from avatar.rendering.backends.device import to_device
from avatar.rendering.compose import lip_regions
from avatar.rendering.head_angles import head_angles
from avatar.rendering.lip_placement import LipPlacement, lip_rectangle
from avatar.speakers.card import MAX_FRAMES
from avatar.speakers.speaker import Speaker


class ReferenceLoop:
    """Every reference frame as I420 and, round the lips, as RGB with its C2O grid and mask.

    Kept small: 250 frames of 512x512 pixels take about 150 MB.
    """

    def __init__(self, speaker: Speaker, device: torch.device, most: int = MAX_FRAMES) -> None:
        """`most`: only so many of the frames, where the loop's look does not matter."""
        blend = speaker.networks.blend
        whole = speaker.canonical.frame_size if blend.config.whole_frame else None
        track = speaker.track
        with ThreadPoolExecutor(1) as decoder:  # beside the solving: half the time to start
            pictures = decoder.submit(_pictures, speaker, min(most, len(track.poses)))
            regions = lip_regions(track.poses[:most], speaker.canonical, blend.multiple, whole)
        self.pictures = pictures.result()  # on the host: of a frame only the lips are drawn
        self.order = [frame for frame in track.order.tolist() if frame < most]
        self.times = track.times.to(device)
        self.size = regions.size
        self.angles = head_angles(track.poses[:most], speaker.canonical.pose)
        self.origins = [(int(x), int(y)) for x, y in regions.origins]
        self.grids = regions.grids.to(device, torch.float16)
        self.masks = _bytes(regions.masks).to(device)
        self.cut_regions()

    def cut_regions(self) -> None:
        """Take the RGB round the lips from the frames as they are now."""
        cut = [_bytes(self._region(frame)) for frame in range(len(self.pictures))]
        self.regions = torch.cat(cut).to(self.times.device)

    def frame_at(self, position: int) -> int:
        """The reference frame shown at `position` frames into a stream."""
        return int(self.order[position % len(self.order)])

    def place(self, positions: Sequence[int]) -> LipPlacement:
        """What is shown `positions` frames into the streams of one step."""
        # `index_select` copies whole frames, thirty times as fast as indexing, which goes by bytes.
        frames = torch.tensor([self.frame_at(position) for position in positions])
        at = to_device(frames, self.times.device)
        return LipPlacement(
            pictures=self.pictures.index_select(0, frames),
            origins=[self.origins[frame] for frame in frames.tolist()],
            times=self.times[at],
            regions=self.regions.index_select(0, at).float() / 255,
            grids=self.grids.index_select(0, at).float(),
            masks=self.masks.index_select(0, at).float() / 255,
        )

    def head(self, position: int) -> tuple[float, float, float]:
        """Yaw, pitch and roll of the head `position` frames into a stream, in degrees."""
        return self.angles[self.frame_at(position)]

    def _region(self, frame: int) -> Tensor:
        luma, chroma = plane_views(self.pictures[frame : frame + 1])
        rows, columns, half_rows, half_columns = lip_rectangle(self.origins[frame], self.size)
        return rgb_of_planes(luma[:, rows, columns], chroma[:, :, half_rows, half_columns])


def _pictures(speaker: Speaker, count: int) -> Tensor:
    """The first frames of the reference video, I420, decoded straight into their place."""
    width, height = speaker.card.size
    pictures = torch.empty(count, height * 3 // 2, width, dtype=torch.uint8)
    for picture, decoded in zip(pictures, speaker.reference(), strict=False):
        picture.copy_(torch.from_numpy(decoded))
    return pictures


def _bytes(image: Tensor) -> Tensor:
    return (image * 255).round().to(torch.uint8)
