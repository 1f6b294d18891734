"""Blend-Net and its black holes."""

import torch

from avatar.models.blend_net import BlendNet, BlendNetConfig, punch_holes


def test_untrained_net_changes_nothing() -> None:
    net = BlendNet(BlendNetConfig())
    composite = torch.rand(2, 3, 16, 24)
    assert torch.equal(net(composite, torch.ones(2, 1, 16, 24)), composite)


def test_both_presets_keep_the_size_and_see_the_mask() -> None:
    for config in (BlendNetConfig(), BlendNetConfig((8, 16, 32), fold=1, whole_frame=True)):
        net = BlendNet(config)
        torch.nn.init.normal_(net.leave.weight, std=0.1)
        side = 2 * net.multiple
        composite = torch.rand(1, 3, side, side)
        with_mask = net(composite, torch.ones(1, 1, side, side))
        assert with_mask.shape == composite.shape
        assert not torch.equal(with_mask, net(composite, torch.zeros(1, 1, side, side)))


def test_holes_are_black_and_in_about_half_of_the_images() -> None:
    images = torch.ones(200, 3, 32, 32)
    holed = punch_holes(images, torch.Generator().manual_seed(1))
    struck = (holed == 0).flatten(1).any(dim=1)
    assert 0.35 < struck.float().mean() < 0.65
    assert (images == 1).all()
    assert set(holed.unique().tolist()) == {0.0, 1.0}


def test_units_that_were_switched_off_can_learn_again() -> None:
    torch.manual_seed(0)
    net = BlendNet(BlendNetConfig((4, 4), 1))
    torch.nn.init.normal_(net.leave.weight)
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d) and module.bias is not None:
            torch.nn.init.constant_(module.bias, -3.0)
    net(torch.rand(1, 3, 8, 8), torch.ones(1, 1, 8, 8)).square().mean().backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None
        assert weight.grad.abs().max() > 0, name
