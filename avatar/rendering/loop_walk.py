"""The reference loop without its length: forth and back through it, turning where it stands still.

Played again and again, a loop of ten seconds is soon recognised.  A head at rest moves backwards as
it does forwards, so each frame is shown after a neighbour, and nothing has to be drawn anew.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.models.warp import Camera, rotation_matrix

STRETCH_FRAMES = (50, 225)  # between two turns, drawn anew each time
STILL_SHARE = 0.3  # of the frames count as still: where a turn shows least
HEAD_POINTS = ((0.0, -1.0, 0.0), (1.0, 0.5, 0.0), (-1.0, 0.5, 0.0))  # eye distances from its origin
SMOOTHING = np.array([0.25, 0.5, 0.25])


def still_positions(poses: Tensor, order: Sequence[int], camera: Camera) -> NDArray[np.bool_]:
    """Where in the loop the head hardly moves: (L,), for poses (N, 6) shown in this order."""
    shown = poses[list(order)]
    head = torch.tensor(HEAD_POINTS).T
    there = (rotation_matrix(shown[:, :3]) @ head + shown[:, 3:, None]).numpy()  # (L, 3, points)
    seen = there[:, :2] / there[:, 2:] * camera.focal
    step = np.roll(seen, -1, axis=0) - np.roll(seen, 1, axis=0)
    speed = np.linalg.norm(step, axis=1).mean(axis=1)
    around = np.concatenate([speed[-1:], speed, speed[:1]])
    smooth = np.convolve(around, SMOOTHING, mode="valid")
    return np.asarray(smooth <= np.quantile(smooth, STILL_SHARE))


class LoopWalk:
    """One stream's way through the loop."""

    def __init__(self, still: NDArray[np.bool_], random: np.random.Generator) -> None:
        self._still, self._random = still, random
        self._position, self._direction = 0, 1
        self._left = self._stretch()

    def next(self) -> int:
        """The position in the loop that is shown next."""
        shown = self._position
        self._left -= 1
        if self._left <= 0 and self._still[shown]:
            self._direction = -self._direction
            self._left = self._stretch()
        self._position = (shown + self._direction) % len(self._still)
        return shown

    def _stretch(self) -> int:
        return int(self._random.integers(*STRETCH_FRAMES))
