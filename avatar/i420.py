"""Colour as video encoders want it: I420, BT.601, limited range.

A picture is one uint8 array (height * 3 // 2, width): the Y plane, then U and V, each a quarter of
its size, row after row.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

I420 = NDArray[np.uint8]

# Rows Y, U, V; columns R, G, B in 0..1; values in 0..255.
_TO_YUV = ((65.481, 128.553, 24.966), (-37.797, -74.203, 112.0), (112.0, -93.786, -18.214))
_OFFSET = (16.0, 128.0, 128.0)


@dataclass(frozen=True)
class _Matrices:
    to_yuv: Tensor  # (3, 3)
    to_rgb: Tensor  # (3, 3)
    offset: Tensor  # (3,)


@lru_cache
def _matrices(device: torch.device) -> _Matrices:
    """Copied to a device once: a copy in every step would wait for it."""
    with torch.inference_mode(False):
        matrix = torch.tensor(_TO_YUV)
        offset = torch.tensor(_OFFSET, device=device)
        return _Matrices(matrix.to(device), torch.linalg.inv(matrix).to(device), offset)


def planes_of_rgb(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 3, h, w) in 0..1 -> Y (B, h, w) and UV (B, 2, h / 2, w / 2), uint8."""
    known = _matrices(rgb.device)
    matrix, offset = known.to_yuv, known.offset
    clipped = rgb.float().clamp(0, 1)
    luma = torch.einsum("c,bchw->bhw", matrix[0], clipped) + offset[0]
    small = functional.avg_pool2d(clipped, 2)
    chroma = torch.einsum("kc,bchw->bkhw", matrix[1:], small) + offset[1:, None, None]
    return luma.round_().to(torch.uint8), chroma.round_().to(torch.uint8)


def yuv_difference(rgb: Tensor) -> Tensor:
    """What adding (3, h, w) RGB, where white is 1, adds to Y, U and V, in 0..255: (3, h, w)."""
    return torch.einsum("kc,chw->khw", _matrices(rgb.device).to_yuv, rgb)


def rgb_of_planes(luma: Tensor, chroma: Tensor) -> Tensor:
    """Y (B, h, w) and UV (B, 2, h / 2, w / 2), uint8 -> RGB (B, 3, h, w) float32 in 0..1."""
    known = _matrices(luma.device)
    wide = functional.interpolate(chroma.float(), scale_factor=2, mode="bilinear")
    yuv = torch.cat([luma.float()[:, None], wide], dim=1) - known.offset[:, None, None]
    return torch.einsum("kc,bchw->bkhw", known.to_rgb, yuv).clamp(0, 1)


def plane_views(i420: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures (B, H * 3 / 2, W) -> views Y (B, H, W) and UV (B, 2, H / 2, W / 2)."""
    batch, rows, width = i420.shape
    height = rows * 2 // 3
    return i420[:, :height], i420[:, height:].view(batch, 2, height // 2, width // 2)


def to_i420(rgb: NDArray[np.uint8]) -> I420:
    """One picture (H, W, 3) uint8 RGB -> (H * 3 // 2, W)."""
    image = torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None].float() / 255
    luma, chroma = planes_of_rgb(image)
    return torch.cat([luma.flatten(), chroma.flatten()]).view(-1, rgb.shape[1]).numpy()


def to_rgb(i420: I420) -> NDArray[np.uint8]:
    """One picture (H * 3 // 2, W) -> (H, W, 3) uint8 RGB."""
    luma, chroma = plane_views(torch.from_numpy(i420)[None])
    rgb = (rgb_of_planes(luma, chroma)[0] * 255).round().to(torch.uint8)
    return rgb.permute(1, 2, 0).contiguous().numpy()
