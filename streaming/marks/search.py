"""Finds the watermark's tile in a residual: at which scale, where, mirrored or not.

For each scale the residual is brought to a common cell size and folded: everything a tile's length
apart is added up, so that a mark that repeats adds up with itself, whatever is cropped or put round
it. A filter matched to the shape of a cell leaves what can be the mark's. That is equally strong
everywhere: places that stand out, as the corners of a picture full of squares do, are cut, since a
few places agree with the known cells by chance. One correlation with those, by FFT, then tries all
places at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from streaming.marks import reed_muller
from streaming.marks.pattern import CELL, CELLS, KEY, PULSE, SYNC, chips_of, shaped, sync_cells
from streaming.marks.payload import Payload

Floats = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

COARSE, FINE = 3, 6  # pixels of a cell while searching, and while reading
STEP = 0.9  # cells by which a picture's far edge may be out between two scales
CANDIDATES = 4  # places worth a closer look
APART = 0.02  # relative difference of the scales of two candidates
LOUDEST = 1.5  # times the mean at which a place is cut; noise loses 3% of its correlation by it
NUDGES = 2  # scales tried on either side of a candidate's, for every `side` of the picture
BOTH = (False, True)


@dataclass(frozen=True, eq=False)
class View:
    """A residual (H, W), of pictures that were made `shrink` times smaller."""

    values: Floats
    shrink: int = 1


@dataclass(frozen=True)
class Geometry:
    """How a marked picture lies in the one that is looked at."""

    scale: float
    "Its size there; 1: as it left."
    mirrored: bool


@dataclass(frozen=True)
class Sighting:
    """A place that looks like the mark's."""

    geometry: Geometry
    score: float
    "The correlation there, in standard deviations of all places'."
    place: tuple[int, int]
    "Row and column of the tile's corner, in pixels of the cells searched at."


def scales(least: float, most: float, side: int) -> Iterator[float]:
    """From `least` to `most`, as close as pictures with `side` pixels on the longer side need."""
    scale = least
    while scale < most:
        yield scale
        scale += STEP * CELL * scale**2 / side


def search(view: View, tried: Iterable[float], key: bytes = KEY) -> list[Sighting]:
    """The likeliest places at the scales that are tried, best first."""
    found = [one for scale in tried for one in _correlate(view, scale, BOTH, COARSE, key)]
    return likeliest(found)


def likeliest(found: list[Sighting]) -> list[Sighting]:
    """The best few of `found` that are not the same place again."""
    chosen: list[Sighting] = []
    for one in sorted(found, key=lambda one: -one.score):
        if len(chosen) < CANDIDATES and all(_differ(one.geometry, a.geometry) for a in chosen):
            chosen.append(one)
    return chosen


def refine(view: View, geometry: Geometry, side: int, key: bytes = KEY) -> Sighting:
    """The best place at finer cells and at scales close to the one given.

    `side`: longer side in pixels of what was searched, which says how close that one is.
    """
    whole = view.shrink * max(view.values.shape)
    tries = NUDGES * max(1, -(-whole // side))
    reach = STEP * CELL * geometry.scale / side / 2
    tried = [geometry.scale * (1 + nudge) for nudge in np.linspace(-reach, reach, 2 * tries + 1)]
    only = (geometry.mirrored,)
    found = [one for scale in tried for one in _correlate(view, scale, only, FINE, key)]
    return max(found, key=lambda one: one.score)


def measure_chips(view: View, sighting: Sighting, key: bytes = KEY) -> Floats:
    """(6, 128): the payload's chips at a refined sighting, of unit variance."""
    folded = _fold(view, sighting.geometry.scale, FINE)
    if sighting.geometry.mirrored:
        folded = folded[:, ::-1]
    aligned = np.roll(folded, [-offset for offset in sighting.place], axis=(0, 1))
    around = np.pad(aligned, FINE, mode="wrap")
    shaped = cv2.GaussianBlur(around, (0, 0), PULSE * FINE)[FINE:-FINE, FINE:-FINE]
    cells = shaped.reshape(CELLS, FINE, CELLS, FINE).mean(axis=(1, 3))
    chips = chips_of(cells, key)[SYNC:]
    return (chips / (chips.std() or 1)).reshape(-1, reed_muller.CHIPS)


def read(chips: Floats) -> Payload | None:
    """What measured chips say; None if no likely reading holds its check and is plausible."""
    readings = (Payload.unpack(packed) for packed in reed_muller.decode(chips))
    return next((payload for payload in readings if payload and payload.plausible), None)


def _correlate(
    view: View, scale: float, mirrors: tuple[bool, ...], cell: int, key: bytes
) -> Iterator[Sighting]:
    matched = _matched(_fold(view, scale, cell), cell)
    for mirrored in mirrors:
        cells = np.roll(matched[:, ::-1], 1 - cell, axis=1) if mirrored else matched
        plane = fft.irfft2(fft.rfft2(cells) * _known(cell, key), s=cells.shape)
        peak = int(plane.argmax())
        spread = float(plane.std()) or 1.0
        row, column = divmod(peak, plane.shape[1])
        yield Sighting(Geometry(scale, mirrored), float(plane.flat[peak]) / spread, (row, column))


def _matched(folded: Floats, cell: int) -> Floats:
    """How much each place of (32 cell, 32 cell) looks like a cell's upper left corner."""
    alike = fft.irfft2(fft.rfft2(folded) * _one_cell(cell), s=folded.shape)
    loudest = LOUDEST * float(np.abs(alike).mean())
    matched: Floats = np.clip(alike, -loudest, loudest)
    return matched


def _fold(view: View, scale: float, cell: int) -> Floats:
    """(32 cell, 32 cell): the residual at `cell` pixels a cell, summed over the tile's repeats."""
    side = cell * CELLS
    ratio = cell * view.shrink / (CELL * scale)
    height, width = (max(1, round(length * ratio)) for length in view.values.shape)
    padded = np.zeros((-(-height // side) * side, -(-width // side) * side), np.float32)
    fitting = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    cv2.resize(view.values, (width, height), dst=padded[:height, :width], interpolation=fitting)
    folded: Floats = padded.reshape(padded.shape[0] // side, side, -1, side).sum(axis=(0, 2))
    return folded


@cache
def _known(cell: int, key: bytes) -> Spectrum:
    """Spectrum, conjugated, of the corners of the cells that are always the same."""
    corners = np.zeros((CELLS * cell, CELLS * cell), np.float32)
    corners[::cell, ::cell] = sync_cells(key)
    spectrum: Spectrum = np.conj(fft.rfft2(corners))
    return spectrum


@cache
def _one_cell(cell: int) -> Spectrum:
    """Spectrum, conjugated, of a tile with one cell, at its corner."""
    alone = np.zeros((CELLS, CELLS), np.float32)
    alone[0, 0] = 1
    spectrum: Spectrum = np.conj(fft.rfft2(shaped(alone, cell)))
    return spectrum


def _differ(one: Geometry, other: Geometry) -> bool:
    apart = abs(one.scale / other.scale - 1) > APART
    return apart or one.mirrored != other.mirrored
