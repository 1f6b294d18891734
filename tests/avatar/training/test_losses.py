"""Losses: zero for the truth, and blur costs."""

import torch
from torch.nn import functional

from avatar.training.losses import perceptual_loss, photometric, pyramid_detail, smoothness


def picture() -> torch.Tensor:
    return torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))


def test_truth_costs_nothing() -> None:
    true = picture()
    assert photometric(true, true) == 0
    assert pyramid_detail(true, true) == 0
    assert perceptual_loss()(true, true) < 1e-6


def test_blur_costs_more_than_a_shift_of_light_of_the_same_size() -> None:
    true = picture()
    blurred = functional.avg_pool2d(true, 3, stride=1, padding=1, count_include_pad=False)
    shift = (blurred - true).square().mean().sqrt()
    assert pyramid_detail(blurred, true) > 5 * pyramid_detail(true + shift, true)


def test_weight_says_where_errors_count() -> None:
    true = torch.zeros(1, 3, 4, 4)
    made = true.clone()
    made[..., 0] = 1
    weight = torch.zeros(1, 1, 4, 4)
    weight[..., 1:] = 1
    assert photometric(made, true, weight) == 0
    assert photometric(made, true, 1 - weight) > 0.99


def test_a_plane_is_smooth() -> None:
    slope = torch.arange(6.0)[:, None] + 2 * torch.arange(5.0)
    assert smoothness(slope) == 0
    assert smoothness(slope.square()) > 0
