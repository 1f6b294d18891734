"""Where the lips of a frame stand, and how they get there."""

import pytest
import torch

from avatar.errors import AvatarError
from avatar.rendering.compose import lip_regions, observed_boxes, paste, region_size
from avatar.speakers.speaker import Speaker

FRAME = (100, 120)  # height, width


def box(width: float, height: float) -> torch.Tensor:
    return torch.tensor([[10.0, 20.0, 10.0 + width, 20.0 + height]])


def test_a_region_is_the_least_multiple_that_holds_every_box() -> None:
    assert region_size(box(29, 13), 16, FRAME) == (16, 32)
    assert region_size(box(29.1, 13), 16, FRAME) == (16, 48), "one pixel more on each side"
    assert region_size(torch.cat([box(29, 13), box(5, 14)]), 16, FRAME) == (32, 32)


@pytest.mark.parametrize(("width", "height"), [(118, 20), (20, 98)])
def test_a_mouth_larger_than_the_frame_is_refused(width: float, height: float) -> None:
    with pytest.raises(AvatarError, match="larger than the frame"):
        region_size(box(width, height), 2, FRAME)
    assert region_size(box(117, 97), 2, FRAME) == FRAME


def test_regions_hold_the_lips_begin_on_even_pixels_and_stay_in_the_frame(tiny: Speaker) -> None:
    poses = tiny.track.poses[:8].clone()
    poses[:4, 3] += torch.tensor([-9.0, -1.0, 1.0, 9.0])  # some of them far out
    regions = lip_regions(poses, tiny.canonical, 16)
    height, width = tiny.canonical.frame_size
    low, high = regions.origins, regions.origins + torch.tensor(regions.size[::-1])
    assert not (low % 2).any()
    assert (low >= 0).all()
    assert (high <= torch.tensor([width, height])).all()
    boxes = observed_boxes(poses, tiny.canonical)
    inside = ((boxes[:, :2] >= 0) & (boxes[:, 2:] <= torch.tensor([width, height]))).all(dim=1)
    assert inside.any()
    assert not inside.all()
    assert (low <= boxes[:, :2])[inside].all()
    assert (high >= boxes[:, 2:])[inside].all()


def test_lips_are_mixed_into_the_frame_as_the_mask_says_and_nowhere_else() -> None:
    reference, lips = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 8, 8)
    grids, masks = torch.zeros(1, 4, 4, 2), torch.zeros(1, 1, 4, 4)
    masks[0, 0, 1, 2], masks[0, 0, 3, 0] = 1.0, 0.25
    made = paste(reference, lips, grids, masks)
    torch.testing.assert_close(made, masks.expand(1, 3, 4, 4))
