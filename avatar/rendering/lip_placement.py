"""Where lips go: the frames of one step, and the rectangle of each that is drawn anew."""

from dataclasses import dataclass

from torch import Tensor

from avatar.i420 import plane_views


@dataclass(frozen=True)
class LipPlacement:
    """What the frames of one step bring along; row b belongs to caller b."""

    pictures: Tensor  # (B, H * 3 / 2, W) uint8 I420 on the host, to be written on
    origins: list[tuple[int, int]]  # x, y of each rectangle, even
    times: Tensor  # (B,) float32 place in the training video, or -1
    regions: Tensor  # (B, 3, h, w) RGB 0..1 round the lips
    grids: Tensor  # (B, h, w, 2) where to sample the canonical lips
    masks: Tensor  # (B, 1, h, w)


def compose(place: LipPlacement, luma: Tensor, chroma: Tensor) -> Tensor:
    """Write finished regions, Y (B, h, w) and UV (B, 2, h / 2, w / 2) on the host, into their
    frames; returns the frames."""
    frames_luma, frames_chroma = plane_views(place.pictures)
    height, width = luma.shape[-2:]
    for row, origin in enumerate(place.origins):
        rows, columns, half_rows, half_columns = lip_rectangle(origin, (height, width))
        frames_luma[row, rows, columns] = luma[row]
        frames_chroma[row, :, half_rows, half_columns] = chroma[row]
    return place.pictures


def lip_rectangle(
    origin: tuple[int, int], size: tuple[int, int]
) -> tuple[slice, slice, slice, slice]:
    """Rows and columns of a rectangle in the Y plane, then those in the U and V planes."""
    (x, y), (height, width) = origin, size
    return (
        slice(y, y + height),
        slice(x, x + width),
        slice(y // 2, (y + height) // 2),
        slice(x // 2, (x + width) // 2),
    )
