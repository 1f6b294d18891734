"""Pose paths: a text or a spreadsheet's table of head angles over time."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from avatar.errors import AvatarError
from avatar.gestures import LARGEST_TURN
from avatar.rendering.text_table import is_number, number, read_table

CONTENT = "four numbers: seconds, yaw, pitch, roll"


@dataclass(frozen=True)
class PosePath:
    """Head angles over time."""

    seconds: NDArray[np.float64]  # (K,) rising
    angles: NDArray[np.float64]  # (K, 3) yaw, pitch, roll in degrees

    def at(self, seconds: float) -> NDArray[np.float64]:
        """Yaw, pitch and roll in degrees; held before the first moment and after the last."""
        if len(self.seconds) == 1:
            return np.asarray(self.angles[0])
        inside = np.clip(seconds, self.seconds[0], self.seconds[-1])
        return np.asarray(PchipInterpolator(self.seconds, self.angles)(inside), np.float64)


def read_pose_path(path: Path) -> PosePath:
    """Read lines of seconds, yaw, pitch, roll; AvatarError names the first bad line."""
    rows: list[list[float]] = []
    for line, fields in read_table(path, "pose path"):
        rows.append(_moment(fields, f"{path}, line {line}"))
        if len(rows) > 1 and rows[-1][0] <= rows[-2][0]:
            raise AvatarError(f"{path}, line {line}: time must rise from line to line")
    if not rows:
        raise AvatarError(f"{path}: holds no pose; write lines of {CONTENT}")
    table = np.array(rows)
    return PosePath(table[:, 0], table[:, 1:])


def _moment(fields: list[str], where: str) -> list[float]:
    values = [number(field) for field in fields if is_number(field)]
    if len(values) != len(fields) or len(values) != 4 or not np.isfinite(values).all():
        raise AvatarError(f"{where}: needs {CONTENT}")
    if max(map(abs, values[1:])) > LARGEST_TURN:
        raise AvatarError(f"{where}: angles reach from -{LARGEST_TURN:g} to {LARGEST_TURN:g}")
    return values
