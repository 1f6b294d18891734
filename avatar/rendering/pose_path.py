"""Pose paths: a text or a spreadsheet's table of head angles over time."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from avatar.errors import AvatarError

LARGEST_ANGLE = 12.0  # degrees from the frontal view, each
CONTENT = "four numbers: seconds, yaw, pitch, roll"
TYPOGRAPHIC = str.maketrans({"\N{MINUS SIGN}": "-", "\N{NO-BREAK SPACE}": " "})


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
    """Read lines of seconds, yaw, pitch, roll; AvatarError names the first bad line.

    Separated by commas, blanks, tabs or semicolons; a first line of headings is passed over.
    """
    try:
        text = _decoded(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise AvatarError(f"{path}: cannot be read as a pose path ({error})") from error
    rows: list[list[float]] = []
    for number, fields in _lines(text):
        if not rows and _is_heading(fields):
            continue
        rows.append(_moment(fields, f"{path}, line {number}"))
        if len(rows) > 1 and rows[-1][0] <= rows[-2][0]:
            raise AvatarError(f"{path}, line {number}: time must rise from line to line")
    if not rows:
        raise AvatarError(f"{path}: holds no pose; write lines of {CONTENT}")
    table = np.array(rows)
    return PosePath(table[:, 0], table[:, 1:])


def _decoded(data: bytes) -> str:
    """UTF-8, or UTF-16 as spreadsheets mark it; letters in comments may be of another alphabet."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.decode("utf-8-sig", errors="replace")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of every line that holds any."""
    for number, line in enumerate(text.translate(TYPOGRAPHIC).splitlines(), start=1):
        fields = _fields(line.partition("#")[0].strip())
        while fields and not fields[-1]:
            fields.pop()
        if fields:
            yield number, fields


def _fields(line: str) -> list[str]:
    blanks = line.split()
    if len(blanks) == 4 and all(map(_is_number, blanks)):
        return blanks  # so that "0,5 1,5 2 3" has decimal commas
    for separator in (";", "\t", ","):
        if separator in line:
            return [field.strip() for field in _unquoted(line, separator)]
    return blanks


def _unquoted(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error:  # a field beyond all measure
        return [line]


def _number(field: str) -> float:
    """A decimal comma is a point. Raises ValueError."""
    return float(field.replace(",", "."))


def _is_number(field: str) -> bool:
    try:
        _number(field)
    except ValueError:
        return False
    return True


def _is_heading(fields: list[str]) -> bool:
    return not any(map(_is_number, fields)) and any(f[:1].isalpha() for f in fields)


def _moment(fields: list[str], where: str) -> list[float]:
    values = [_number(field) for field in fields if _is_number(field)]
    if len(values) != len(fields) or len(values) != 4 or not np.isfinite(values).all():
        raise AvatarError(f"{where}: needs {CONTENT}")
    if max(map(abs, values[1:])) > LARGEST_ANGLE:
        raise AvatarError(f"{where}: angles reach from -{LARGEST_ANGLE:g} to {LARGEST_ANGLE:g}")
    return values
