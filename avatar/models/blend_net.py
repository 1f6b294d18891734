"""Blend-Net: a U-Net that harmonises the pasted lips with the reference frame.

Speech2Lip (arXiv:2309.04814) section 3.3.  It sees the composite and predicts a residual.  The
`paper` sizes run on full-resolution pixels; `realtime` folds 2x2 pixels into channels first.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class BlendNetConfig:
    """Dimensions of the U-Net; they travel in the bundle."""

    channels: tuple[int, ...] = (24, 32, 48)
    fold: int = 2  # pixels folded into channels, each way
    whole_frame: bool = False  # run on the whole face crop, not on the lip region


class BlendNet(nn.Module):
    """Composite and lip mask of a region -> harmonised region."""

    def __init__(self, config: BlendNetConfig) -> None:
        super().__init__()
        self.config = config
        area = config.fold**2
        widths = config.channels
        self.enter = _conv(4 * area, widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 2, stride=2), _bend(), _conv(b, b))
            for a, b in pairwise(widths)
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairwise(widths))
        self.merge = nn.ModuleList(_conv(2 * a, a) for a in widths[:-1])
        self.leave = nn.Conv2d(widths[0], 3 * area, 3, padding=1, bias=False)
        nn.init.zeros_(self.leave.weight)

    @property
    def multiple(self) -> int:
        """Both sides of a region must be multiples of this many pixels."""
        return int(self.config.fold * 2 ** len(self.down))

    def forward(self, composite: Tensor, mask: Tensor) -> Tensor:
        """composite (B, 3, h, w) in 0..1, mask (B, 1, h, w) -> harmonised (B, 3, h, w)."""
        return composite + self.residual(composite, mask)

    def residual(self, composite: Tensor, mask: Tensor) -> Tensor:
        """What is added to the composite: (B, 3, h, w)."""
        folded = functional.pixel_unshuffle(
            torch.cat([composite - 0.5, mask], dim=1), self.config.fold
        )
        levels = [self.enter(folded)]
        for down in self.down:
            levels.append(down(levels[-1]))
        rising = levels.pop()
        for up, merge in zip(reversed(self.up), reversed(self.merge), strict=True):
            rising = merge(torch.cat([up(rising), levels.pop()], dim=1))
        return functional.pixel_shuffle(self.leave(rising), self.config.fold)


def punch_holes(composite: Tensor, rng: torch.Generator, share: float = 0.5) -> Tensor:
    """Black-hole augmentation: rectangles set to black in `share` of the images (B, 3, h, w)."""
    keep = torch.ones(len(composite), 1, *composite.shape[-2:])
    height, width = composite.shape[-2:]
    for image in keep:
        if torch.rand((), generator=rng) >= share:
            continue
        for _ in range(int(torch.randint(1, 4, (), generator=rng))):
            h = int(torch.randint(2, max(3, height // 8), (), generator=rng))
            w = int(torch.randint(2, max(3, width // 8), (), generator=rng))
            y = int(torch.randint(0, height - h, (), generator=rng))
            x = int(torch.randint(0, width - w, (), generator=rng))
            image[:, y : y + h, x : x + w] = 0
    return composite * keep.to(composite.device)


def _conv(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), _bend())


def _bend() -> nn.Module:
    """Never flat: where there is little to harmonise, plain ReLUs were seen to die one by one."""
    return nn.LeakyReLU(0.1)
