"""Losses of Speech2Lip's objective (arXiv:2309.04814, section 3.5).

L = L_c + w_D L_D + w_s L_sync + w_o L_o; L_c and L_o are photometric + 0.01 perceptual.
"""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from avatar.models.sync_expert import SyncExpert

PERCEPTUAL_WEIGHT = 0.01
SYNC_WEIGHT = 0.01
PYRAMID_LEVELS = 3
DETAIL_WEIGHT = 4.0  # of the stand-in: with less, half-open lips blur

Perceptual = Callable[[Tensor, Tensor], Tensor]


def photometric(made: Tensor, true: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean absolute colour difference of (B, 3, h, w) images, weighted by (B or 1, 1, h, w)."""
    difference = (made - true).abs()
    if weight is None:
        return difference.mean()
    return (difference * weight).sum() / (weight.expand_as(difference).sum() + 1e-6)


def perceptual_loss() -> Perceptual:
    """LPIPS where its weights are on this machine, else `pyramid_detail`, which needs none."""
    try:
        import lpips

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network = lpips.LPIPS(net="vgg", verbose=False).eval().requires_grad_(False)
    except (ImportError, OSError):
        return pyramid_detail
    return lambda made, true: network(made * 2 - 1, true * 2 - 1).mean()


def pyramid_detail(made: Tensor, true: Tensor) -> Tensor:
    """The stand-in for LPIPS: differences of detail on several scales, normalised by contrast.

    Like LPIPS it compares band-passed structure and is blind to small shifts of brightness: the
    levels of a Laplacian pyramid, each divided by the local contrast of the true image, and the
    contrast itself, so that blur costs more than an equally large error of colour.
    """
    total = made.new_zeros(())
    for _ in range(PYRAMID_LEVELS):
        small_made, small_true = (functional.avg_pool2d(x, 2) for x in (made, true))
        bands = [
            x[..., : 2 * s.shape[-2], : 2 * s.shape[-1]] - functional.interpolate(s, scale_factor=2)
            for x, s in ((made, small_made), (true, small_true))
        ]
        contrast = [
            functional.avg_pool2d(b.abs(), 5, stride=1, padding=2, count_include_pad=False)
            for b in bands
        ]
        scale = contrast[1].mean(dim=1, keepdim=True) + 0.02
        total = total + ((bands[0] - bands[1]).abs() / scale).mean()
        total = total + ((contrast[0] - contrast[1]).abs() / scale).mean()
        made, true = small_made, small_true
    return DETAIL_WEIGHT * total / PYRAMID_LEVELS


def synchronisation(expert: SyncExpert, lips: Tensor, features: Tensor) -> Tensor:
    """L_sync: one minus the cosine of mouth windows (B, T, 3, h, w) and speech (B, T, D)."""
    mouth, speech = expert.embed_mouth(lips), expert.embed_speech(features)
    return 1 - (mouth * speech).sum(dim=1).mean()


def smoothness(field: Tensor) -> Tensor:
    """Mean squared second difference of a (H, W) field: a sheet that does not like to bend."""
    across = field[:, 2:] - 2 * field[:, 1:-1] + field[:, :-2]
    down = field[2:] - 2 * field[1:-1] + field[:-2]
    return across.square().mean() + down.square().mean()


def code_error(made: Tensor, true: Tensor, weight: Tensor) -> Tensor:
    """Squared error of lip codes (B, C), each component by its weight (C,)."""
    return torch.mean((made - true).square() * weight)
