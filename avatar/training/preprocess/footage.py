"""What head poses are measured in, and what they are measured against."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.training.preprocess.geometry import Array


@dataclass(frozen=True)
class CanonicalSkin:
    """The canonical view as texture: pose (6,) and landmarks (478, 2) of the canonical frame, its
    depth (H, W) and the mean picture (H, W) of all frames warped to it."""

    pose: Array
    still: Array
    depth: Array
    picture: NDArray[np.float32]


@dataclass(frozen=True)
class Footage:
    """What poses are measured in: frames (F, H, W, 3), landmarks (F, 478, 2), usable, clip (F,)."""

    frames: NDArray[np.uint8]
    landmarks: Array
    usable: NDArray[np.bool_]
    clip: NDArray[np.int32]

    def pick(self, indices: NDArray[np.intp]) -> "Footage":
        """Some frames, each a clip of its own."""
        return Footage(
            self.frames[indices],
            self.landmarks[indices],
            self.usable[indices],
            np.arange(len(indices), dtype=np.int32),
        )
