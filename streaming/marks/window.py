"""Two seconds of a video as the watermark's reader looks at them: residuals at three cell sizes."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streaming.marks.pattern import KEY
from streaming.marks.residual import Residual
from streaming.marks.search import CANDIDATES, Geometry, Sighting, View, refine, scales, search

Luma = NDArray[np.uint8]  # (H, W)

FOCUS = 640  # pixels: a mark is searched for in a square so large, and read from the whole picture
SHRUNK = 8  # times smaller: where it is looked what moves


@dataclass(frozen=True)
class Band:
    """Scales of the mark that one residual serves."""

    least: float
    most: float
    cell: float
    "Pixels, in pictures made smaller."
    shrink: int
    "How many times smaller they are made."

    def holds(self, scale: float) -> bool:
        return self.least <= scale < self.most


BANDS = (Band(0.47, 0.75, 3.6, 1), Band(0.75, 1.5, 6.0, 1), Band(1.5, 2.15, 5.2, 2))


class Window:
    """Pictures of one size that are looked at together."""

    def __init__(self, known: Geometry | None = None, key: bytes = KEY) -> None:
        """`known`: where the mark was found before; it is then looked for nowhere else."""
        self._known = known
        self._key = key
        bands = [band for band in BANDS if known is None or band.holds(known.scale)]
        self._residuals = [(band, Residual(band.cell)) for band in bands]
        self._before: NDArray[np.float32] | None = None
        self._motion: NDArray[np.float32] | None = None

    def add(self, luma: Luma) -> None:
        """One more picture."""
        for band, residual in self._residuals:
            residual.add(_smaller(luma, band.shrink))
        if self._known is None:
            self._watch(_smaller(luma, SHRUNK))

    def fade(self, kept: float) -> None:
        """Let the pictures so far weigh less than those to come."""
        for _, residual in self._residuals:
            residual.fade(kept)

    def sightings(self) -> list[tuple[View, Sighting]]:
        """The likeliest places of the mark, best first, each with what it was seen in."""
        places = [
            place
            for band, residual in self._residuals
            for place in self._places(band, View(residual.mean(), band.shrink))
        ]
        places.sort(key=lambda place: -place.score)
        found = [
            (one.view, refine(one.view, one.geometry, one.side, self._key))
            for one in places[:CANDIDATES]
        ]
        return sorted(found, key=lambda one: -one[1].score)

    def _places(self, band: Band, view: View) -> list["_Place"]:
        whole = view.shrink * max(view.values.shape)
        if self._known:
            return [_Place(0.0, view, self._known, whole)]
        part = View(view.values[self._focus(view)], view.shrink)
        side = view.shrink * max(part.values.shape)
        seen = search(part, scales(band.least, band.most, side), self._key)
        return [_Place(one.score, view, one.geometry, side) for one in seen]

    def _watch(self, small: Luma) -> None:
        now = small.astype(np.float32)
        if self._before is not None:
            change = np.abs(now - self._before)
            self._motion = change if self._motion is None else self._motion + change
        self._before = now

    def _focus(self, view: View) -> tuple[slice, slice]:
        """The square of `view` in which most moves: a mark is where the moving picture is."""
        side, (height, width) = FOCUS // view.shrink, view.values.shape
        if self._motion is None or max(height, width) <= side:
            return slice(0, side), slice(0, side)
        reach = FOCUS // SHRUNK
        share = cv2.boxFilter(self._motion, -1, (reach, reach), borderType=cv2.BORDER_CONSTANT)
        most = divmod(int(share.argmax()), share.shape[1])
        row, column = (place * SHRUNK // view.shrink for place in most)
        return _around(row, side, height), _around(column, side, width)


@dataclass(frozen=True)
class _Place:
    """Where to look closer."""

    score: float
    view: View
    geometry: Geometry
    side: int
    "Pixels, of what it was found in."


def _around(middle: int, side: int, length: int) -> slice:
    start = min(max(0, middle - side // 2), max(0, length - side))
    return slice(start, start + side)


def _smaller(luma: Luma, times: int) -> Luma:
    if times == 1:
        return luma
    height, width = (max(1, length // times) for length in luma.shape)
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
