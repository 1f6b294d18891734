"""Blinks: the eyes of true frames in which this person blinks, where the head now is.

As the lips: canonical pictures, C2O, a feathered mask; and lit as the frame that they are put into.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from avatar.i420 import I420, plane_views, planes_of_rgb, rgb_of_planes
from avatar.models.warp import observe, pixel_lattice, relative_pose, sample
from avatar.rendering.compose import lip_regions, paste
from avatar.rendering.lip_placement import lip_rectangle
from avatar.speakers.canonical import Canonical
from avatar.speakers.eyes import Eyes

MULTIPLE = 4  # pixels of the region's sides
OPEN = 0.85  # of the usual opening: eyes less open are in a blink
AROUND = 2  # frames before and after one that may belong to it
EDGE_SHARE = (
    0.5  # of the first and the last picture of a blink: the look before and after it differs
)
RING = (0.02, 0.5)  # of the mask: where the light is compared


class Eyelids:
    """Knows of every reference frame where its eyes are."""

    def __init__(self, eyes: Eyes, canonical: Canonical, poses: Tensor) -> None:
        """poses (N, 6) of the reference frames."""
        (x, y), (height, width) = eyes.origin.tolist(), eyes.mask.shape
        self.eyes = eyes
        self._view = replace(canonical, lip_box=(x, y, x + width, y + height), lip_mask=eyes.mask)
        self._poses = poses
        found = lip_regions(poses, self._view, MULTIPLE)
        self._origins = [(int(x), int(y)) for x, y in found.origins]
        self._size, self._grids = found.size, found.grids.half()
        self._masks = (found.masks * 255).round().to(torch.uint8)
        self._shares = torch.ones(len(eyes.pictures))
        for blink in eyes.blinks:
            self._shares[[blink[0], blink[-1]]] = EDGE_SHARE

    def blink(self, picture: I420, frame: int, number: int) -> None:
        """Put eyes `number` into `picture`, which shows reference frame `frame`, where it lies."""
        planes = torch.from_numpy(picture)
        self._put(planes, frame, self.eyes.pictures[number], float(self._shares[number]))

    def region(self, frame: int) -> tuple[slice, slice, slice, slice]:
        """Rows and columns of the eyes in a frame's Y plane, then in its U and V planes."""
        return lip_rectangle(self._origins[frame], self._size)

    def open_all(self, pictures: Tensor, order: Sequence[int]) -> None:
        """Have no eyes closed in reference frames (N, H * 3 / 2, W), shown in this order.

        In a blink, those of the last frame before it change into those of the first after it.
        """
        closed = self.eyes.openness[: len(pictures)][list(order)] < OPEN
        closed = torch.stack([closed.roll(by) for by in range(-AROUND, AROUND + 1)]).any(dim=0)
        opened: set[int] = set()
        for run in _runs(closed.tolist()):
            before, after = order[run[0] - 1], order[(run[-1] + 1) % len(order)]
            first, last = (self._canonical(pictures[frame], frame) for frame in (before, after))
            for number, position in enumerate(run, start=1):
                frame = order[position]
                if frame not in opened:
                    eyes = torch.lerp(first, last, number / (len(run) + 1))
                    self._put(pictures[frame], frame, eyes, 1.0)
                    opened.add(frame)

    def _canonical(self, picture: Tensor, frame: int) -> Tensor:
        """The eyes of a frame in the canonical view: (3, h, w) RGB 0..1."""
        return canonical_region(_rgb(picture)[None], self._poses[frame], self._view)

    def _put(self, picture: Tensor, frame: int, eyes: Tensor, share: float) -> None:
        rows, columns, half_rows, half_columns = self.region(frame)
        luma, chroma = plane_views(picture[None])
        luma, chroma = luma[:, rows, columns], chroma[:, :, half_rows, half_columns]
        there = rgb_of_planes(luma, chroma)
        mask = self._masks[frame][None].float() / 255
        seen = paste(there, eyes[None], self._grids[frame][None].float(), torch.ones_like(mask))
        seen += _light(there, seen, mask)
        new_luma, new_chroma = planes_of_rgb(torch.lerp(there, seen, share * mask))
        half = torch.nn.functional.max_pool2d(mask, 2)
        luma.copy_(torch.where(mask[:, 0] > 0, new_luma, luma))
        chroma.copy_(torch.where(half > 0, new_chroma, chroma))


def canonical_region(frame: Tensor, pose: Tensor, view: Canonical) -> Tensor:
    """What frame (1, 3, H, W) with this pose (6,) shows in the box of `view`: (3, h, w)."""
    x0, y0, x1, y1 = view.lip_box
    relative = relative_pose(view.pose[None], pose[None])
    at = observe(
        pixel_lattice(view.lip_box)[None], view.depth[None, y0:y1, x0:x1], relative, view.camera
    )
    return sample(frame, at, "bicubic")[0].clamp(0, 1)


def _light(there: Tensor, seen: Tensor, mask: Tensor) -> Tensor:
    """What to add to `seen` (1, 3, h, w) so that it is lit as `there`: a plane in each colour."""
    height, width = mask.shape[-2:]
    ring = ((mask > RING[0]) & (mask < RING[1])).flatten().float()
    across = torch.linspace(-1, 1, width).expand(height, -1)
    down = torch.linspace(-1, 1, height)[:, None].expand(-1, width)
    planes = torch.stack([torch.ones(height, width), across, down]).flatten(1)
    on = planes * ring
    gram = on @ planes.T + 1e-3 * torch.eye(3)
    found: Tensor = torch.linalg.solve(gram, on @ (there - seen)[0].flatten(1).T)
    return (found.T @ planes).view(1, 3, height, width)


def _rgb(picture: Tensor) -> Tensor:
    return rgb_of_planes(*plane_views(picture[None]))[0]


def _runs(flags: list[bool]) -> list[list[int]]:
    """Stretches of a circle in which flags are set; none if all are, or none is."""
    count = len(flags)
    starts = [at for at in range(count) if flags[at] and not flags[at - 1]]
    runs = []
    for start in starts:
        run = [start]
        while flags[(run[-1] + 1) % count]:
            run.append((run[-1] + 1) % count)
        runs.append(run)
    return runs
