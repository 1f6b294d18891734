"""Causal mean normalisation of log-mels: takes away the microphone's and the room's colour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avatar.models.log_mel import FLOOR

MEMORY = 300  # log-mel frames (3 s) in which an old frame's weight falls to 1 / e
PRIOR_WEIGHT = 20.0  # frames that the prior counts for
FULL_WEIGHT = 6.0  # nats above the floor from which a frame counts in full
BLOCK = 400  # frames computed at once: bounds the memory of a long sound
_PRIOR = -11.0  # nats: an even spectrum at a usual speaking level


@dataclass
class MeanState:
    """What the mean remembers."""

    total: Tensor
    """(B, mels) weighted sum of past frames."""
    weight: Tensor
    """(B,) sum of their weights."""


class RunningMean(nn.Module):
    """x_t - mean of x up to t, each frame weighted by its height above the floor.

    Silence has no weight, so the mean does not follow it; in a long silence it returns to the
    prior, which is learned. There is no division by a variance that silence could blow up.
    """

    def __init__(self, mels: int) -> None:
        super().__init__()
        self.prior = nn.Parameter(torch.full((mels,), _PRIOR))

    def forward(self, mels: Tensor, state: MeanState) -> Tensor:
        """(B, T, mels) -> the same, its running mean taken away; `state` moves on."""
        return torch.cat([self._block(part, state) for part in mels.split(BLOCK, dim=1)], dim=1)

    def _block(self, mels: Tensor, state: MeanState) -> Tensor:
        frames = mels.shape[1]
        age = torch.arange(frames, device=mels.device, dtype=mels.dtype)
        decay = torch.exp((age[None] - age[:, None]) / MEMORY).tril()  # (T, T)
        fade = torch.exp(-(age + 1) / MEMORY)  # (T,)
        weight = ((mels.mean(-1) - math.log(FLOOR)) / FULL_WEIGHT).clamp(0, 1)  # (B, T)
        total = decay @ (weight[..., None] * mels) + fade[:, None] * state.total[:, None]
        weights = weight @ decay.T + fade * state.weight[:, None]
        state.total, state.weight = total[:, -1], weights[:, -1]
        mean = (total + PRIOR_WEIGHT * self.prior) / (weights + PRIOR_WEIGHT)[..., None]
        return mels - mean
