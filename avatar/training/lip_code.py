"""Lip codes: what the mouth of a training frame looks like, in a few numbers.

They are the targets of the speech head and, with a little noise, the teacher's input of the lip
generator.  The first components are the shape (principal components of the lip landmarks in
canonical space, so that aperture is a linear function of them), the others the appearance
(principal components of the canonical lip images: teeth, tongue, chin).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SHAPE_COMPONENTS = 6
APPEARANCE_COMPONENTS = 18
THUMBNAIL_WIDTH = 48  # pixels of the images whose components are taken


@dataclass(frozen=True)
class LipCodes:
    """Codes of all frames and how much each component matters."""

    codes: Tensor  # (F, C), unit variance each over the frames they were fitted to
    weight: Tensor  # (C,) share of the variance each explains, mean 1


def lip_codes(landmarks: Tensor, lips: Tensor, mask: Tensor, fitted_to: Tensor) -> LipCodes:
    """landmarks (F, L, 2) canonical pixels, lips (F, 3, h, w) uint8, mask (h, w) 0..1.

    `fitted_to` (F,) bool names the frames the components come from (held-out frames are coded by
    components that have not seen them).
    """
    shape, shape_share = _components(landmarks.flatten(1).float(), fitted_to, SHAPE_COMPONENTS)
    appearance, appearance_share = _components(
        _thumbnails(lips, mask), fitted_to, APPEARANCE_COMPONENTS
    )
    codes = torch.cat([shape, appearance], dim=1)
    weight = torch.cat([shape_share, appearance_share])
    return LipCodes(codes, weight / weight.mean())


def _thumbnails(lips: Tensor, mask: Tensor) -> Tensor:
    size = (round(THUMBNAIL_WIDTH * lips.shape[2] / lips.shape[3]), THUMBNAIL_WIDTH)
    small = [
        functional.interpolate(part.float() / 255, size, mode="area") for part in lips.split(256)
    ]
    weight = functional.interpolate(mask[None, None], size, mode="area")
    return (torch.cat(small) * weight).flatten(1)


def _components(rows: Tensor, fitted_to: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Principal components of rows (F, D): scores of unit variance (F, count), variance shares."""
    mean = rows[fitted_to].mean(dim=0)
    _, _, axes = torch.svd_lowrank(rows[fitted_to] - mean, q=count + 8, niter=4)
    scores = (rows - mean) @ axes[:, :count]
    variance = scores[fitted_to].var(dim=0)
    return scores / (variance.sqrt() + 1e-8), variance / variance.sum()
