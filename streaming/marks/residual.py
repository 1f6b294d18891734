"""What is left of pictures once their content is taken away: where the watermark can be heard."""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PASS, STOP = 0.15, 0.6  # cells: the blurs whose difference is kept
AROUND = 2.0  # cells over which the difference is brought to one strength
FLOOR = 0.1  # levels: below this a difference counts as little as it is
LOUDEST = 1.5  # times that strength at which values are cut


class Residual:
    """Mean over pictures of one size, for marks whose cell is about `cell` pixels wide."""

    def __init__(self, cell: float) -> None:
        self.cell = cell
        self._sum: Floats | None = None
        self._count = 0.0

    def add(self, luma: NDArray[np.uint8]) -> None:
        """One more picture (H, W)."""
        values = luma.astype(np.float32)
        fine = np.asarray(cv2.GaussianBlur(values, (0, 0), PASS * self.cell), np.float32)
        fine -= cv2.GaussianBlur(values, (0, 0), STOP * self.cell)
        side = max(3, round(AROUND * self.cell))
        power = np.asarray(cv2.blur(fine * fine, (side, side)), np.float32)
        fine /= np.sqrt(np.maximum(power, 0, out=power)) + FLOOR
        np.clip(fine, -LOUDEST, LOUDEST, out=fine)
        if self._sum is None:
            self._sum = fine
        else:
            self._sum += fine
        self._count += 1

    def fade(self, kept: float) -> None:
        """Let what was added so far weigh less from now on."""
        if self._sum is not None:
            self._sum *= kept
            self._count *= kept

    def mean(self) -> Floats:
        """(H, W), about -1.5 to 1.5. Raises ValueError before the first picture."""
        if self._sum is None:
            raise ValueError("no picture was added")
        return self._sum / self._count
