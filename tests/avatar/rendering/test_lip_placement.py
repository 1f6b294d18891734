"""Finished lips are written into their rectangle of the frame, and nowhere else."""

import torch

from avatar.i420 import plane_views, planes_of_rgb
from avatar.rendering.lip_placement import LipPlacement, compose, lip_rectangle

HEIGHT, WIDTH = 24, 32
SIZE = (6, 10)
ORIGINS = [(4, 8), (22, 18)]  # the second touches the right and the lower edge


def placed() -> tuple[torch.Tensor, torch.Tensor]:
    """Grey frames before and after white lips were written into them, (2, 36, 32) each."""
    before = torch.full((2, HEIGHT * 3 // 2, WIDTH), 60, dtype=torch.uint8)
    nothing = torch.empty(0)
    place = LipPlacement(before.clone(), ORIGINS, nothing, nothing, nothing, nothing)
    return before, compose(place, *planes_of_rgb(torch.ones(2, 3, *SIZE)))


def test_every_caller_has_its_lips_where_its_frame_wants_them() -> None:
    _, after = placed()
    luma, _ = plane_views(after)
    for row, (x, y) in enumerate(ORIGINS):
        bright = (luma[row] > 200).nonzero()
        assert bright.amin(dim=0).tolist() == [y, x]
        assert bright.amax(dim=0).tolist() == [y + SIZE[0] - 1, x + SIZE[1] - 1]
        assert len(bright) == SIZE[0] * SIZE[1]


def test_colour_is_written_beside_the_light_and_nothing_else_changes() -> None:
    before, after = placed()
    luma, chroma = plane_views(after)
    for row, (x, y) in enumerate(ORIGINS):
        changed = (chroma[row] != 60).any(dim=0).nonzero()
        assert changed.amin(dim=0).tolist() == [y // 2, x // 2]
        assert len(changed) == SIZE[0] * SIZE[1] // 4
        assert (chroma[row] == 128).sum() == 2 * len(changed), "white has no colour"
    assert (luma == 60).sum() == before[:, :HEIGHT].numel() - 2 * SIZE[0] * SIZE[1]


def test_a_rectangle_has_half_the_rows_and_columns_in_the_planes_of_colour() -> None:
    rows, columns, half_rows, half_columns = lip_rectangle((4, 8), (6, 10))
    assert (rows, columns) == (slice(8, 14), slice(4, 14))
    assert (half_rows, half_columns) == (slice(4, 7), slice(2, 7))
