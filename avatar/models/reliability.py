"""Ease towards rest where the sound cannot be trusted, without chatter.

After the idea of arXiv:2303.08536 (a reliability score weighs what is heard); here it is one
number a video frame that a first-order filter with hysteresis smooths.
"""

from __future__ import annotations

import torch
from torch import Tensor

OPENING = 0.75  # share of the way to trust taken in a frame (40 ms)
CLOSING = 0.55  # share of the way to rest: 91% after 3 frames (120 ms)
CENTRE = 0.75  # reliability at which trust is undecided
HYSTERESIS = 0.15  # how far the present state moves that point away
STEEPNESS = 20.0  # of the passage between the two


def smooth(reliability: Tensor, trust: Tensor) -> tuple[Tensor, Tensor]:
    """Reliability (B, k) of each frame, trust before (B,) -> trust (B, k), the last one (B,)."""
    path = []
    for now in reliability.unbind(1):
        threshold = CENTRE + HYSTERESIS * (1 - 2 * trust)
        wanted = torch.sigmoid(STEEPNESS * (now - threshold))
        trust = trust + torch.where(wanted > trust, OPENING, CLOSING) * (wanted - trust)
        path.append(trust)
    return torch.stack(path, dim=1), trust
